// The health gate: after a start, whether the slot that runs is good enough to stay.

import { type Clock, sleepUntil } from '../base/clock.ts'
import { messageOf } from '../base/errors.ts'
import { type Appliance, openOtherSlot } from './appliance.ts'
import { readBootState, writeBootState } from './boot-record.ts'
import { type BootState, confirmedState, GIVEN_UP, type GivenUp } from './boot-state.ts'
import { UpdateError } from './errors.ts'
import { removeKernel } from './install.ts'
import {
  type Journal,
  knownVersion,
  type LastResult,
  raisedMinimum,
  readJournal,
  versionIn,
  writeJournal,
} from './journal.ts'
import { otherSlot } from './layout.ts'
import { lockUpdates } from './lock.ts'
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
 * - kept: it was confirmed before; it stays whatever its mission, and has its tries back
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
 * Confirms the slot that runs if it is on trial and the mission is met, and gives one that was confirmed before its tries
 * back; what came of it is in the journal.
 * @throws UpdateError update.disk, update.full; when only the journal could not be written, the boot state has the verdict
 */
export async function judgeBoot(
  bench: GateBench,
): Promise<{ verdict: Verdict; last: LastResult | undefined }> {
  const { appliance, disk, now } = bench
  const state = (await readBootState(disk))?.state
  const [slot, version] = [appliance.slot, appliance.version.text]
  if (state?.slot === slot && state.isConfirmed)
    return { verdict: 'kept', last: await keepConfirmed(bench, state) }
  const journal = await readJournal(appliance.journal)
  if (state !== undefined && state.slot !== slot) return { verdict: 'waiting', last: journal.last }
  const { isMet, reason } = mislabelled(appliance, journal) ?? (await bench.mission())
  const at = now().toISOString()
  if (!isMet) {
    const last = { outcome: 'failed', slot, version, at } as const
    // A full disk must not keep a slot that failed.
    const problem = await problemOf(() =>
      keep(bench, journal, { last: { ...last, reason }, isConfirmed: false }),
    )
    const missing = problem && `; and the journal could not be written: ${messageOf(problem)}`
    return { verdict: 'failed', last: { ...last, reason: `${reason}${missing ?? ''}` } }
  }
  const problem = await problemOf(() => retireOther(bench, journal))
  await writeBootState(disk, confirmedState(slot))
  const last = { outcome: 'confirmed', slot, version, at } as const
  await keep(bench, journal, { last, isConfirmed: true })
  if (problem !== undefined) throw problem
  return { verdict: 'confirmed', last }
}

/**
 * A slot that is confirmed is not judged, so that a box whose elements are taken out does not start for ever. Its mission is
 * waited for all the same: a system that breaks on the way there has used up a try. What is wrong with the journal costs none.
 */
async function keepConfirmed(bench: GateBench, state: BootState): Promise<LastResult | undefined> {
  let last: LastResult | undefined
  const problem = await problemOf(async () => {
    const journal = await readJournal(bench.appliance.journal)
    last = fallBackIn(state, journal, bench.now()) ?? journal.last
    await keep(bench, journal, { last, isConfirmed: true })
  })
  await bench.mission()
  // What could not be written down is told by the next start.
  const untold = problem === undefined ? {} : { reason: state.reason, givenUp: state.givenUp }
  await giveTriesBack(bench, state.sequence, { ...confirmedState(state.slot), ...untold })
  if (problem !== undefined) throw problem
  return last
}

/** Unless an update has changed the boot state, or is about to. */
async function giveTriesBack(
  { appliance, disk }: GateBench,
  sequence: number,
  next: Omit<BootState, 'sequence'>,
): Promise<void> {
  try {
    const lock = await lockUpdates(appliance.lock, LOCK_WAIT_S)
    try {
      const found = await readBootState(disk)
      if (found?.state.sequence === sequence) await writeBootState(disk, next)
    } finally {
      await lock[Symbol.asyncDispose]()
    }
  } catch (error) {
    if (!(error instanceof UpdateError) || error.code !== 'update.busy') throw error
  }
}

/** What is below the minimum is not fallen back to either, once the slot that set it is good. */
async function retireOther({ appliance, disk }: GateBench, journal: Journal): Promise<void> {
  const version = knownVersion(versionIn(journal, otherSlot(appliance.slot)))
  const minimum = knownVersion(raisedMinimum(journal, appliance.slot))
  if (version === undefined || minimum === undefined || compareVersions(version, minimum) >= 0) return
  await using slot = await openOtherSlot(appliance, disk)
  await removeKernel(slot)
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

async function problemOf(work: () => Promise<void>): Promise<UpdateError | undefined> {
  try {
    await work()
    return undefined
  } catch (error) {
    if (!(error instanceof UpdateError)) throw error
    return error
  }
}

/** What a boot state tells of a slot that was given up. */
function fallBackIn(
  { reason, givenUp: slot }: BootState,
  journal: Journal,
  now: Date,
): LastResult | undefined {
  if (reason === GIVEN_UP.never || slot === undefined) return undefined
  const { last } = journal
  // It was told, and the power was cut before the boot state said so.
  if (last?.outcome === 'fell-back' && last.slot === slot) return undefined
  const isExplained = last?.outcome === 'failed' && last.slot === slot && last.reason !== undefined
  const words = isExplained ? `${WORDS[reason]}; the last time: ${last.reason}` : WORDS[reason]
  return {
    ...{ outcome: 'fell-back', slot, version: versionIn(journal, slot) },
    ...{ reason: words, at: now.toISOString() },
  }
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
  [GIVEN_UP.triesUsedUp]: 'it was started as often as it may be without meeting its mission',
  [GIVEN_UP.kernelDamaged]: 'its kernel is damaged',
  [GIVEN_UP.asked]: 'the other slot was asked for',
}

/** As long as an update takes, and some: it is not to cost the slot a try. */
const LOCK_WAIT_S = 60
