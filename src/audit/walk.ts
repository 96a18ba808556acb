// One line of the log after the other: what each must be, coming after the one before. Pure.

import { BEFORE_FIRST, type Chain, type CheckedLine, textOn } from './chain.ts'
import { type AuditRecord, recordOf } from './record.ts'

/** The records that only the log itself makes. */
export const OWN_EVENTS = {
  created: 'log.created',
  rotated: 'log.rotated',
  recovered: 'log.recovered',
  resumed: 'log.resumed',
  pruned: 'log.pruned',
} as const

/**
 * - form: no line of a log
 * - edited: not the bytes that were written
 * - unkeyed: written by somebody who has not our key
 * - order: not the record that comes here
 * - first: a file must begin with log.created, if it is the first one, or with log.rotated
 */
export type FaultKind = 'form' | 'edited' | 'unkeyed' | 'order' | 'first'

export interface Fault {
  readonly kind: FaultKind
  /** For people: what is wrong, without the place. */
  readonly text: string
}

/** Goes from line to line, and from file to file. */
export class Walk {
  readonly #chain: Chain
  #sequence = BEFORE_FIRST.sequence
  /** Of the last line; two of them when that was edited: as it stood there, and as it should have been. */
  #hashes: readonly string[] | undefined
  #isFirstInFile = true
  #hasFittedKey = false
  #file = 0
  /** Lines without the form of one since the last that had it: each may stand in the place of a record, or not. */
  #formless = 0
  #last: Buffer = Buffer.alloc(MIN_COPY_BYTES)
  #lastBytes = 0
  /** Lines that had at least the form of one. */
  records = 0

  constructor(chain: Chain) {
    this.#chain = chain
  }

  /** Number of the last record. */
  get sequence(): number {
    return this.#sequence
  }

  /** Hash of the last record. */
  get hash(): string {
    return this.#hashes?.[0] ?? BEFORE_FIRST.hash
  }

  /** The last record, or undefined when there was none, or it has not its form. */
  get last(): AuditRecord | undefined {
    return this.#lastBytes === 0 ? undefined : recordOf(textOn(this.#last.subarray(0, this.#lastBytes)))
  }

  /** @param file  its number: nothing is expected of what comes before the first file that there is */
  beginFile(file: number): void {
    if (this.#file === 0 && file === 1) this.#hashes = [BEFORE_FIRST.hash]
    this.#file = file
    this.#isFirstInFile = true
  }

  /**
   * Takes the next line.
   * @returns what is wrong with it; the walk goes on behind it all the same
   */
  step(line: Buffer): Fault | undefined {
    const isFirst = this.#isFirstInFile
    this.#isFirstInFile = false
    const checked = this.#chain.check(line)
    if (checked === undefined) {
      this.#formless++
      return { kind: 'form', text: formFault(line) }
    }
    this.records++
    this.#remember(line)
    const fault = this.#faultOf(checked)
    if (fault !== undefined) return fault
    return isFirst ? this.#faultOfFirst(line) : undefined
  }

  #faultOf({ sequence, previous, hash, computed, fault }: CheckedLine): Fault | undefined {
    const [before, hashes, formless] = [this.#sequence, this.#hashes, this.#formless]
    this.#formless = 0
    this.#hashes = [hash, computed]
    const isExpected = sequence === before + 1 && (hashes?.includes(previous) ?? true)
    // After lines that are none, the next record tells in how many places of records they stand.
    const next = formless > 0 && !isExpected ? before + formless + 1 : before + 1
    if (fault === 'edited') {
      this.#sequence = hashes === undefined ? sequence : next
      return { kind: 'edited', text: 'the record is not as it was written: its hash does not fit' }
    }
    this.#sequence = sequence
    if (fault === 'unkeyed') return { kind: 'unkeyed', text: this.#keyFault() }
    this.#hasFittedKey = true
    if (hashes === undefined || isExpected) return undefined
    if (sequence !== next) return { kind: 'order', text: gapOf(before, sequence) }
    if (formless > 0) return undefined
    return { kind: 'order', text: 'the record does not follow the one before it' }
  }

  #remember(line: Buffer): void {
    if (line.length > this.#last.length) this.#last = Buffer.alloc(line.length)
    this.#lastBytes = line.copy(this.#last)
  }

  #faultOfFirst(line: Buffer): Fault | undefined {
    const wanted = this.#file === 1 ? OWN_EVENTS.created : OWN_EVENTS.rotated
    const event = recordOf(textOn(line))?.event
    if (event === wanted) return undefined
    return {
      kind: 'first',
      text: `file ${this.#file} must begin with ${wanted}, not with ${event ?? 'this'}`,
    }
  }

  #keyFault(): string {
    return this.#hasFittedKey
      ? 'the record was written by somebody who has not the key: its MAC does not fit'
      : 'its MAC does not fit: this is not the key of the log, or all of it was written anew without the key'
  }
}

function formFault(line: Buffer): string {
  if (line.length === 0) return 'an empty line, not a record'
  return line.every((byte) => byte === 0) ? `${line.length} zero bytes, not a record` : 'not a record'
}

function gapOf(before: number, sequence: number): string {
  const expected = before + 1
  if (sequence <= before) return `record ${sequence} again, where record ${expected} must be`
  const missing =
    sequence - 1 === expected ? `record ${expected} is` : `records ${expected} to ${sequence - 1} are`
  return `${missing} missing before record ${sequence}`
}

const MIN_COPY_BYTES = 4096
