// Looks after the elements that nobody uses: one after the other, spread over time, never two on one bus at once.

import type { Clock, Timer } from '../base/clock.ts'
import type { Slot } from './slot.ts'

export interface PollerOptions {
  readonly clock: Clock
  /** All that there are, now. */
  readonly slots: () => readonly Pollable[]
  /** How often each is looked at. */
  readonly pollMs: number
  /** A bug of ours. */
  readonly crashed: (error: unknown) => void
}

/** What the poller needs of a slot. */
export type Pollable = Pick<Slot, 'medium' | 'inspect'>

/** What is known of one slot. */
interface Visit {
  dueAt: number
  /** Visits until the ATR is looked at. */
  untilAtr: number
}

export class Poller implements Disposable {
  readonly #options: PollerOptions
  readonly #visits = new Map<Pollable, Visit>()
  /** Where a visit is on. */
  readonly #busy = new Set<string>()
  #timer: Timer | undefined
  #isOver = false

  constructor(options: PollerOptions) {
    this.#options = options
    this.#wakeAt(options.clock.now() + NEWCOMERS_MS)
  }

  [Symbol.dispose](): void {
    this.#isOver = true
    this.#timer?.cancel()
  }

  /** Visits who is due, and sleeps until the next one is. */
  #round(): void {
    const { clock } = this.#options
    this.#welcome()
    const now = clock.now()
    let nextAt = now + NEWCOMERS_MS
    const byDue = [...this.#visits].sort(([, a], [, b]) => a.dueAt - b.dueAt)
    for (const [slot, visit] of byDue) {
      if (this.#busy.has(slot.medium)) continue
      if (visit.dueAt <= now) this.#start(slot, visit)
      else nextAt = Math.min(nextAt, visit.dueAt)
    }
    this.#wakeAt(nextAt)
  }

  /** Slots that have come since have their first visit at another time than the others, and so their ATR. */
  #welcome(): void {
    const { clock, slots, pollMs } = this.#options
    for (const slot of slots()) {
      if (this.#visits.has(slot)) continue
      const number = this.#visits.size
      const share = (number * GOLDEN_RATIO) % 1
      this.#visits.set(slot, { dueAt: clock.now() + pollMs * share, untilAtr: 1 + (number % ATR_EVERY) })
    }
  }

  #start(slot: Pollable, visit: Visit): void {
    const { clock, pollMs, crashed } = this.#options
    const { medium } = slot
    const depth = visit.untilAtr === 0 ? 'atr' : 'touch'
    visit.untilAtr = (visit.untilAtr || ATR_EVERY) - 1
    this.#busy.add(medium)
    const over = (): void => {
      this.#busy.delete(medium)
      visit.dueAt = clock.now() + pollMs
      // Others on the bus may be due already.
      if (!this.#isOver) this.#wakeAt(clock.now())
    }
    slot.inspect(depth).then(over, (error: unknown) => {
      over()
      crashed(error)
    })
  }

  #wakeAt(instant: number): void {
    this.#timer?.cancel()
    this.#timer = this.#options.clock.at(instant, () => this.#round())
  }
}

/** An ATR costs a reset: it is looked at once in so many visits, for the first time after as many at most. */
const ATR_EVERY = 12
/** How long a slot that has just come may go unnoticed. */
const NEWCOMERS_MS = 1_000
/** Its multiples are spread evenly over the interval from 0 to 1, however many there are. */
const GOLDEN_RATIO = 0.618_033_988_749_895
