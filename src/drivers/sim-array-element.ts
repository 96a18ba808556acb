// A card in a slot of a SIM array. While it is in use it has a connection of its own, and the slot is ours; after a
// reset nobody followed by a command both are given back, for others have cards to reach too. The reset that a fresh
// element has already seen is then made good for before its first command.

import type { Clock, Timer } from '../base/clock.ts'
import { messageOf } from '../base/errors.ts'
import { hexOf } from '../base/hex.ts'
import type { Log } from '../base/log.ts'
import { Turn } from '../base/turn.ts'
import { APDU_SCRATCH_BYTES, type ResetKind, type SecureElement } from './driver.ts'
import { ElementError, LinkError } from './errors.ts'
import { type ArrayAddress, ArrayLink } from './sim-array-link.ts'
import type { ArraySeats, SeatHolder } from './sim-array-seats.ts'
import { SlotLink } from './sim-array-slot.ts'
import type { ArrayWays } from './sim-array-ways.ts'

/** What the elements of one array share. */
export interface ArrayAccess {
  readonly address: ArrayAddress
  readonly clock: Clock
  readonly seats: ArraySeats
  readonly ways: ArrayWays
  readonly log: Log
  /** Asks the inventory again: something did not go as it should. */
  poke(): void
}

export interface SimArrayElementOptions {
  /** For people and logs: the SEID. */
  readonly name: string
  /** board * 100 + slot. */
  readonly slot: number
  readonly access: ArrayAccess
  /** Another card than before is in the slot, or the same one can be used again: it has to be introduced anew. */
  onReplaced(element: SimArrayElement, cause: string): void
}

export class SimArrayElement implements SecureElement, SeatHolder {
  readonly name: string
  readonly scratch = new Uint8Array(APDU_SCRATCH_BYTES)
  readonly #options: SimArrayElementOptions
  readonly #access: ArrayAccess
  /** The calls of the port never overlap, but what this element does by itself must not come between. */
  readonly #turn = new Turn()
  /** unreset: takes no commands. fresh: nothing has been sent since the reset. */
  #state: 'unreset' | 'fresh' | 'used' = 'unreset'
  #link: SlotLink | undefined
  #atr: string | undefined
  /** The card may be another one than that of the last ATR. */
  #isSuspect = false
  /** The last reset failed: it is tried again whenever the inventory has been asked. */
  #isRefused = false
  /** A connection that used the slot went away without a word; the array may not have noticed. */
  #hasDropped = false
  #idleTimer: Timer | undefined
  #background: Promise<void> = Promise.resolve()
  #gone: ElementError | undefined

  constructor(options: SimArrayElementOptions) {
    this.name = options.name
    this.#options = options
    this.#access = options.access
  }

