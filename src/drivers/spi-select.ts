// An element at its chip select: transfers are cut into accesses that it can take, with the pause that it needs.

import type { Clock } from '../base/clock.ts'
import type { Turn } from '../base/turn.ts'
import type { Outcome, WireTiming } from './link.ts'
import { type BusCounts, noBusCounts } from './wire-counts.ts'

/** What moves the bytes of one access, from select low to select high. */
export interface SpiAccesses {
  write(bytes: Uint8Array, clockHz: number): Promise<void>
  read(into: Uint8Array, clockHz: number): Promise<void>
  close(): void
}

export interface SpiSelectOptions {
  readonly accesses: SpiAccesses
  /** Of the controller: its chip selects share the wires. */
  readonly turn: Turn
  /** Of the controller too. */
  readonly counts?: BusCounts
  readonly clock: Clock
  /** What the wires stand; the element may stand less. */
  readonly clockHz: number
  /** Until the element says otherwise. */
  readonly timing: WireTiming
}

export class SpiSelect {
  readonly #accesses: SpiAccesses
  readonly #turn: Turn
  readonly #counts: BusCounts
  readonly #clock: Clock
  readonly #clockHz: number
  #timing: WireTiming

  constructor({ accesses, turn, counts, clock, clockHz, timing }: SpiSelectOptions) {
    this.#accesses = accesses
    this.#turn = turn
    this.#counts = counts ?? noBusCounts()
    this.#clock = clock
    this.#clockHz = clockHz
    this.#timing = timing
  }

  adjust(timing: WireTiming): void {
    this.#timing = timing
  }

  /** Each access is a turn of its own. @throws LinkError link.stuck, link.closed */
  write(bytes: Uint8Array): Promise<Outcome> {
    return this.#eachAccess(bytes, (piece, clockHz) => this.#accesses.write(piece, clockHz))
  }

  /** As `write`; fills `into`. */
  read(into: Uint8Array): Promise<Outcome> {
    return this.#eachAccess(into, (piece, clockHz) => this.#accesses.read(piece, clockHz))
  }

  /** Waits for the access under way, then closes. */
  close(): Promise<void> {
    return this.#turn.run(() => {
      this.#accesses.close()
      return Promise.resolve()
    })
  }

  async #eachAccess(
    bytes: Uint8Array,
    access: (piece: Uint8Array, clockHz: number) => Promise<void>,
  ): Promise<Outcome> {
    const { gapUs, maxAccessBytes, maxClockHz } = this.#timing
    const pieceBytes = Math.min(maxAccessBytes, KERNEL_ACCESS_BYTES)
    const clockHz = Math.min(this.#clockHz, maxClockHz)
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      if (at > 0) await this.#clock.reach(this.#clock.now() + gapUs / 1000)
      const piece = bytes.subarray(at, at + pieceBytes)
      await this.#turn.run(() => this.#counted(() => access(piece, clockHz)))
    }
    return 'done'
  }

  async #counted(access: () => Promise<void>): Promise<void> {
    const startedAt = this.#clock.now()
    this.#counts.transfers++
    this.#counts.busySince = startedAt
    try {
      await access()
    } catch (error) {
      this.#counts.errors++
      throw error
    } finally {
      this.#counts.busySince = undefined
      this.#counts.busyMs += this.#clock.now() - startedAt
    }
  }
}

/** Linux' spidev takes no more at once, unless its parameter `bufsiz` says so. */
const KERNEL_ACCESS_BYTES = 4096
