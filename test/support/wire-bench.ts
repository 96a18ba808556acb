// A chip at a wire with a card that answers by rote, and somebody at the other end who writes and polls.

import { hexOf } from '../../src/base/hex.ts'
import {
  type ApduCard,
  type SimulatedWireCard,
  type WireCardOptions,
  wireCardOf,
} from '../../src/simulator/wire-card.ts'
import { hex } from './hex-fields.ts'
import { ManualClock } from './manual-clock.ts'

/** Answers with what it is told, one response a command; 9000 when there is nothing left. */
export function roteCard(
  responses: readonly Uint8Array[] = [],
  atr = hex('3B 00'),
): ApduCard & { resets: number } {
  const left = [...responses]
  return {
    resets: 0,
    reset() {
      this.resets++
      return atr
    },
    process: () => ({ response: left.shift() ?? hex('90 00'), step: 'other' }),
  }
}

export class WireBench {
  readonly clock = new ManualClock()
  readonly card: SimulatedWireCard
  readonly #lenBytes: 1 | 2

  constructor(options: Partial<WireCardOptions> & Pick<WireCardOptions, 'framing'>) {
    const common = { medium: 'i2c', card: roteCard(), latency: () => 0, busy: 'nack' } as const
    this.card = wireCardOf({ ...common, clock: this.clock, ...options })
    this.#lenBytes = options.framing === 'gp' ? 2 : 1
  }

  /** The commands run so far, as hex. */
  get executed(): string[] {
    return this.card.executed.map(hexOf)
  }

  /** Writes one frame, and the block that comes, within a minute of the clock, as hex; `silence` if none. */
  async exchange(frame: string | Uint8Array, edcBytes = 2): Promise<string> {
    if (!this.card.write(typeof frame === 'string' ? hex(frame) : frame)) return 'refused'
    for (let waited = 0; waited < 60_000; waited++) {
      const bytes = this.card.read(LONGEST_READ)
      if (bytes !== undefined && bytes.some((byte) => byte !== bytes[0]))
        return this.#blockIn(bytes, edcBytes)
      await this.clock.advanceBy(1)
    }
    return 'silence'
  }

  #blockIn(bytes: Uint8Array, edcBytes: number): string {
    const [, , first = 0, second = 0] = bytes
    const length = this.#lenBytes === 1 ? first : (first << 8) | second
    return hexOf(bytes.subarray(0, 2 + this.#lenBytes + length + edcBytes))
  }
}

const LONGEST_READ = 4200
