// The line before a pool. Its clients stand in no member's line: a member that is given back asks for whoever has
// waited longest, here or in its own line, so that none is idle while somebody waits whom it could serve.

import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import { ElementError } from '../drivers/errors.ts'
import { LeaseError } from './errors.ts'
import type { Lease } from './lease.ts'
import type { LeaseRequest, Waiter } from './lease-queue.ts'
import {
  applicationOf,
  fits,
  type Membership,
  membershipOf,
  type Needs,
  nextInTurn,
  type PoolConfig,
  type PoolRules,
  rankOf,
  rulesOf,
  suitable,
  suits,
} from './pool.ts'
import type { Slot, SlotEnvironment } from './slot.ts'

export class PoolLine {
  readonly #rules: PoolRules
  readonly #clock: Clock
  readonly #log: Log
  readonly #queueLength: number
  /** Whom the rules have ever concerned. */
  readonly #known = new Set<Slot>()
  #membership: Membership<Slot> = { members: [], misfits: [], shadowed: [] }
  /** Slot -> number of its last turn. */
  readonly #turns = new Map<Slot, number>()
  #turnCount = 0
  /** In order of arrival. */
  readonly #clients: Client[] = []

  constructor(config: PoolConfig, environment: SlotEnvironment) {
    this.#rules = rulesOf(config)
    this.#clock = environment.clock
    this.#log = environment.log.child({ pool: config.sen })
    this.#queueLength = environment.queueLength
  }

  /** The pool's name. */
  get sen(): string {
    return this.#rules.sen
  }

  /** Who is in the pool now, held, mute or free. */
  get members(): readonly Slot[] {
    return this.#membership.members
  }

  /** The largest TLS record that a member takes, header included; 0 without members. */
  get maxRecordBytes(): number {
    return Math.max(0, ...this.members.map((member) => member.maxRecordBytes))
  }

  /** How many wait. */
  get waiting(): number {
    return this.#clients.length
  }

  /** Whether all elements of the name `sen` are meant to be members. */
  takesAllNamed(sen: string): boolean {
    return sen === this.#rules.sen || this.#rules.ranks.has(sen)
  }

  /** `slot` may have become a member, or be none any more. Once all pools know, `serve`. */
  update(slot: Slot): void {
    if (slot.sen === this.sen || rankOf(this.#rules, slot) < Infinity) this.#known.add(slot)
    if (!this.#known.has(slot)) return
    const before = this.#membership
    this.#membership = membershipOf(this.#rules, [...this.#known])
    this.#warn(before)
    for (const client of [...this.#clients]) {
      if (this.members.some((member) => fits(member, client))) continue
      client.refuse(new ElementError('element.gone', `pool '${this.sen}' has no element for it now`))
    }
  }

  /** Gives free members to who waits for them. */
  serve(): void {
    if (this.#clients.length > 0) for (const member of this.members) member.offer()
  }

  /** Who has waited longest and would take `slot` now. */
  foremost(slot: Slot): Waiter | undefined {
    if (!this.members.includes(slot)) return undefined
    const client = this.#clients.find((one) => suits(slot, this.members, one))
    return client && { holder: client.holder, since: client.since, grant: () => this.#grant(client, slot) }
  }

  /** How many would take `slot` now. */
  waitingFor(slot: Slot): number {
    if (!this.members.includes(slot)) return 0
    return this.#clients.filter((client) => suits(slot, this.members, client)).length
  }

  /**
   * The lease on the idle member whose turn it is, else on the one that is first given back; an element that fails
   * before the lease begins is replaced by another member. As many may wait as for all members one by one.
   * @param recordBytes  length of the record of the ClientHello
   * @throws as Slot.acquire
   */
  async acquire(request: LeaseRequest, recordBytes: number, signal: AbortSignal): Promise<Lease> {
    const since = this.#clock.now()
    const wish = { ...request, since, recordBytes, failed: new Set<Slot>() }
    for (;;) {
      const slot = await this.#turn(wish, signal)
      try {
        return await slot.take(wish.holder, since, signal)
      } catch (error) {
        wish.failed.add(slot)
        const isFinal = signal.aborted || error instanceof LeaseError || this.#clock.now() >= wish.deadline
        if (isFinal || !this.members.some((member) => fits(member, wish))) throw error
      }
    }
  }

  /** Sends everybody away who waits. */
  dismiss(error: Error): void {
    for (const client of [...this.#clients]) client.refuse(error)
  }

  /** Resolves when the right to a member is the caller's, who must then `take` it. */
  #turn(wish: Wish, signal: AbortSignal): Promise<Slot> {
    if (signal.aborted) return Promise.reject(signal.reason as Error)
    const members = suitable(this.members, wish)
    if (members.length === 0) {
      return Promise.reject(new ElementError('element.absent', `pool '${this.sen}' has no element now`))
    }
    const idle = nextInTurn(members, this.#turns)
    const held = `all ${members.length} elements of pool '${this.sen}' are held`
    // Who has been let in once is not sent away by those who came later.
    const isFull = this.#clients.length >= this.#queueLength * members.length && wish.failed.size === 0
    if (idle === undefined && isFull) {
      const message = `${held}, and ${this.#clients.length} wait already`
      return Promise.reject(new LeaseError('lease.queue-full', message))
    }
    return new Promise((resolve, reject) => {
      const settle = (outcome: () => void): void => {
        this.#clients.splice(this.#clients.indexOf(client), 1)
        timer.cancel()
        signal.removeEventListener('abort', onAbort)
        outcome()
      }
      const client: Client = {
        ...wish,
        grant: (slot) => settle(() => resolve(slot)),
        refuse: (error) => settle(() => reject(error)),
      }
      const onAbort = (): void => client.refuse(signal.reason as Error)
      const timer = this.#clock.at(wish.deadline, () => {
        const waitedMs = Math.round(this.#clock.now() - wish.since)
        client.refuse(new LeaseError('lease.expired', `waited ${waitedMs} ms, ${held} still`))
      })
      signal.addEventListener('abort', onAbort)
      const later = this.#clients.findIndex((other) => other.since > wish.since)
      this.#clients.splice(later === -1 ? this.#clients.length : later, 0, client)
      if (idle === undefined) this.#log.debug('lease.awaited', { holder: wish.holder, heldBy: held })
      else idle.offer()
    })
  }

  #grant(client: Client, slot: Slot): void {
    this.#turns.set(slot, this.#turnCount++)
    client.grant(slot)
  }

  /** Says once what is wrong with the pool as it has become. */
  #warn(before: Membership<Slot>): void {
    const { members, misfits, shadowed } = this.#membership
    const [first] = members
    if (first !== undefined && seidsOf(misfits) !== seidsOf(before.misfits) && misfits.length > 0) {
      const seids = misfits.map(({ seid }) => seid)
      this.#log.warn('pool.mixed', { seids, cause: `${first.seid} has the AID ${applicationOf(first)}` })
    }
    if (seidsOf(shadowed) !== seidsOf(before.shadowed) && shadowed.length > 0) {
      this.#log.warn('pool.shadows', { seids: shadowed.map(({ seid }) => seid) })
    }
  }
}

interface Wish extends LeaseRequest, Needs<Slot> {
  readonly since: number
}

/** One who waits. */
interface Client extends Wish {
  grant(slot: Slot): void
  refuse(error: Error): void
}

function seidsOf(slots: readonly Slot[]): string {
  return slots.map(({ seid }) => seid).join(' ')
}
