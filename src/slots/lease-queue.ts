// Who has the exclusive right to one slot, and who waits for it: first come, first served, bounded.

import type { Clock } from '../base/clock.ts'
import { LeaseError } from './errors.ts'

export interface LeaseRequest {
  /** For people: who asks, `tls-se 192.0.2.7:40112`. */
  readonly holder: string
  /** Instant at which waiting ends with `lease.expired`. */
  readonly deadline: number
}

/** One who waits for the right. */
export interface Waiter {
  readonly holder: string
  /** Since when; what comes before everybody has waited for ever. */
  readonly since: number
  /** Gives it: it is the waiter's when this returns. */
  grant(): void
}

/**
 * The right to one slot. `enter` waits for it, `leave` passes it on. The right is handed to the next in line
 * within `leave` itself: nobody who comes later can slip in between.
 */
export class LeaseQueue {
  readonly #clock: Clock
  readonly #capacity: number
  readonly #waiters: OwnWaiter[] = []
  readonly #elsewhere: () => Waiter | undefined
  #holder: string | undefined
  #heldSince = 0

  /**
   * @param capacity   how many may wait at once, the holder not counted
   * @param elsewhere  who has waited longest without standing in this line; served in order of arrival all the same
   */
  constructor(clock: Clock, capacity: number, elsewhere: () => Waiter | undefined = () => undefined) {
    this.#clock = clock
    this.#capacity = capacity
    this.#elsewhere = elsewhere
  }

  /** Who holds the right now. */
  get holder(): string | undefined {
    return this.#holder
  }

  /** For how long, in milliseconds; meaningless while nobody holds it. */
  get heldMs(): number {
    return Math.round(this.#clock.now() - this.#heldSince)
  }

  /** How many stand in this line. */
  get waiting(): number {
    return this.#waiters.length
  }

  /**
   * Resolves when the right is the caller's; the caller must then call `leave` exactly once.
   * @param signal  gives up waiting: rejects with the signal's reason
   * @param place   `first` goes before all who wait, and does not count against the capacity
   * @throws LeaseError lease.queue-full at once, lease.expired at the deadline, lease.revoked by `dismiss`
   */
  enter(request: LeaseRequest, signal: AbortSignal, place: 'first' | 'last' = 'last'): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason as Error)
    if (this.#holder === undefined) {
      this.#grantTo(request.holder)
      return Promise.resolve()
    }
    if (place === 'last' && this.#waiters.length >= this.#capacity) {
      const message = `held by ${this.#holder}, and ${this.#waiters.length} wait already`
      return Promise.reject(new LeaseError('lease.queue-full', message))
    }
    return new Promise((resolve, reject) => {
      const since = this.#clock.now()
      const settle = (outcome: () => void): void => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1)
        timer.cancel()
        signal.removeEventListener('abort', onAbort)
        outcome()
      }
      const waiter: OwnWaiter = {
        holder: request.holder,
        since: place === 'first' ? -Infinity : since,
        grant: () => settle(resolve),
        refuse: (error) => settle(() => reject(error)),
      }
      const onAbort = (): void => waiter.refuse(signal.reason as Error)
      const timer = this.#clock.at(request.deadline, () => {
        const waitedMs = Math.round(this.#clock.now() - since)
        const message = `waited ${waitedMs} ms, still held by ${String(this.#holder)}`
        waiter.refuse(new LeaseError('lease.expired', message))
      })
      signal.addEventListener('abort', onAbort)
      if (place === 'first') this.#waiters.unshift(waiter)
      else this.#waiters.push(waiter)
    })
  }

  /** Passes the right to whoever has waited longest, in this line or elsewhere, or frees it. */
  leave(): void {
    const [first] = this.#waiters
    const other = this.#elsewhere()
    const next = first === undefined || (other !== undefined && other.since < first.since) ? other : first
    this.#grantTo(next?.holder)
    next?.grant()
  }

  /** Gives the right, if it is free, to who waits elsewhere. */
  offer(): void {
    if (this.#holder === undefined) this.leave()
  }

  /** Sends everybody away who stands in this line; the holder stays. */
  dismiss(error: Error): void {
    for (const waiter of [...this.#waiters]) waiter.refuse(error)
  }

  #grantTo(holder: string | undefined): void {
    this.#holder = holder
    this.#heldSince = this.#clock.now()
  }
}

interface OwnWaiter extends Waiter {
  refuse(error: Error): void
}
