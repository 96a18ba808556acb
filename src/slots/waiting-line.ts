// Those who wait for something that is given to one at a time. Each leaves once: granted, refused, late, or fed up.

import type { Clock } from '../base/clock.ts'
import { LeaseError } from './errors.ts'
import { type Claim, displacedBy, type Priority } from './turn-order.ts'

export interface LeaseRequest {
  /** For people: who asks, `tls-se 192.0.2.7:40112`. */
  readonly holder: string
  /** Instant at which waiting ends with `lease.expired`. */
  readonly deadline: number
  /** `service` when undefined. */
  readonly priority?: Priority | undefined
  /** Where the client comes from, for fairness; the holder when undefined. */
  readonly address?: string | undefined
}

/** One who waits. */
export interface Waiter extends Claim {
  readonly holder: string
}

/** One who waits in a line for a `Prize`, with what else he wants. */
export interface Entry<Prize, Wish> extends Waiter {
  readonly wish: Wish
  grant(prize: Prize): void
  refuse(error: Error): void
}

export interface Stay<Wish> {
  readonly wish: Wish
  /** Since when he has waited, which may be before he came to this line. */
  readonly since: number
  /** Gives up waiting: rejects with the signal's reason. */
  readonly signal: AbortSignal
  /** What he is told at the deadline, behind how long he has waited. */
  readonly excuse: () => string
}

export class WaitingLine<Prize, Wish = undefined> {
  readonly #clock: Clock
  readonly #onChange: () => void
  readonly #entries: Entry<Prize, Wish>[] = []

  /** @param onChange  is called when somebody has come or gone */
  constructor(clock: Clock, onChange: () => void = () => undefined) {
    this.#clock = clock
    this.#onChange = onChange
  }

  /** In order of arrival. */
  get entries(): readonly Entry<Prize, Wish>[] {
    return this.#entries
  }

  /**
   * Waits for the prize.
   * @throws LeaseError lease.expired at the deadline; what he is refused with; the reason of the signal
   */
  wait(request: LeaseRequest, { wish, since, signal, excuse }: Stay<Wish>): Promise<Prize> {
    return new Promise((resolve, reject) => {
      const settle = (outcome: () => void): void => {
        this.#entries.splice(this.#entries.indexOf(entry), 1)
        timer.cancel()
        signal.removeEventListener('abort', onAbort)
        outcome()
        this.#onChange()
      }
      const { holder, priority, address } = claimOf(request)
      const entry: Entry<Prize, Wish> = {
        ...{ holder, priority, address, since, wish },
        grant: (prize) => settle(() => resolve(prize)),
        refuse: (error) => settle(() => reject(error)),
      }
      const onAbort = (): void => entry.refuse(signal.reason as Error)
      const timer = this.#clock.at(request.deadline, () => {
        const waitedMs = Math.round(this.#clock.now() - since)
        entry.refuse(new LeaseError('lease.expired', `waited ${waitedMs} ms, ${excuse()}`))
      })
      signal.addEventListener('abort', onAbort)
      const later = this.#entries.findIndex((other) => other.since > since)
      this.#entries.splice(later === -1 ? this.#entries.length : later, 0, entry)
      this.#onChange()
    })
  }

  /**
   * Lets one more in, at the cost of somebody whose address has more than its share.
   * @throws LeaseError lease.queue-full when it is the newcomer who is too much
   */
  makeRoom(request: LeaseRequest, capacity: number, occupation: string): void {
    if (request.priority !== undefined && request.priority !== 'service') return
    const service = this.#entries.filter(({ priority }) => priority === 'service')
    if (service.length < capacity) return
    const words = `${occupation}, and ${service.length} wait already`
    const displaced = displacedBy(service, { ...claimOf(request), since: this.#clock.now() })
    if (displaced === undefined) throw new LeaseError('lease.queue-full', words)
    displaced.refuse(
      new LeaseError('lease.queue-full', `${words}, ${displaced.address} more often than others`),
    )
  }

  /** Sends everybody away but the gateway. */
  dismiss(error: Error): void {
    for (const entry of [...this.#entries]) if (entry.priority !== 'gateway') entry.refuse(error)
  }
}

function claimOf({ holder, priority = 'service', address = holder }: LeaseRequest): Omit<Waiter, 'since'> {
  return { holder, priority, address }
}
