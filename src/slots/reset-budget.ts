// How often an element may be reset. Pure.

/** A token bucket that may go into debt: what comes too early is not refused, but told how long to wait. */
export class ResetBudget {
  readonly #perMs: number
  readonly #burst: number
  #tokens: number
  #asOf = -Infinity

  /** @param perMinute  in the long run; a tenth of that, one at least, may come at once */
  constructor(perMinute: number) {
    this.#perMs = perMinute / 60_000
    this.#burst = Math.max(1, perMinute / 10)
    this.#tokens = this.#burst
  }

  /** Books one reset. @returns milliseconds to wait before it */
  book(now: number): number {
    const gained = (now - this.#asOf) * this.#perMs
    this.#tokens = Math.min(this.#burst, this.#tokens + gained) - 1
    this.#asOf = now
    return Math.max(0, -this.#tokens / this.#perMs)
  }
}
