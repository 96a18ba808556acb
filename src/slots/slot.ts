// One place for a secure element: its state, its name, and the way to get it for oneself.

import type { Clock } from '../base/clock.ts'
import { InternalError, messageOf } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { Arrival } from '../drivers/driver.ts'
import { ElementError } from '../drivers/errors.ts'
import type { Binding } from './binding.ts'
import { Condition } from './condition.ts'
import { LeaseError } from './errors.ts'
import type { SlotReport } from './events.ts'
import type { Seid, Sen, SlotId } from './identity.ts'
import { Holding, type Lease } from './lease.ts'
import { LeaseQueue } from './lease-queue.ts'
import { Names } from './names.ts'
import { reportOf } from './report.ts'
import { ResetBudget } from './reset-budget.ts'
import type { SlotState } from './state.ts'
import { NOBODY, type Onlookers, type SlotEnvironment, type SlotIdentity } from './surroundings.ts'
import type { Priority } from './turn-order.ts'
import { Upkeep } from './upkeep.ts'
import { Usage } from './usage.ts'
import type { LeaseRequest } from './waiting-line.ts'

export class Slot {
  readonly id: SlotId
  readonly seid: Seid
  readonly aliases: readonly Seid[]
  readonly #identity: SlotIdentity
  readonly #clock: Clock
  readonly #log: Log
  readonly #queue: LeaseQueue
  readonly #condition: Condition
  readonly #names = new Names()
  readonly #upkeep: Upkeep
  readonly #onlookers: Onlookers
  #holding: Holding | undefined
  readonly #usage: Usage

