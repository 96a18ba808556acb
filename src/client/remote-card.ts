// A remote element as a card of ours: a lease on it, its ATR, its resets and commands.

import type { Clock, Timer } from '../base/clock.ts'
import { bytesOfHex } from '../base/hex.ts'
import { atrAround } from './atr.ts'
import { ClientError } from './errors.ts'
import type { RacsClient } from './racs.ts'

export interface RemoteCardOptions {
  readonly seid: string
  readonly clock: Clock
  /** For each answer of the gateway. */
  readonly timeoutMs: number
}

export class RemoteCard implements AsyncDisposable {
  readonly #client: RacsClient
  readonly #options: RemoteCardOptions
  #atr: Uint8Array = new Uint8Array(0)
  #isAtrTold = false
  /** Of the reference dialect, in which -7yz says also that a command is forbidden. */
  #isReference = false
  #keepAlive: Timer | undefined
  #released: Promise<void> | undefined

  /** @param client  belongs to the card from now on */
  constructor(client: RacsClient, options: RemoteCardOptions) {
    this.#client = client
    this.#options = options
  }

  /** That of the last reset; empty before `take`. */
  get atr(): Uint8Array {
    return this.#atr
  }

  /** False when the gateway does not tell the ATR, and `atr` is one made of the name of the element. */
  get isAtrTold(): boolean {
    return this.#isAtrTold
  }

  /** Why there is no session with the gateway any more, or undefined. */
  get failure(): ClientError | undefined {
    return this.#client.failure
  }

  /** Called once, when the session with the gateway is lost. */
  set onLost(listener: (error: ClientError) => void) {
    this.#client.onLost = listener
  }

  /** Takes the lease. @throws ClientError as RacsClient */
  async take(): Promise<void> {
    const { seid } = this.#options
    this.#isReference = (await this.#ask((deadline) => this.#client.version(deadline))) !== DRAFT_VERSION
    await this.#ask((deadline) => this.#client.poweron(seid, deadline))
    await this.reset('cold')
  }

  /** @throws ClientError as RacsClient */
  async reset(kind: 'cold' | 'warm'): Promise<void> {
    const { text } = await this.#ask((deadline) => this.#client.reset(this.#options.seid, kind, deadline))
    const atr = bytesOfHex(ATR_TOLD.exec(text)?.[1] ?? '') ?? NOTHING
    this.#isAtrTold = atr.length > 0
    this.#atr = this.#isAtrTold ? atr : atrAround(await this.#name())
  }

  /**
   * One APDU. What the gateway forbids, or cannot carry, is answered in place of the element, which never saw it.
   * @param command  borrowed until this returns
   * @returns at least two bytes
   * @throws ClientError as RacsClient; then it is not known whether the element carried it out
   */
  async apdu(command: Uint8Array): Promise<Uint8Array> {
    try {
      return await this.#ask((deadline) => this.#client.apdu(this.#options.seid, command, { deadline }))
    } catch (error) {
      const answer = error instanceof ClientError ? this.#answerInPlace(error) : undefined
      if (answer === undefined) throw error
      return answer
    }
  }

  /** Frees the element and ends the session; what is under way fails within moments. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#released ??= this.#release()
    return this.#released
  }

  async #release(): Promise<void> {
    this.#keepAlive?.cancel()
    const { clock, seid } = this.#options
    try {
      await this.#client.shutdown(seid, clock.now() + RELEASE_MS)
    } catch (error) {
      // The end of the session frees the element as well.
      if (!(error instanceof ClientError)) throw error
    }
    await this.#client[Symbol.asyncDispose]()
  }

  #answerInPlace({ code, status }: ClientError): Uint8Array | undefined {
    if (code === 'client.request') return SW_WRONG_LENGTH
    switch (status?.code.charAt(0)) {
      case '4':
      case '5':
        return SW_WRONG_LENGTH
      case '6':
        return SW_FORBIDDEN
      case '7':
        return this.#isReference ? SW_FORBIDDEN : undefined
      case undefined:
      default:
        return undefined
    }
  }

  /** The name that the element has; empty when it has none. */
  async #name(): Promise<string> {
    try {
      return (await this.#ask((deadline) => this.#client.getSen(this.#options.seid, deadline))).name
    } catch (error) {
      if (error instanceof ClientError && error.code === 'client.refused') return ''
      throw error
    }
  }

  /** Asks the gateway, and from time to time again, so that it sees that we are still there. */
  async #ask<T>(question: (deadline: number) => Promise<T>): Promise<T> {
    const { clock, timeoutMs } = this.#options
    this.#keepAlive?.cancel()
    try {
      return await question(clock.now() + timeoutMs)
    } finally {
      if (this.#released === undefined && this.#client.failure === undefined) {
        this.#keepAlive = clock.at(clock.now() + KEEP_ALIVE_MS, () => {
          // A failure ends the session, and is told to `onLost`.
          this.#ask((deadline) => this.#client.version(deadline)).catch(() => undefined)
        })
      }
    }
  }
}

const DRAFT_VERSION = '1.0'
/** TS and 1 to 32 bytes more, at the end of the answer to RESET. */
const ATR_TOLD = / ATR= ?(3[BbFf](?:[0-9A-Fa-f]{2}){1,32})$/
const NOTHING = new Uint8Array(0)
const SW_WRONG_LENGTH = Uint8Array.of(0x67, 0x00)
/** Security status not satisfied. */
const SW_FORBIDDEN = Uint8Array.of(0x69, 0x82)
/** Well under the shortest idle times of gateways and of address translation on the way. */
const KEEP_ALIVE_MS = 20_000
const RELEASE_MS = 3_000
