// Who has the exclusive right to one slot, and who waits for it: first come, first served, bounded.

import type { Clock } from '../base/clock.ts'
import { LeaseError } from './errors.ts'

export interface LeaseRequest {
  /** For people: who asks, `tls-se 192.0.2.7:40112`. */
  readonly holder: string
  /** Instant at which waiting ends with `lease.expired`. */
  readonly deadline: number
}

/**
 * The right to one slot. `enter` waits for it, `leave` passes it on. The right is handed to the next in line
 * within `leave` itself: nobody who comes later can slip in between.
 */
export class LeaseQueue {
  readonly #clock: Clock
  readonly #capacity: number
  readonly #waiters: Waiter[] = []
  #holder: string | undefined
  #heldSince = 0

  /** @param capacity  how many may wait at once, the holder not counted */
  constructor(clock: Clock, capacity: number) {
    this.#clock = clock
    this.#capacity = capacity
  }

  /** Who holds the right now. */
  get holder(): string | undefined {
    return this.#holder
  }

  /** For how long, in milliseconds; meaningless while nobody holds it. */
  get heldMs(): number {
    return Math.round(this.#clock.now() - this.#heldSince)
  }

  /** How many wait. */
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
      const waiter: Waiter = {
        holder: request.holder,
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

  /** Passes the right to the first in line, or frees it. */
  leave(): void {
    const [next] = this.#waiters
    this.#grantTo(next?.holder)
    next?.grant()
  }

  /** Sends everybody away who waits; the holder stays. */
  dismiss(error: Error): void {
    for (const waiter of [...this.#waiters]) waiter.refuse(error)
  }

  #grantTo(holder: string | undefined): void {
    this.#holder = holder
    this.#heldSince = this.#clock.now()
  }
}

interface Waiter {
  readonly holder: string
  grant(): void
  refuse(error: Error): void
}
