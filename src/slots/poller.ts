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
  readonly #tickMs: number
  readonly #visits = new Map<Pollable, Visit>()
  /** Where a tour is on. */
  readonly #busy = new Set<string>()
  #timer: Timer | undefined
  #isOver = false

  constructor(options: PollerOptions) {
    this.#options = options
    // Few and far between: to wake up costs more than to look.
    this.#tickMs = Math.min(MAX_TICK_MS, options.pollMs / 4)
    this.#sleep()
  }

  [Symbol.dispose](): void {
    this.#isOver = true
    this.#timer?.cancel()
  }

  #sleep(): void {
    const { clock } = this.#options
    this.#timer = clock.at(clock.now() + this.#tickMs, () => this.#round())
  }

  /** Sends a tour to each bus on which somebody is due; where one is on, they wait for the next round. */
  #round(): void {
    const { clock, crashed } = this.#options
    this.#welcome()
    const now = clock.now()
    const tours = new Map<string, [Pollable, Visit][]>()
    for (const entry of this.#visits) {
      const [slot, { dueAt }] = entry
      if (dueAt > now || this.#busy.has(slot.medium)) continue
      const tour = tours.get(slot.medium)
      if (tour === undefined) tours.set(slot.medium, [entry])
      else tour.push(entry)
    }
    for (const [medium, due] of tours) {
      this.#busy.add(medium)
      this.#tour(due).then(() => this.#busy.delete(medium), crashed)
    }
    this.#sleep()
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

  /** Visits one after the other, who has waited longest first. */
  async #tour(due: [Pollable, Visit][]): Promise<void> {
    const { clock, pollMs } = this.#options
    due.sort(([, a], [, b]) => a.dueAt - b.dueAt)
    for (const [slot, visit] of due) {
      if (this.#isOver) return
      const depth = visit.untilAtr === 0 ? 'atr' : 'touch'
      visit.untilAtr = (visit.untilAtr || ATR_EVERY) - 1
      await slot.inspect(depth)
      visit.dueAt = Math.max(visit.dueAt + pollMs, clock.now())
    }
  }
}

/** An ATR costs a reset: it is looked at once in so many visits, for the first time after as many at most. */
const ATR_EVERY = 12
const MAX_TICK_MS = 250
/** Its multiples are spread evenly over the interval from 0 to 1, however many there are. */
const GOLDEN_RATIO = 0.618_033_988_749_895
