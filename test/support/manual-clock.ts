import { type Clock, sleepUntil, type Timer } from '../../src/base/clock.ts'

interface Entry {
  deadline: number
  sequence: number
  callback: () => void
}

/** A clock that moves only when told to. Timers fire in order of deadline, then of creation. */
export class ManualClock implements Clock {
  #now = 0
  #sequence = 0
  readonly #entries = new Set<Entry>()

  now(): number {
    return this.#now
  }

  at(deadline: number, callback: () => void): Timer {
    if (deadline === Infinity) return { cancel: () => undefined }
    const entry = { deadline, sequence: this.#sequence++, callback }
    this.#entries.add(entry)
    return { cancel: () => this.#entries.delete(entry) }
  }

  reach(instant: number): Promise<void> {
    return instant <= this.#now ? Promise.resolve() : sleepUntil(this, instant)
  }

  /** Timers that have neither fired nor been cancelled. */
  get pending(): number {
    return this.#entries.size
  }

  /** Moves to `instant`, firing each timer due on the way and letting promise reactions run after each. */
  async advanceTo(instant: number): Promise<void> {
    await settle()
    for (;;) {
      const due = this.#earliest(instant)
      if (due === undefined) break
      this.#entries.delete(due)
      this.#now = Math.max(this.#now, due.deadline)
      due.callback()
      await settle()
    }
    this.#now = Math.max(this.#now, instant)
  }

  advanceBy(milliseconds: number): Promise<void> {
    return this.advanceTo(this.#now + milliseconds)
  }

  #earliest(limit: number): Entry | undefined {
    let earliest: Entry | undefined
    for (const entry of this.#entries) {
      if (entry.deadline > limit) continue
      const isEarlier =
        earliest === undefined ||
        entry.deadline < earliest.deadline ||
        (entry.deadline === earliest.deadline && entry.sequence < earliest.sequence)
      if (isEarlier) earliest = entry
    }
    return earliest
  }
}

/** Lets every promise reaction that is ready run, with those they make ready in turn. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
