// When to ask an element next whether it is done. Each question takes time on the bus that others could use, and
// each moment without one may be a moment after the answer was ready. So: learn how long this kind of command takes,
// ask late, and then as fast as the bus allows around the time when the answer is due.

/** What is known of one kind of command on one element. Times are milliseconds from the end of the command. */
export class Pace {
  #mean = 0
  /** Mean distance from the mean. */
  #deviation = 0
  #isLearnt = false

  /**
   * How long to wait before the next question.
   * @param elapsedMs  since the command was sent
   * @returns 0: ask at once; else whole milliseconds for a timer
   */
  next(elapsedMs: number): number {
    if (!this.#isLearnt) return elapsedMs < EAGER_MS ? 0 : COARSE_MS
    const early = this.#mean - Math.max(SPREAD * this.#deviation, MARGIN_MS)
    // A timer comes up to a millisecond late.
    const rest = Math.floor(early - elapsedMs - TIMER_ERROR_MS)
    if (rest >= 1) return rest
    const late = this.#mean + Math.max(SPREAD * this.#deviation, LATE_MARGIN_MS)
    return elapsedMs < late ? 0 : COARSE_MS
  }

  /** Notes how long the element has taken. */
  learn(tookMs: number): void {
    if (!this.#isLearnt) {
      this.#isLearnt = true
      this.#mean = tookMs
      // Unknown yet; half the value is the choice of RFC 6298 section 2.2 for round trips.
      this.#deviation = tookMs / 2
      return
    }
    this.#deviation += (Math.abs(tookMs - this.#mean) - this.#deviation) * GAIN
    this.#mean += (tookMs - this.#mean) * GAIN
  }
}

const GAIN = 1 / 4
const SPREAD = 3
/** Asked at once from this long before the answer is due, at least. */
const MARGIN_MS = 0.2
/** And until this long after it was due, at least. */
const LATE_MARGIN_MS = 1
const TIMER_ERROR_MS = 1
/** Of an unknown command: most are done soon. */
const EAGER_MS = 2
const COARSE_MS = 1