  constructor(identity: SlotIdentity, environment: SlotEnvironment, onlookers: Onlookers = NOBODY) {
    const { id, seid, aliases } = identity
    const { clock, log, events, queueLength, maxResetsPerMinute } = environment
    this.id = id
    this.seid = seid
    this.aliases = aliases
    this.#identity = identity
    this.#usage = new Usage(identity, clock, events)
    this.#clock = clock
    this.#log = log.child({ slot: id, seid })
    this.#onlookers = onlookers
    this.#condition = new Condition({ slot: id, seid, clock, log: this.#log, events })
    this.#queue = new LeaseQueue(
      clock,
      queueLength,
      () => onlookers.contenders(this),
      () => this.#condition.touch(),
    )
    this.#upkeep = new Upkeep({
      name: `slot ${id}`,
      ...{ clock, queue: this.#queue, condition: this.#condition, names: this.#names },
      budget: new ResetBudget(maxResetsPerMinute),
      changed: () => onlookers.changed(this),
      crashed: (error) => this.#log.error('slot.crashed', { cause: messageOf(error) }),
    })
  }

  get state(): SlotState {
    return this.#condition.state
  }

  /** Nothing has come to it yet, or what was there has gone. */
  get isEmpty(): boolean {
    return this.#upkeep.arrival === undefined
  }

  /** Nobody can have its element now: there is none, or it is silent or set aside. */
  get isOut(): boolean {
    return this.#condition.isOut
  }

  /** It makes sense to wait for it. */
  get isAwaitable(): boolean {
    return !this.isEmpty && (!this.isOut || this.#upkeep.isAtWork)
  }

  /** See `Names`, for these. */
  get sen(): Sen | undefined {
    return this.#names.sen
  }
  get nativeSen(): Sen | undefined {
    return this.#names.nativeSen
  }
  get isRouted(): boolean {
    return this.#names.isRouted
  }
  get aid(): Uint8Array | undefined {
    return this.#names.aid
  }
  get atr(): string | undefined {
    return this.#names.atr
  }

  /** Binds the element to a name and an application, or frees it; sessions that run go on. */
  bind(binding: Binding | undefined): void {
    this.#names.binding = binding
    this.#onlookers.changed(this)
    this.#condition.touch()
  }

  /** Who has it, the gateway itself included. */
  get holder(): string | undefined {
    return this.#queue.holder
  }

  /** Somebody has a lease on it. */
  get isHeld(): boolean {
    return this.#holding !== undefined
  }

  get waiting(): number {
    return this.#queue.waiters.length + this.#onlookers.contenders(this).length
  }

  /** The largest TLS record the element takes, header included; 0 while absent. */
  get maxRecordBytes(): number {
    return this.#upkeep.arrival?.maxRecordBytes ?? 0
  }

  /** What the element shares with others that must not be looked at at the same time. */
  get medium(): string {
    return this.#upkeep.arrival?.medium ?? `slot ${this.id}`
  }

  /** All that is known of it now. */
  get report(): SlotReport {
    return reportOf({
      ...{ identity: this.#identity, names: this.#names, condition: this.#condition },
      ...{ upkeep: this.#upkeep, counters: this.#usage, nowMs: this.#clock.now() },
      lease: this.#holding && { holder: this.#queue.holder, heldMs: this.#queue.heldMs },
      waiters: [...this.#queue.waiters, ...this.#onlookers.contenders(this)],
    })
  }

  /** An element has come to this slot; resolves when it has been introduced, or is mute. */
  attach(arrival: Arrival): Promise<void> {
    return this.#upkeep.attach(arrival)
  }

  /** The element of this slot is gone: whoever holds or awaits it is told so. */
  detach(cause: string): void {
    const error = new ElementError('element.gone', cause)
    this.#upkeep.detach(cause)
    this.#queue.dismiss(error)
    this.#holding?.revoke(error)
  }

  /** Takes the slot from whoever holds it; the element is reset, and then the next one's. */
  revoke(error: LeaseError): void {
    if (this.#holding === undefined) return
    this.#log.info('lease.revoked', { holder: this.holder, cause: error.message })
    this.#holding.revoke(error)
  }

  /** Sends everybody away who waits for this slot alone. */
  dismiss(error: LeaseError): void {
    this.#queue.dismiss(error)
  }

  /** Looks whether the idle element is well, see `Upkeep.inspect`. */
  inspect(depth: 'touch' | 'atr'): Promise<string | undefined> {
    return this.#upkeep.inspect(depth)
  }

  /** Warm reset if nobody holds the slot. @returns what came of it, in words */
  async nudge(): Promise<string> {
    if (this.isEmpty) return 'no element'
    if (this.isOut) return this.#upkeep.refusal
    return (await this.#upkeep.inspect('atr')) ?? `held by ${String(this.holder)}`
  }

  /** Takes the lease from whoever has it, and resets the element cold. @returns what came of it, in words */
  async evict(by: string): Promise<string> {
    const { holder } = this
    if (this.isEmpty) return 'no element'
    if (this.#holding === undefined) {
      if (this.#upkeep.isAtWork) return `${this.#upkeep.doing ?? 'being tried'} already`
      await this.#upkeep.reset()
      return this.isOut ? this.#upkeep.refusal : 'reset'
    }
    this.revoke(new LeaseError('lease.revoked', `revoked by ${by}`))
    return `revoked the lease of ${String(holder)}`
  }

  /** Puts the slot into quarantine, or takes it out. @returns what came of it, in words */
  async toggleQuarantine(by: string): Promise<string> {
    if (this.isEmpty) return 'no element'
    if (this.state !== 'quarantined') {
      this.setAside(by)
      return 'set aside in quarantine'
    }
    await this.release(by)
    return `released from quarantine, and ${this.state}`
  }

  /** Nobody gets the element from now on, until `release`; who has it loses it. */
  setAside(by: string): void {
    this.#upkeep.setAside(by)
    const error = new LeaseError('lease.revoked', `set aside by ${by}`)
    this.#queue.dismiss(error)
    this.revoke(error)
  }

  /** Ends the quarantine; resolves when the element has been tried. */
  release(by: string): Promise<void> {
    return this.#upkeep.release(by)
  }

  /**
   * Waits for the slot; the lease comes with an element that is freshly reset.
   * @param signal  gives up waiting
   * @throws LeaseError lease.queue-full, lease.expired, lease.revoked; ElementError element.absent,
   *         element.mute, element.gone; the reason of `signal`
   */
  async acquire(request: LeaseRequest, signal: AbortSignal): Promise<Lease> {
    this.#checkUsable()
    const askedAt = this.#clock.now()
    const { holder: heldBy, waiting: ahead } = this
    if (heldBy !== undefined) this.#log.debug('lease.awaited', { holder: request.holder, heldBy, ahead })
    await this.#queue.enter(request, signal)
    return this.take(request.holder, askedAt, signal)
  }

  /**
   * As `acquire`, but waits for nobody: only for the gateway's own work on the element, if no one else does.
   * @param priority  an operator goes before the others who wait for that
   * @throws LeaseError lease.busy besides
   */
  async tryAcquire(holder: string, signal: AbortSignal, priority: Priority = 'service'): Promise<Lease> {
    this.checkFree(priority)
    // Who comes later, and is ready to wait, comes after.
    return this.acquire({ holder, deadline: Infinity, priority: 'operator' }, signal)
  }

  /** @throws LeaseError lease.busy when somebody holds or awaits the slot, with who and for how long */
  checkFree(priority: Priority = 'service'): void {
    const [{ waiting }, { holder, heldMs }] = [this, this.#queue]
    const hasGateway = this.#upkeep.isAtWork && (waiting === 0 || priority === 'operator')
    if (holder === undefined || hasGateway) return
    const line = waiting === 0 ? '' : `, ${waiting} waiting`
    throw new LeaseError('lease.busy', `held by ${holder} for ${Math.ceil(heldMs / 1000)} s${line}`)
  }

  /** Gives the slot, if it is free, to who waits for it among others. */
  offer(): void {
    if (!this.isOut) this.#queue.offer()
  }

  /**
   * The lease for whom the slot was granted to as a `Contender`, since `askedAt`; after a rejection it is not his.
   * @throws as `acquire`, once granted
   */
  take(holder: string, askedAt: number, signal: AbortSignal): Lease {
    try {
      signal.throwIfAborted()
      this.#checkUsable()
      const { arrival } = this.#upkeep
      if (arrival === undefined || this.state !== 'ready') {
        throw new InternalError(`slot ${this.id} was granted while ${this.state}`)
      }
      const holding = (this.#holding = this.#hold(arrival, holder))
      this.#usage.sessions++
      this.#condition.take('granted', `held by ${holder}`)
      this.#log.debug('lease.granted', { holder, waitedMs: Math.round(this.#clock.now() - askedAt) })
      return holding
    } catch (error) {
      this.#queue.leave()
      throw error
    }
  }

  #checkUsable(): void {
    if (this.isEmpty) throw new ElementError('element.absent', `slot ${this.id} is empty`)
    if (!this.isAwaitable) throw new ElementError('element.mute', this.#upkeep.refusal)
  }

  #hold(arrival: Arrival, holder: string): Holding {
    return new Holding({
      slot: this,
      element: arrival.element,
      used: () => {
        this.#upkeep.used()
        return this.#usage.begin(holder)
      },
      reset: (kind) => this.#upkeep.resetFor(arrival, kind),
      ended: async (kind, error) => {
        this.#holding = undefined
        this.#usage.ended(holder, error)
        await this.#upkeep.finish(arrival, kind)
      },
    })
  }
}
