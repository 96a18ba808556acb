// How many connections to one SIM array the elements may have together.

import type { Clock } from '../base/clock.ts'
import { LinkError } from './errors.ts'

/** Somebody with a seat who would give it up for another. */
export interface SeatHolder {
  /** Gives the seat up, soon, if it is still idle. */
  giveUp(): void
}

/** Seats in order of asking. Who is idle keeps its seat until somebody waits. */
export class ArraySeats {
  readonly #count: number
  readonly #clock: Clock
  readonly #idle = new Set<SeatHolder>()
  readonly #waiting = new Set<() => void>()
  #taken = 0

  constructor(count: number, clock: Clock) {
    this.#count = count
    this.#clock = clock
  }

  /** Waits for a seat. @throws LinkError link.timeout when none is free by the deadline */
  take(deadline: number): Promise<void> {
    if (this.#taken < this.#count) {
      this.#taken++
      return Promise.resolve()
    }
    return new Promise((resolve, reject) => {
      const timer = this.#clock.at(deadline, () => {
        this.#waiting.delete(sit)
        reject(new LinkError('link.timeout', `all ${this.#count} connections to the array are in use`))
      })
      const sit = (): void => {
        timer.cancel()
        resolve()
      }
      this.#waiting.add(sit)
      const [longestIdle] = this.#idle
      if (longestIdle !== undefined) this.#ask(longestIdle)
    })
  }

  /** Gives a seat back: whoever waits longest has it. */
  leave(holder: SeatHolder): void {
    this.#idle.delete(holder)
    const [next] = this.#waiting
    if (next === undefined) {
      this.#taken--
      return
    }
    this.#waiting.delete(next)
    next()
  }

  /** `holder` keeps its seat, but could do without. */
  offer(holder: SeatHolder): void {
    if (this.#waiting.size > 0) this.#ask(holder)
    else this.#idle.add(holder)
  }

  /** `holder` needs its seat. */
  withdraw(holder: SeatHolder): void {
    this.#idle.delete(holder)
  }

  #ask(holder: SeatHolder): void {
    this.#idle.delete(holder)
    holder.giveUp()
  }
}
