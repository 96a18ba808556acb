// The health gate: after a start, whether the slot that runs is good enough to stay.

import { type Clock, sleepUntil } from '../base/clock.ts'
import { messageOf } from '../base/errors.ts'
import type { Appliance } from './appliance.ts'
import { readBootState, writeBootState } from './boot-record.ts'
import { type BootState, GIVEN_UP, type GivenUp } from './boot-state.ts'
import { UpdateError } from './errors.ts'
import {
  type Journal,
  knownVersion,
  type LastResult,
  raisedMinimum,
  readJournal,
  writeJournal,
} from './journal.ts'
import type { Medium } from './medium.ts'
import { compareVersions } from './version.ts'

/** Whether the gateway does what it is there for. */
export interface Mission {
  readonly isMet: boolean
  /** Why not, in words. */
  readonly reason: string
}

/**
 * - confirmed: the slot stays
 * - kept: it was confirmed before
 * - waiting: the other slot is started next, so there is nothing to confirm
 * - failed: the mission is not met, and the machine should start again, which uses up a try
 */
export type Verdict = 'confirmed' | 'kept' | 'waiting' | 'failed'

export interface GateBench {
  readonly appliance: Appliance
  /** The disk of the appliance, open for writing. */
  readonly disk: Medium
  /** Waits as long as it should. */
  readonly mission: () => Promise<Mission>
  readonly now: () => Date
}

/** Asks again and again until the mission is met or the time is over; then the last answer counts. */
export async function awaitMission(
  ask: () => Promise<Mission>,
  { clock, timeoutMs, pollMs }: { clock: Clock; timeoutMs: number; pollMs: number },
): Promise<Mission> {
  const deadline = clock.now() + timeoutMs
  for (;;) {
    const mission = await ask()
    if (mission.isMet || clock.now() + pollMs > deadline) return mission
    await sleepUntil(clock, clock.now() + pollMs)
  }
}

/**
 * Confirms the slot that runs if it is on trial and the mission is met; what came of it is in the journal.
 * @throws UpdateError update.disk: when the verdict is on the disk already, only the journal is missing
 */
export async function judgeBoot(
  bench: GateBench,
): Promise<{ verdict: Verdict; last: LastResult | undefined }> {
  const { appliance, disk, now } = bench
  const state = (await readBootState(disk))?.state
  const journal = await readJournal(appliance.journal)
  if (state !== undefined && state.slot !== appliance.slot) return { verdict: 'waiting', last: journal.last }
  const [slot, version] = [appliance.slot, appliance.version.text]
  if (state?.isConfirmed === true) {
    const last = fallBackIn(state, journal, now()) ?? journal.last
    await keep(bench, journal, { last, isConfirmed: true })
    return { verdict: 'kept', last }
  }
  const { isMet, reason } = mislabelled(appliance, journal) ?? (await bench.mission())
  const at = now().toISOString()
  if (!isMet) {
    const last = { outcome: 'failed', slot, version, at, sequence: state?.sequence ?? 0 } as const
    const missing = await failureToKeep(bench, journal, { ...last, reason })
    return { verdict: 'failed', last: { ...last, reason: `${reason}${missing}` } }
  }
  const { reason: why, givenUp } = state ?? { reason: GIVEN_UP.never, givenUp: undefined }
  const next = await writeBootState(disk, { slot, tries: 0, isConfirmed: true, reason: why, givenUp })
  const last = { outcome: 'confirmed', slot, version, at, sequence: next.sequence } as const
  await keep(bench, journal, { last, isConfirmed: true })
  return { verdict: 'confirmed', last }
}

/**
 * The version in a slot is that of the file in it; rules about what is older or forbidden went by the one that was signed.
 * Where the two differ, whoever signed it made a mistake, and nothing that was compared holds.
 */
function mislabelled({ slot, version }: Appliance, { slots }: Journal): Mission | undefined {
  const signed = knownVersion(slots[slot]?.version)
  if (signed === undefined || compareVersions(signed, version) === 0) return undefined
  const reason = `the image says that it is version ${version.text}, and was signed as ${signed.text}`
  return { isMet: false, reason }
}

/** Why it is not in the journal, to be put behind a reason: a full disk must not keep a slot that failed. */
async function failureToKeep(bench: GateBench, old: Journal, last: LastResult): Promise<string> {
  try {
    await keep(bench, old, { last, isConfirmed: false })
    return ''
  } catch (error) {
    if (!(error instanceof UpdateError)) throw error
    return `; and the journal could not be written: ${messageOf(error)}`
  }
}

/** What a boot state tells of a slot that was given up, if the journal does not have it yet. */
function fallBackIn(state: BootState, { last, slots }: Journal, now: Date): LastResult | undefined {
  const { reason, givenUp: slot, sequence } = state
  if (reason === GIVEN_UP.never || slot === undefined) return undefined
  // Whatever happened after it is of more interest, and it is told once.
  if (last !== undefined && last.sequence >= sequence) return undefined
  const isExplained = last?.outcome === 'failed' && last.slot === slot
  const words =
    isExplained && last.reason !== undefined
      ? `${WORDS[reason]}; the last time: ${last.reason}`
      : WORDS[reason]
  const version = slots[slot]?.version ?? (isExplained ? last.version : undefined)
  return { outcome: 'fell-back', slot, version, reason: words, at: now.toISOString(), sequence }
}

async function keep(
  { appliance }: GateBench,
  old: Journal,
  { last, isConfirmed }: { last: LastResult | undefined; isConfirmed: boolean },
): Promise<void> {
  const { slot, version, journal: path } = appliance
  const running = { slot, version: version.text, isConfirmed }
  const minimum = isConfirmed ? raisedMinimum(old, slot) : old.minimum
  const next: Journal = { ...old, running, last, minimum }
  // Most starts change nothing, and flash wears out.
  if (JSON.stringify(sorted(next)) !== JSON.stringify(sorted(old))) await writeJournal(path, next)
}

function sorted({ running, slots, minimum, last }: Journal) {
  return [running?.slot, running?.version, running?.isConfirmed, slots, minimum, last]
}

const WORDS: Readonly<Record<GivenUp, string>> = {
  [GIVEN_UP.never]: '',
  [GIVEN_UP.triesUsedUp]: 'it was started as often as it may be, and never met its mission',
  [GIVEN_UP.kernelDamaged]: 'its kernel is damaged',
  [GIVEN_UP.asked]: 'the other slot was asked for',
}
