// What a machine remembers of its updates, in a file of root on the data partition that everybody may read.

import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { writeAtomically } from '../base/atomic-file.ts'
import type { SlotName } from './boot-state.ts'
import { UpdateError } from './errors.ts'
import { compareVersions, type Version, versionOf } from './version.ts'

/** What is known of a slot that an update was written to. */
export interface SlotNote {
  readonly version: string
  readonly minimum: string
}

/**
 * - installed: it waits for its first start
 * - confirmed: it met its mission
 * - failed: it did not, and was started again
 * - fell-back: it used up its tries, or its kernel was damaged; the machine is back at the slot before
 */
export type Outcome = 'installed' | 'confirmed' | 'failed' | 'fell-back'

export interface LastResult {
  readonly outcome: Outcome
  readonly slot: SlotName
  /** Undefined when nobody has written it down. */
  readonly version?: string | undefined
  /** In words; of failed and fell-back. */
  readonly reason?: string | undefined
  /** ISO 8601; by a clock that may have been wrong then. */
  readonly at: string
}

export interface Journal {
  readonly running?:
    | { readonly slot: SlotName; readonly version: string; readonly isConfirmed: boolean }
    | undefined
  readonly slots: Readonly<Partial<Record<SlotName, SlotNote>>>
  /** Below it nothing is installed any more; never gets lower. */
  readonly minimum?: string | undefined
  readonly last?: LastResult | undefined
}

/** An empty journal when there is no file yet. @throws UpdateError update.disk when it cannot be read or is damaged */
export async function readJournal(path: string): Promise<Journal> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { slots: {} }
    throw new UpdateError('update.disk', `cannot read ${path}`, { cause: error })
  }
  return journalOf(text, path)
}

/** @param path  for the message @throws UpdateError update.disk */
export function journalOf(text: string, path: string): Journal {
  try {
    return checked(JSON.parse(text))
  } catch (error) {
    const message = `${path} is damaged, and with it what is known of slots; remove it`
    throw new UpdateError('update.disk', message, { cause: error })
  }
}

/** When the promise resolves it is on the disk. @throws UpdateError update.disk, update.full */
export async function writeJournal(path: string, journal: Journal): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o755 })
    await writeAtomically(path, `${JSON.stringify(journal, null, 1)}\n`, 0o644)
  } catch (error) {
    const isFull = ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '')
    if (!isFull) throw new UpdateError('update.disk', `cannot write ${path}`, { cause: error })
    throw new UpdateError('update.full', `there is no room for ${path}`, { cause: error })
  }
}

/** The higher of what there was and the minimum of a slot that is confirmed. */
export function raisedMinimum(journal: Journal, slot: SlotName): string | undefined {
  const [old, next] = [journal.minimum, journal.slots[slot]?.minimum].map(knownVersion)
  if (old === undefined || next === undefined) return (old ?? next)?.text
  return compareVersions(next, old) > 0 ? next.text : old.text
}

/** What is known to be in a slot: by an update, or because it ran last. */
export function versionIn({ slots, running }: Journal, slot: SlotName): string | undefined {
  return slots[slot]?.version ?? (running?.slot === slot ? running.version : undefined)
}

export function knownVersion(text: string | undefined): Version | undefined {
  return text === undefined ? undefined : versionOf(text)
}

/** @throws TypeError */
function checked(value: unknown): Journal {
  const { running, slots, minimum, last } = tableOf(value)
  const notes = tableOf(slots)
  return {
    running: running === undefined ? undefined : runningOf(tableOf(running)),
    slots: Object.fromEntries(
      SLOTS.filter((slot) => notes[slot] !== undefined).map((slot) => [slot, noteOf(tableOf(notes[slot]))]),
    ),
    minimum: minimum === undefined ? undefined : versionText(minimum),
    last: last === undefined ? undefined : lastOf(tableOf(last)),
  }
}

function runningOf({ slot, version, isConfirmed }: Table) {
  return { slot: slotOf(slot), version: versionText(version), isConfirmed: isConfirmed === true }
}

function noteOf({ version, minimum }: Table): SlotNote {
  return { version: versionText(version), minimum: versionText(minimum) }
}

function lastOf({ outcome, slot, version, reason, at }: Table): LastResult {
  const known = OUTCOMES.find((one) => one === outcome)
  if (known === undefined || typeof at !== 'string') throw new TypeError('last')
  return {
    ...{ outcome: known, slot: slotOf(slot), at },
    version: version === undefined ? undefined : versionText(version),
    reason: typeof reason === 'string' ? reason : undefined,
  }
}

function versionText(value: unknown): string {
  const version = typeof value === 'string' ? versionOf(value) : undefined
  if (version === undefined) throw new TypeError('a version')
  return version.text
}

function slotOf(value: unknown): SlotName {
  const slot = SLOTS.find((one) => one === value)
  if (slot === undefined) throw new TypeError('a slot')
  return slot
}

type Table = Readonly<Record<string, unknown>>

function tableOf(value: unknown): Table {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('no table')
  return value as Table
}

const SLOTS = ['A', 'B'] as const
const OUTCOMES = ['installed', 'confirmed', 'failed', 'fell-back'] as const
