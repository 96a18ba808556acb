// One place for a secure element: its state, its name, and the way to get it for oneself.

import { parseAtr, senOf } from '../apdu/atr.ts'
import type { Clock } from '../base/clock.ts'
import { codeOf, InternalError, messageOf } from '../base/errors.ts'
import { bytesOfHex, hexOf } from '../base/hex.ts'
import type { Log } from '../base/log.ts'
import type { Arrival, ResetKind } from '../drivers/driver.ts'
import { ElementError } from '../drivers/errors.ts'
import type { Binding } from './binding.ts'
import { LeaseError } from './errors.ts'
import { type Seid, type Sen, type SlotId, senOfBytes } from './identity.ts'
import { Holding, type Lease } from './lease.ts'
import { LeaseQueue, type LeaseRequest, type Waiter } from './lease-queue.ts'

/** absent: no element; mute: it does not answer to reset; ready: free; leased: somebody holds it. */
export type SlotState = 'absent' | 'mute' | 'ready' | 'leased'

export interface SlotEnvironment {
  readonly clock: Clock
  readonly log: Log
  /** How many may wait for a slot while somebody holds it. */
  readonly queueLength: number
}

/** What a slot tells and asks of those who wait for it among others, without standing in its line. */
export interface Onlookers {
  /** Its element, its name, its application or its muteness is another now. */
  changed(slot: Slot): void
  /** Who of them has waited longest and would take it as it is. */
  foremost(slot: Slot): Waiter | undefined
  /** How many of them would take it. */
  waitingFor(slot: Slot): number
}

export class Slot {
  readonly id: SlotId
  readonly seid: Seid
  readonly aliases: readonly Seid[]
  readonly #clock: Clock
  readonly #log: Log
  readonly #queue: LeaseQueue
  readonly #onlookers: Onlookers
  #arrival: Arrival | undefined
  #atr: Uint8Array | undefined
  /** The name in the historical bytes of that ATR. */
  #ownSen: Sen | undefined
  #binding: Binding | undefined
  #isMute = false
  /** True between a reset and the first command after it: the next holder needs no further reset. */
  #isFresh = false
  #holding: Holding | undefined
  /** Held by the gateway itself: the element has come, or its holder is done, and it is being reset. */
  #isPreparing = false

  constructor(
    identity: { id: SlotId; seid: Seid; aliases: readonly Seid[] },
    environment: SlotEnvironment,
    onlookers: Onlookers = NOBODY,
  ) {
    this.id = identity.id
    this.seid = identity.seid
    this.aliases = identity.aliases
    this.#clock = environment.clock
    this.#log = environment.log.child({ slot: identity.id, seid: identity.seid })
    this.#onlookers = onlookers
    this.#queue = new LeaseQueue(environment.clock, environment.queueLength, () => onlookers.foremost(this))
  }

