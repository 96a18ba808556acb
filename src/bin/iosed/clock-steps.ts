// Whether somebody has set the clock of the machine: it then goes another way than the one that only counts.

import type { Clock } from '../../base/clock.ts'

/** The clock was set. Milliseconds since 1970. */
export interface ClockStep {
  /** What it would say had nobody set it. */
  readonly from: number
  readonly to: number
}

export class ClockSteps {
  readonly #clock: Clock
  readonly #wallNow: () => number
  /** Of the clock of the machine before the one that only counts. */
  #leadMs: number

  constructor(clock: Clock, wallNow: () => number) {
    this.#clock = clock
    this.#wallNow = wallNow
    this.#leadMs = wallNow() - clock.now()
  }

  /** The step since the last call; undefined when there was none. The sleep of a machine looks like one. */
  take(): ClockStep | undefined {
    const [to, counted] = [this.#wallNow(), this.#clock.now()]
    const from = counted + this.#leadMs
    // Small differences are how NTP keeps a clock right; they add up here instead of being forgotten.
    if (Math.abs(to - from) < LEAST_STEP_MS) return undefined
    this.#leadMs = to - counted
    return { from, to }
  }
}

const LEAST_STEP_MS = 10_000
