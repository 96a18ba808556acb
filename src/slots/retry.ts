// The next try of something, and when it will be.

import type { Clock, Timer } from '../base/clock.ts'

export class Retry {
  readonly #clock: Clock
  #planned: { readonly timer: Timer; readonly at: number } | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** For people: `next try in 0.4 s`; undefined when none is planned. */
  get text(): string | undefined {
    if (this.#planned === undefined) return undefined
    const seconds = Math.max(0, this.#planned.at - this.#clock.now()) / 1000
    return `next try in ${seconds.toFixed(1)} s`
  }

  /** Plans `attempt`, in the place of what was planned before. */
  plan(delayMs: number, attempt: () => void): void {
    this.cancel()
    const at = this.#clock.now() + delayMs
    const timer = this.#clock.at(at, () => {
      this.#planned = undefined
      attempt()
    })
    this.#planned = { timer, at }
  }

  cancel(): void {
    this.#planned?.timer.cancel()
    this.#planned = undefined
  }
}