  get state(): SlotState {
    if (this.#arrival === undefined) return 'absent'
    if (this.#queue.holder !== undefined) return 'leased'
    return this.#isMute ? 'mute' : 'ready'
  }

  /** The element's name: the one bound to it, else the configured one, else that of its last ATR. */
  get sen(): Sen | undefined {
    if (this.#arrival === undefined) return undefined
    return this.#binding === undefined ? this.nativeSen : (this.#binding.sen ?? undefined)
  }

  /** The name it has without a binding. */
  get nativeSen(): Sen | undefined {
    return this.#arrival && (configuredNameOf(this.#arrival) ?? this.#ownSen)
  }

  get binding(): Binding | undefined {
    return this.#binding
  }

  /** Binds the element to a name and an application, or frees it; sessions that run go on. */
  bind(binding: Binding | undefined): void {
    this.#binding = binding
    this.#onlookers.changed(this)
  }

  /** False when it was taken off the service plane, by the name null or an AID of one byte. */
  get isRouted(): boolean {
    if (this.#binding === undefined) return true
    const { sen, aid } = this.#binding
    return sen !== null && (aid === undefined || aid.length > 2)
  }

  /** The element did not answer to its last reset. */
  get isMute(): boolean {
    return this.#isMute
  }

  /** The last ATR, in hex. */
  get atr(): string | undefined {
    return this.#atr && hexOf(this.#atr)
  }

  get holder(): string | undefined {
    return this.#queue.holder
  }

  get waiting(): number {
    return this.#queue.waiting + this.#onlookers.waitingFor(this)
  }

  /** AID to select before a TLS-SE session; the default-selected application when undefined. */
  get aid(): Uint8Array | undefined {
    if (this.#binding === undefined) return this.#arrival?.aid
    return this.#binding.aid === undefined ? undefined : bytesOfHex(this.#binding.aid)
  }

  /** The largest TLS record the element takes, header included; 0 while absent. */
  get maxRecordBytes(): number {
    return this.#arrival?.maxRecordBytes ?? 0
  }

  /**
   * An element has come to this slot. It is reset twice: an application may change the historical bytes when it
   * is selected by a reset, and only the ATR after that shows its name.
   */
  async attach(arrival: Arrival): Promise<void> {
    if (this.#arrival !== undefined) throw new InternalError(`slot ${this.id} already has an element`)
    this.#arrival = arrival
    this.#isFresh = false
    this.#isMute = false
    // The slot is held meanwhile, so that a client that comes early waits for its turn.
    const patience = { holder: 'inventory', deadline: Infinity }
    try {
      const entered = this.#queue.enter(patience, new AbortController().signal, 'first')
      this.#onlookers.changed(this)
      await entered
      await this.#introduce(arrival)
      this.#log.info('slot.ready', { sen: this.sen, atr: this.atr })
    } catch (error) {
      this.#log.warn('slot.muted', { code: codeOf(error), cause: messageOf(error) })
    }
  }

  /** The element of this slot is gone: whoever holds or awaits it is told so. */
  detach(cause: string): void {
    this.#arrival = undefined
    this.#atr = undefined
    this.#ownSen = undefined
    const error = new ElementError('element.gone', cause)
    this.#onlookers.changed(this)
    this.#holding?.revoke(error)
    this.#queue.dismiss(error)
    this.#log.warn('slot.vacated', { cause })
  }

  /** Takes the slot from whoever holds or awaits it. */
  revoke(error: LeaseError): void {
    this.#holding?.revoke(error)
    this.#queue.dismiss(error)
  }

  /**
   * Waits for the slot; the lease comes with an element that is freshly reset.
   * @param signal  gives up waiting
   * @throws LeaseError lease.queue-full, lease.expired, lease.revoked; ElementError element.absent,
   *         element.mute, element.gone; LinkError; the reason of `signal`
   */
  acquire(request: LeaseRequest, signal: AbortSignal): Promise<Lease> {
    return this.#acquire(request, signal, 'last')
  }

  /**
   * As `acquire`, but waits for nobody: only for the reset that ends the lease before, if no one else does.
   * @throws LeaseError lease.busy besides
   */
  async tryAcquire(holder: string, signal: AbortSignal): Promise<Lease> {
    this.checkFree()
    return this.#acquire({ holder, deadline: Infinity }, signal, 'first')
  }

  /** @throws LeaseError lease.busy when somebody holds or awaits the slot, with who and for how long */
  checkFree(): void {
    const { holder, heldMs } = this.#queue
    const { waiting } = this
    if (holder === undefined || (this.#isPreparing && waiting === 0)) return
    const line = waiting === 0 ? '' : `, ${waiting} waiting`
    throw new LeaseError('lease.busy', `held by ${holder} for ${Math.ceil(heldMs / 1000)} s${line}`)
  }

  async #acquire(request: LeaseRequest, signal: AbortSignal, place: 'first' | 'last'): Promise<Lease> {
    if (this.#arrival === undefined) throw new ElementError('element.absent', `slot ${this.id} is empty`)
    const askedAt = this.#clock.now()
    const heldBy = this.#queue.holder
    if (heldBy !== undefined) this.#log.debug('lease.awaited', { holder: request.holder, heldBy })
    await this.#queue.enter(request, signal, place)
    return await this.take(request.holder, askedAt, signal)
  }

  /** Gives the slot, if it is free, to who waits for it among others. */
  offer(): void {
    this.#queue.offer()
  }

  /**
   * The lease for whom the slot was granted to as a `Waiter`, since `askedAt`; after a rejection it is not his.
   * @throws as `acquire`, once granted
   */
  async take(holder: string, askedAt: number, signal: AbortSignal): Promise<Lease> {
    try {
      const arrival = this.#present()
      // Held before the reset, so that who takes the slot away meanwhile finds somebody to take it from.
      const holding = (this.#holding = this.#hold(arrival))
      if (!this.#isFresh) await this.#reset(arrival, 'cold')
      holding.revoked.throwIfAborted()
      signal.throwIfAborted()
      const waitedMs = Math.round(this.#clock.now() - askedAt)
      this.#log.debug('lease.granted', { holder, waitedMs })
      return holding
    } catch (error) {
      this.#holding = undefined
      this.#queue.leave()
      throw error
    }
  }

  async #introduce(arrival: Arrival): Promise<void> {
    this.#isPreparing = true
    try {
      await this.#reset(arrival, 'cold')
      await this.#reset(arrival, 'warm')
    } finally {
      this.#isPreparing = false
      this.#queue.leave()
    }
  }

  #present(): Arrival {
    if (this.#arrival === undefined) throw new ElementError('element.gone', `slot ${this.id} is empty`)
    return this.#arrival
  }

  #hold(arrival: Arrival): Holding {
    return new Holding({
      slot: this,
      element: arrival.element,
      used: () => (this.#isFresh = false),
      reset: (kind) => this.#reset(arrival, kind),
      ended: async (kind) => {
        this.#holding = undefined
        this.#isPreparing = true
        try {
          if (this.#arrival === arrival && !this.#isFresh) await this.#reset(arrival, kind)
        } catch (error) {
          this.#log.warn('slot.muted', { code: codeOf(error), cause: messageOf(error) })
        } finally {
          this.#isPreparing = false
          this.#queue.leave()
        }
      },
    })
  }

  async #reset(arrival: Arrival, kind: ResetKind): Promise<void> {
    const reset = (how: ResetKind): Promise<Uint8Array> =>
      arrival.element.reset(how, this.#clock.now() + RESET_TIMEOUT_MS)
    this.#isFresh = false
    const { isMute, nativeSen } = this
    try {
      const atr = kind === 'cold' ? await reset('cold') : await reset('warm').catch(() => reset('cold'))
      // Pulled meanwhile: what a reset has shown of it says nothing about the slot, or about its successor.
      if (this.#arrival !== arrival)
        throw new ElementError('element.gone', `slot ${this.id} lost its element`)
      this.#atr = atr
      this.#ownSen = senOfBytes(senOf(parseAtr(atr)))
      this.#isMute = false
      this.#isFresh = true
    } catch (error) {
      if (this.#arrival === arrival) this.#isMute = true
      throw error
    } finally {
      if (isMute !== this.#isMute || nativeSen !== this.nativeSen) this.#onlookers.changed(this)
    }
  }
}

function configuredNameOf({ sen }: Arrival): Sen | undefined {
  return sen === undefined ? undefined : senOfBytes(Buffer.from(sen, 'latin1'))
}

const NOBODY: Onlookers = { changed: () => undefined, foremost: () => undefined, waitingFor: () => 0 }

/** A reset takes 20 to 100 ms on real cards; the longest initial waiting time of ISO/IEC 7816-3 is 0.9 s. */
const RESET_TIMEOUT_MS = 2_000
