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
    if (!this.#isLearnt) return elapsedMs < EAGER_MS ? 0 : coarseMs(elapsedMs)
    const early = this.#mean - Math.max(SPREAD * this.#deviation, MARGIN_MS)
    // Too early costs the bus a question; to wait for the very moment would cost everybody the event loop.
    const rest = Math.floor(early - elapsedMs - TIMER_ERROR_MS)
    if (rest >= 1) return rest
    const late = this.#mean + Math.max(SPREAD * this.#deviation, LATE_MARGIN_MS)
    return elapsedMs < late ? 0 : coarseMs(elapsedMs)
  }

  /**
   * Notes between which moments the element became ready. What is known already and lies between them stays: a
   * question that had to wait for the bus says nothing of the element.
   * @param busyMs   it was not ready then; undefined when it was never found busy
   * @param readyMs  it was ready then
   */
  learn(busyMs: number | undefined, readyMs: number): void {
    if (!this.#isLearnt) {
      this.#isLearnt = true
      this.#mean = readyMs
      // Unknown yet; half the value is the choice of RFC 6298 section 2.2 for round trips.
      this.#deviation = readyMs / 2
      return
    }
    const tookMs = Math.min(Math.max(this.#mean, busyMs ?? 0), readyMs)
    this.#deviation += (Math.abs(tookMs - this.#mean) - this.#deviation) * GAIN
    this.#mean += (tookMs - this.#mean) * GAIN
    // An answer to the first question may have been there for long: look a little earlier next time.
    if (busyMs === undefined && readyMs < this.#mean + LATE_MARGIN_MS) {
      this.#mean = Math.max(0, this.#mean - STEP_MS)
    }
  }
}

/** Where nothing better is known: the longer it takes, the less does a moment more matter. */
function coarseMs(elapsedMs: number): number {
  return Math.max(COARSE_MS, Math.floor(COARSE_SHARE * elapsedMs))
}

const GAIN = 1 / 4
const SPREAD = 3
/** Asked at once from this long before the answer is due, at least. */
const MARGIN_MS = 0.2
/** And until this long after it was due, at least. */
const LATE_MARGIN_MS = 1
const STEP_MS = 0.05
/** A timer is seldom later. */
const TIMER_ERROR_MS = 0.5
/** Of an unknown command: most are done soon. */
const EAGER_MS = 2
const COARSE_MS = 1
const COARSE_SHARE = 1 / 50
