// The card behind the framing: runs each APDU that was framed right, once, and writes it down.

import type { WireCardOptions } from './wire-options.ts'

export class WireApdus {
  /** The commands run so far, in their order. */
  readonly executed: Uint8Array[] = []
  readonly #options: WireCardOptions
  #atr: Uint8Array

  constructor(options: WireCardOptions) {
    this.#options = options
    this.#atr = options.card.reset()
  }

  /** What the card said at its last reset. */
  get atr(): Uint8Array {
    return this.#atr
  }

  reset(): void {
    this.#atr = this.#options.card.reset()
  }

  /** The response to `command`, and how many milliseconds the card has to compute for it. */
  run(command: Uint8Array): { response: Uint8Array; computesMs: number } {
    const { card, latency } = this.#options
    this.executed.push(command)
    const { response, step } = card.process(command)
    return { response, computesMs: typeof latency === 'function' ? latency(command) : latency[step] }
  }
}

/** How long a reset takes. */
export function resetMsOf({ latency }: WireCardOptions): number {
  return typeof latency === 'function' ? 0 : latency.reset
}
