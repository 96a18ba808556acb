// A simulated chip with its chip select, and what can be done to it from outside.

import type { SimulatedWireCard } from '../../src/simulator/wire-card.ts'
import type { Period, SpiDevice } from './devices.ts'

/**
 * dead: MISO floats, nothing is heard
 * garbage: something else on MISO at every access, and nothing is heard
 * truncated: of what the chip says, nothing comes after the fourth byte of an access
 */
export type Ailment = 'none' | 'dead' | 'garbage' | 'truncated'

export class SpiChip implements SpiDevice {
  readonly card: SimulatedWireCard
  /** Every access so far. */
  readonly periods: (Period & { readonly length: number; readonly direction: 'read' | 'write' })[] = []
  ailment: Ailment = 'none'
  readonly #lengthBytes: 1 | 2
  #block: readonly number[] = []
  #garbage = 0

  /** @param lengthBytes  width of LEN in the framing */
  constructor(card: SimulatedWireCard, lengthBytes: 1 | 2) {
    this.card = card
    this.#lengthBytes = lengthBytes
  }

  transfer(tx: Uint8Array, period: Period): Uint8Array {
    // Zeros are how a host reads, unless they are in the middle of its block.
    const direction = this.#block.length === 0 && tx.every((byte) => byte === 0) ? 'read' : 'write'
    this.periods.push({ ...period, length: tx.length, direction })
    if (direction === 'write') this.#follow(tx)
    if (this.ailment === 'dead') return new Uint8Array(0)
    if (this.ailment === 'garbage') return tx.map((_, n) => (this.#garbage += 7 * n + 13) & 0xff)
    if (direction === 'write') {
      this.card.write(tx)
      return new Uint8Array(tx.length)
    }
    const rx = this.card.read(tx.length) ?? new Uint8Array(0)
    return this.ailment === 'truncated' ? rx.subarray(0, 4) : rx
  }

  #follow(tx: Uint8Array): void {
    this.#block = [...this.#block, ...tx]
    const [, , first = 0, second = 0] = this.#block
    const infBytes = this.#lengthBytes === 1 ? first : first * 0x100 + second
    const wholeBytes = 2 + this.#lengthBytes + infBytes + EDC_BYTES
    if (this.#block.length >= wholeBytes) this.#block = []
  }
}

const EDC_BYTES = 2
