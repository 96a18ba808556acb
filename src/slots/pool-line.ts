// The line before a pool. Its clients stand in no member's line: a member that is given back asks for whoever has
// waited longest, here or in its own line, so that none is idle while somebody waits whom it could serve.

import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import { ElementError } from '../drivers/errors.ts'
import { LeaseError } from './errors.ts'
import type { Lease } from './lease.ts'
import type { Contender } from './lease-queue.ts'
import {
  applicationOf,
  awaitable,
  fits,
  type Membership,
  membershipOf,
  type Needs,
  nextInTurn,
  type PoolConfig,
  type PoolRules,
  rankOf,
  rulesOf,
  suits,
} from './pool.ts'
import type { Slot } from './slot.ts'
import type { SlotEnvironment } from './surroundings.ts'
import { type Entry, type LeaseRequest, WaitingLine } from './waiting-line.ts'

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
  readonly #line: WaitingLine<Slot, Needs<Slot>>

  constructor(config: PoolConfig, environment: SlotEnvironment) {
    this.#rules = rulesOf(config)
    this.#clock = environment.clock
    this.#log = environment.log.child({ pool: config.sen })
    this.#queueLength = environment.queueLength
    this.#line = new WaitingLine(environment.clock)
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
    return this.#line.entries.length
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
    for (const client of [...this.#line.entries]) {
      if (awaitable(this.members, client.wish).length > 0) continue
      client.refuse(new ElementError('element.gone', `pool '${this.sen}' has no element for it now`))
    }
  }

  /** Gives free members to who waits for them. */
  serve(): void {
    if (this.waiting > 0) for (const member of this.members) member.offer()
  }

  /** Who would take `slot` now, in order of arrival. */
  contenders(slot: Slot): Contender[] {
    if (!this.members.includes(slot)) return []
    const clients = this.#line.entries.filter(({ wish }) => suits(slot, wish))
    return clients.map((client) => ({ ...client, grant: () => this.#grant(client, slot) }))
  }

  /**
   * The lease on the idle member whose turn it is, else on the one that is first given back; an element that fails
   * before the lease begins is replaced by another member. As many may wait as for all members one by one.
   * @param recordBytes  length of the record of the ClientHello
   * @throws as Slot.acquire
   */
  async acquire(request: LeaseRequest, recordBytes: number, signal: AbortSignal): Promise<Lease> {
    const since = this.#clock.now()
    const wish = { recordBytes, failed: new Set<Slot>() }
    for (;;) {
      const slot = await this.#turn(request, wish, { since, signal })
      try {
        return slot.take(request.holder, since, signal)
      } catch (error) {
        wish.failed.add(slot)
        const isFinal = signal.aborted || error instanceof LeaseError || this.#clock.now() >= request.deadline
        if (isFinal || !this.members.some((member) => fits(member, wish))) throw error
      }
    }
  }

  /** Sends everybody away who waits. */
  dismiss(error: Error): void {
    this.#line.dismiss(error)
  }

  /** Resolves when the right to a member is the caller's, who must then `take` it. */
  async #turn(
    request: LeaseRequest,
    wish: Needs<Slot>,
    { since, signal }: { since: number; signal: AbortSignal },
  ): Promise<Slot> {
    signal.throwIfAborted()
    const members = awaitable(this.members, wish)
    if (members.length === 0) {
      throw new ElementError('element.absent', `pool '${this.sen}' has no element that answers now`)
    }
    const idle = nextInTurn(members, this.#turns)
    const held = `all ${members.length} elements of pool '${this.sen}' are held`
    // Who has been let in once is not sent away by those who came later.
    if (idle === undefined && wish.failed.size === 0) {
      this.#line.makeRoom(request, this.#queueLength * members.length, held)
    }
    const granted = this.#line.wait(request, { wish, since, signal, excuse: () => `${held} still` })
    const ahead = this.waiting - 1
    if (idle === undefined) this.#log.debug('lease.awaited', { holder: request.holder, heldBy: held, ahead })
    else idle.offer()
    return granted
  }

  #grant(client: Entry<Slot, Needs<Slot>>, slot: Slot): void {
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

function seidsOf(slots: readonly Slot[]): string {
  return slots.map(({ seid }) => seid).join(' ')
}
