// The last block headers of a link, for the reports of errors. Prologues only: what commands say is not kept.

import { hexOf } from '../base/hex.ts'

export type TraceMark = 'sent' | 'received' | 'damaged' | 'malformed' | 'silent'

/** A ring of `TRACE_ENTRIES` entries, allocated once. */
export class T1Trace {
  readonly #marks = new Uint8Array(TRACE_ENTRIES)
  readonly #prologues = new Uint8Array(TRACE_ENTRIES * PROLOGUE_ROOM)
  readonly #lengths = new Uint8Array(TRACE_ENTRIES)
  #count = 0

  /** @param prologue  copied, no more than 4 bytes of it; empty when there was none */
  note(mark: TraceMark, prologue: Uint8Array): void {
    const entry = this.#count++ % TRACE_ENTRIES
    const length = Math.min(prologue.length, PROLOGUE_ROOM)
    this.#marks[entry] = MARKS.indexOf(mark)
    this.#lengths[entry] = length
    for (let offset = 0; offset < length; offset++) {
      this.#prologues[entry * PROLOGUE_ROOM + offset] = prologue[offset] ?? 0
    }
  }

  /** The entries, oldest first, as `sent 00C000` or `silent`; fresh strings. */
  lines(): string[] {
    const entries = Math.min(this.#count, TRACE_ENTRIES)
    return Array.from({ length: entries }, (_, index) => {
      const entry = (this.#count - entries + index) % TRACE_ENTRIES
      const start = entry * PROLOGUE_ROOM
      const prologue = this.#prologues.subarray(start, start + (this.#lengths[entry] ?? 0))
      return `${MARKS[this.#marks[entry] ?? 0] ?? ''} ${hexOf(prologue)}`.trimEnd()
    })
  }
}

export const TRACE_ENTRIES = 64
const PROLOGUE_ROOM = 4
const MARKS: readonly TraceMark[] = ['sent', 'received', 'damaged', 'malformed', 'silent']
