// A simulated card in another process as a SecureElement. The connection is kept up for as long as the element is
// open: dialled again and again while the card is away, made anew after every time-out.

import type { Clock, Timer } from '../base/clock.ts'
import { messageOf } from '../base/errors.ts'
import { CONTROL } from '../base/vpcd-frames.ts'
import { APDU_SCRATCH_BYTES, type ResetKind, type SecureElement } from '../drivers/driver.ts'
import { ElementError, LinkError } from '../drivers/errors.ts'
import { Exclusive } from './exclusive.ts'
import { FrameLink } from './frame-link.ts'

export interface RemoteElementOptions {
  /** For people and logs: the SEID. */
  readonly name: string
  readonly path: string
  readonly clock: Clock
  /** The card is there, at first or again. */
  onArrive(): void
  onLeave(cause: string): void
}

export class RemoteElement implements SecureElement, AsyncDisposable {
  readonly name: string
  readonly scratch = new Uint8Array(APDU_SCRATCH_BYTES)
  readonly #options: RemoteElementOptions
  readonly #exclusive: Exclusive
  #link: FrameLink | undefined
  #probing: FrameLink | undefined
  #dialling: Promise<void> | undefined
  #retry: Timer | undefined
  #backOffMs = FIRST_BACK_OFF_MS
  #isPresent = false
  #isReady = false
  #isClosed = false

  constructor(options: RemoteElementOptions) {
    this.name = options.name
    this.#exclusive = new Exclusive(options.name)
    this.#options = options
  }

  /** Dials for the first time. Resolves when that has succeeded or failed; after a failure dialling goes on. */
  async open(): Promise<void> {
    this.#dial()
    await this.#dialling
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    this.#retry?.cancel()
    this.#link?.close()
    this.#probing?.close()
    await this.#dialling
  }

  async reset(kind: ResetKind, deadline: number): Promise<Uint8Array> {
    return this.#exclusive.run(async () => {
      this.#isReady = false
      const link = await this.#linkBy(deadline)
      for (const code of kind === 'cold' ? COLD_RESET : WARM_RESET) link.send(Uint8Array.of(code))
      const atr = await link.request(GET_ATR, deadline)
      if (atr.length === 0) throw new ElementError('element.mute', `${this.name}: no ATR`)
      this.#isReady = true
      return Uint8Array.from(atr)
    })
  }

  async transmit(command: Uint8Array, response: Uint8Array, deadline: number): Promise<number> {
    return this.#exclusive.run(async () => {
      if (!this.#isPresent) throw new ElementError('element.absent', `${this.name}: nobody serves the card`)
      if (this.#link === undefined || !this.#isReady) throw this.#muteError()
      const answer = await this.#link.request(command, deadline).catch((error: unknown) => {
        this.#isReady = false
        throw error
      })
      if (answer.length < 2) throw this.#muteError()
      response.set(answer)
      return answer.length
    })
  }

  powerOff(): Promise<void> {
    this.#isReady = false
    this.#link?.send(Uint8Array.of(CONTROL.POWER_OFF))
    return Promise.resolve()
  }

  #muteError(): ElementError {
    this.#isReady = false
    return new ElementError('element.mute', `${this.name}: not reset since power-off or time-out`)
  }

  /** The connection, which may be in the making. */
  async #linkBy(deadline: number): Promise<FrameLink> {
    if (this.#link === undefined && this.#isPresent) await this.#dialledOr(deadline)
    if (this.#link !== undefined) return this.#link
    if (this.#isPresent)
      throw new LinkError('link.timeout', `${this.name}: not connected again by the deadline`)
    throw new ElementError('element.absent', `${this.name}: nobody serves the card`)
  }

  async #dialledOr(deadline: number): Promise<void> {
    let timer: Timer | undefined
    const expired = new Promise<void>((resolve) => {
      timer = this.#options.clock.at(deadline, resolve)
    })
    await Promise.race([this.#dialling, expired])
    timer?.cancel()
  }

  #dial(): void {
    this.#retry = undefined
    this.#dialling = this.#attempt().then((failure) => {
      this.#dialling = undefined
      if (failure !== undefined) this.#fail(failure)
    })
  }

  /** Connects, and asks for an ATR to learn whether the card's one place is ours. Resolves to what went wrong. */
  async #attempt(): Promise<string | undefined> {
    const { path, clock } = this.#options
    try {
      const link = await FrameLink.open(path, clock)
      this.#probing = link
      if (!this.#isClosed) await link.request(GET_ATR, clock.now() + PROBE_MS)
      this.#use(link)
      return undefined
    } catch (error) {
      if (error instanceof LinkError) return messageOf(error)
      throw error
    } finally {
      this.#probing = undefined
    }
  }

  #use(link: FrameLink): void {
    if (this.#isClosed) {
      link.close()
      return
    }
    link.onClose = (reason) => this.#lose(link, reason)
    this.#link = link
    this.#backOffMs = FIRST_BACK_OFF_MS
    if (this.#isPresent) return
    this.#isPresent = true
    this.#options.onArrive()
  }

  /** The card is away: dials again after a pause. */
  #fail(cause: string): void {
    this.#leave(cause)
    if (this.#isClosed) return
    const { clock } = this.#options
    this.#retry = clock.at(clock.now() + this.#backOffMs, () => this.#dial())
    this.#backOffMs = Math.min(2 * this.#backOffMs, MAX_BACK_OFF_MS)
  }

  /** After a time-out the card is still there as far as anybody knows: only a failure to connect again tells. */
  #lose(link: FrameLink, reason: 'expired' | 'lost'): void {
    if (this.#link !== link) return
    this.#link = undefined
    this.#isReady = false
    if (this.#isClosed) return
    if (reason === 'expired') this.#dial()
    else this.#fail('the card closed the connection')
  }

  #leave(cause: string): void {
    if (!this.#isPresent) return
    this.#isPresent = false
    this.#options.onLeave(cause)
  }
}

const GET_ATR = Uint8Array.of(CONTROL.GET_ATR)
const COLD_RESET = [CONTROL.POWER_OFF, CONTROL.POWER_ON] as const
const WARM_RESET = [CONTROL.RESET] as const
const FIRST_BACK_OFF_MS = 50
const MAX_BACK_OFF_MS = 2000
const PROBE_MS = 1000