  /** Cold, whichever was asked for: the array's RESET is not documented, so the slot is freed and used anew. */
  reset(_kind: ResetKind, deadline: number): Promise<Uint8Array> {
    return this.#call(async () => {
      this.#state = 'unreset'
      this.#isRefused = true
      const atr = await this.#use(await this.#linkBy(deadline), deadline)
      this.#isRefused = false
      this.#recognise(atr)
      this.#state = 'fresh'
      return atr
    })
  }

  transmit(command: Uint8Array, response: Uint8Array, deadline: number): Promise<number> {
    return this.#call(async () => {
      const state = this.#state
      this.#state = 'unreset'
      if (state === 'unreset')
        throw new ElementError('element.mute', `${this.name}: not reset since it failed`)
      if (state === 'fresh' && this.#link?.isOpen !== true) {
        this.#recognise(await this.#use(await this.#linkBy(deadline), deadline))
      }
      if (this.#link === undefined)
        throw new LinkError('link.closed', `${this.name}: the connection was lost`)
      const length = await this.#link.transmit(command, response, deadline)
      this.#state = 'used'
      return length
    })
  }

  powerOff(): Promise<void> {
    return this.#turn.run(async () => {
      this.#stir()
      this.#state = 'unreset'
      await this.#release()
    })
  }

  giveUp(): void {
    this.#background = this.#turn.run(async () => {
      if (this.#state !== 'fresh') return
      this.#stir()
      await this.#release()
    })
  }

  /** The inventory says that a card has come or gone somewhere near: is this one still the same? */
  suspect(): void {
    this.#background = this.#turn.run(() => this.#verify())
  }

  /** The inventory has been asked; an element that could not be reset may be usable now. */
  review(): void {
    if (this.#isRefused) this.#background = this.#turn.run(() => this.#retry())
  }

  /** The element has left: calls in flight, and all after them, reject with element.gone. */
  async retire(cause: string): Promise<void> {
    this.#gone ??= new ElementError('element.gone', `${this.name}: ${cause}`)
    this.#idleTimer?.cancel()
    this.#drop()
    await this.#background
  }

  /** One call of the port: in turn, and by an element that is still there. */
  #call<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#turn.run(async () => {
      this.#checkPresence()
      this.#stir()
      try {
        return await work()
      } catch (error) {
        if (error instanceof LinkError) {
          // Assumed: a refusal is also what an array says when the card was pulled, or another has taken its place.
          if (error.code === 'link.nack') this.#isSuspect = true
          this.#access.poke()
        }
        throw this.#gone ?? error
      } finally {
        this.#settle()
      }
    })
  }

  #checkPresence(): void {
    if (this.#gone !== undefined) throw this.#gone
  }

  #stir(): void {
    this.#idleTimer?.cancel()
    this.#access.seats.withdraw(this)
  }

  /** After a call: a connection that is of no use is given back at once, one that could be of use after a while. */
  #settle(): void {
    if (this.#link?.isOpen === false || this.#state === 'unreset') this.#drop()
    if (this.#link === undefined || this.#state !== 'fresh') return
    const { clock, seats } = this.#access
    this.#idleTimer = clock.at(clock.now() + IDLE_MS, () => this.giveUp())
    seats.offer(this)
  }

  /** @throws ElementError element.gone when this is the ATR of another card than was expected */
  #recognise(atr: Uint8Array): void {
    const [before, now, wasSuspect] = [this.#atr, hexOf(atr), this.#isSuspect]
    this.#atr = now
    this.#isSuspect = false
    // Only on suspicion: an application may change its historical bytes.
    if (!wasSuspect || before === undefined || before === now) return
    this.#replace(`another card is in slot ${this.#options.slot}`)
    throw this.#gone ?? new ElementError('element.gone', this.name)
  }

  #replace(cause: string): void {
    this.#gone ??= new ElementError('element.gone', `${this.name}: ${cause}`)
    this.#drop()
    this.#options.onReplaced(this, cause)
  }

  /** An element in use is not disturbed: its next reset shows whether it is the same. */
  async #verify(): Promise<void> {
    if (this.#gone !== undefined) return
    this.#isSuspect = true
    if (this.#state !== 'fresh') return
    await this.#attempt(async (deadline) => {
      const link = await this.#linkBy(deadline)
      this.#state = 'unreset'
      this.#isRefused = true
      this.#recognise(await this.#use(link, deadline))
      this.#isRefused = false
      this.#state = 'fresh'
    })
  }

  async #retry(): Promise<void> {
    if (this.#gone !== undefined || !this.#isRefused) return
    await this.#attempt(async (deadline) => {
      await this.#use(await this.#linkBy(deadline), deadline)
      this.#replace('it could not be used for a while')
    })
  }

  /** What this element does by itself. That it fails is no news: what follows from it is in the state. */
  async #attempt(work: (deadline: number) => Promise<void>): Promise<void> {
    const { clock } = this.#access
    this.#stir()
    try {
      await work(clock.now() + ATTEMPT_MS)
    } catch (error) {
      if (!(error instanceof LinkError) && !(error instanceof ElementError)) throw error
      this.#access.log.debug('element.failed', { seid: this.name, cause: messageOf(error) })
    } finally {
      this.#settle()
    }
  }

  /** Makes the slot ours, which resets the card. @returns its ATR, a fresh array */
  #use(link: SlotLink, deadline: number): Promise<Uint8Array> {
    const patience = this.#hasDropped ? 'after a loss' : 'none'
    this.#hasDropped = false
    return link.use(patience, deadline)
  }

  async #linkBy(deadline: number): Promise<SlotLink> {
    if (this.#link?.isOpen === true) return this.#link
    if (this.#link !== undefined) this.#drop()
    const { address, clock, seats, ways } = this.#access
    const { name, slot } = this.#options
    await seats.take(deadline)
    try {
      const link = await ArrayLink.open(address, clock, deadline)
      if (this.#gone !== undefined) link.close()
      this.#checkPresence()
      return (this.#link = new SlotLink({ name, slot, link, ways, clock }))
    } catch (error) {
      seats.leave(this)
      throw error
    }
  }

  /** Frees the slot and closes the connection. */
  async #release(): Promise<void> {
    const link = this.#link
    if (link === undefined) return
    const isFreed = await link.free(this.#access.clock.now() + FREE_MS)
    this.#drop()
    this.#hasDropped = !isFreed
  }

  #drop(): void {
    if (this.#link === undefined) return
    this.#hasDropped = true
    this.#link.close()
    this.#link = undefined
    this.#access.seats.leave(this)
  }
}

/** How long a freshly reset element keeps its slot for a command that may follow. */
const IDLE_MS = 1_000
const FREE_MS = 250
const ATTEMPT_MS = 1_000
