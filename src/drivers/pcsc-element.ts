// The card in a PC/SC reader as a SecureElement. A call into PC/SC cannot be cancelled: when the deadline comes, the
// caller is told so, and the element is stuck until the call returns.

import { type Clock, sleepUntil, type Timer } from '../base/clock.ts'
import { T0Machine } from '../t0/machine.ts'
import { APDU_SCRATCH_BYTES, type ResetKind, type RunningCall, type SecureElement } from './driver.ts'
import { ElementError, LinkError } from './errors.ts'
import type { CardSession, Protocol, Reset } from './pcsc-port.ts'

export interface PcscElementOptions {
  /** For people and logs: the SEID. */
  readonly name: string
  /** Owned by the element from now on. */
  readonly session: CardSession
  /** The element that was in the reader before has let go of it. */
  readonly isFree: Promise<void>
  readonly clock: Clock
  /** Another program has the card. */
  onTaken(): void
}

export class PcscElement implements SecureElement {
  readonly name: string
  readonly scratch = new Uint8Array(APDU_SCRATCH_BYTES)
  readonly #options: PcscElementOptions
  /** Of the last reset; none once anything has failed since. */
  #protocol: Protocol | undefined
  /** The call into PC/SC that has not returned, whether anybody still awaits it or not. */
  #running: { readonly what: string; readonly since: number } | undefined
  #returned: Promise<void> = Promise.resolve()
  /** Rejects what the caller awaits. */
  #abandon: ((cause: Error) => void) | undefined
  /** Why the element is not to be used any more. */
  #cause: ElementError | LinkError | undefined

  constructor(options: PcscElementOptions) {
    this.name = options.name
    this.#options = options
  }

  /** What has not returned, whether anybody still awaits it or not. */
  get call(): RunningCall | undefined {
    if (this.#running === undefined) return undefined
    const { what, since } = this.#running
    return { what: `${what} in the reader of ${this.name}`, since, limitMs: CALL_LIMIT_MS }
  }

  async reset(kind: ResetKind, deadline: number): Promise<Uint8Array> {
    const { isFree } = this.#options
    try {
      const { protocol, atr } = await this.#run(`a ${kind} reset`, deadline, async () => {
        await isFree
        return this.#reset(kind)
      })
      this.#protocol = protocol
      return atr
    } catch (error) {
      if (error instanceof LinkError && error.code === 'link.nack') this.#options.onTaken()
      throw error
    }
  }

  async transmit(command: Uint8Array, response: Uint8Array, deadline: number): Promise<number> {
    this.#checkUsable()
    const protocol = this.#protocol
    if (protocol === undefined)
      throw new ElementError('element.mute', `${this.name}: not reset since power-off or failure`)
    const answer = await this.#run('a command', deadline, () =>
      protocol === 't0'
        ? this.#transmitT0(command, response.length, deadline)
        : this.#transmit(command, response.length),
    )
    this.#protocol = protocol
    response.set(answer)
    return answer.length
  }

  async powerOff(): Promise<void> {
    this.#protocol = undefined
    if (this.#cause !== undefined || this.#running !== undefined) return
    const { session, clock } = this.#options
    await this.#run('power-off', clock.now() + POWER_OFF_MS, () => session.close())
  }

  /**
   * The element is not to be used any more: the call that somebody awaits rejects with `cause`, and every later one.
   * @returns when the reader is free, which is when the call that runs has returned: maybe never
   */
  end(cause: ElementError | LinkError): Promise<void> {
    this.#cause = cause
    this.#abandon?.(cause)
    // A card that is gone needs no power-off.
    return this.#returned.then(() => this.#options.session.close()).catch(() => undefined)
  }

  #checkUsable(): void {
    if (this.#cause !== undefined) throw this.#cause
    if (this.#running === undefined) return
    const { what, since } = this.#running
    const runMs = Math.round(this.#options.clock.now() - since)
    throw new LinkError('link.stuck', `${this.name}: still busy with ${what} of ${runMs} ms ago`)
  }

  /** Runs `work` to its end; its result is dropped when that comes after the deadline or the end of the element. */
  async #run<Result>(what: string, deadline: number, work: () => Promise<Result>): Promise<Result> {
    this.#checkUsable()
    this.#protocol = undefined
    const { clock } = this.#options
    this.#running = { what, since: clock.now() }
    const done = (): void => (this.#running = undefined)
    const call = work()
    this.#returned = call.then(done, done)
    let timer: Timer | undefined
    const givenUp = new Promise<never>((_, reject) => {
      this.#abandon = reject
      timer = clock.at(deadline, () =>
        reject(new LinkError('link.timeout', `${this.name}: ${what} not done by the deadline`)),
      )
    })
    try {
      return await Promise.race([call, givenUp])
    } finally {
      timer?.cancel()
      this.#abandon = undefined
    }
  }

  /**
   * Just after a card has come or has lost its power, pcscd may fail to power it or take it for absent: it is mute or
   * absent when it stays so.
   */
  async #reset(kind: ResetKind): Promise<Reset> {
    const { session, clock } = this.#options
    for (let attempt = 1; ; attempt++) {
      try {
        return await session.reset(kind)
      } catch (error) {
        const mayPass = error instanceof ElementError && PASSING.includes(error.code)
        if (!mayPass || attempt === RESET_ATTEMPTS || this.#cause !== undefined) throw error
        await sleepUntil(clock, clock.now() + RESET_PAUSE_MS)
      }
    }
  }

  /** T=0 in a PC/SC reader: SCardTransmit takes a TPDU there, not an APDU. */
  async #transmitT0(command: Uint8Array, maxResponseBytes: number, deadline: number): Promise<Uint8Array> {
    // Not the caller's buffer: it takes that back when it gives up.
    const response = new Uint8Array(maxResponseBytes)
    const machine = new T0Machine()
    let action = machine.start(command, response)
    while (action.kind === 'send') {
      const answer = await this.#transmit(action.tpdu, MAX_TPDU_ANSWER_BYTES)
      if (this.#cause !== undefined) throw this.#cause
      if (this.#options.clock.now() >= deadline) {
        throw new LinkError('link.timeout', `${this.name}: given up between two TPDUs`)
      }
      action = machine.received(answer)
    }
    if (action.kind === 'failed') throw action.error
    return response.subarray(0, action.length)
  }

  async #transmit(command: Uint8Array, maxResponseBytes: number): Promise<Uint8Array> {
    const { session, clock } = this.#options
    try {
      const answer = await session.transmit(command, maxResponseBytes)
      if (answer.length >= STATUS_WORD_BYTES) return answer
      throw new ElementError('element.mute', `${this.name}: ${answer.length} bytes are no response`)
    } catch (error) {
      // pcscd looks for cards every 400 ms: only then is it known whether this one was pulled, or is silent.
      await sleepUntil(clock, clock.now() + REMOVAL_NOTICE_MS)
      throw error
    }
  }
}

const STATUS_WORD_BYTES = 2
const MAX_TPDU_ANSWER_BYTES = 256 + STATUS_WORD_BYTES
const PASSING: readonly string[] = ['element.mute', 'element.absent']
const RESET_ATTEMPTS = 5
const RESET_PAUSE_MS = 200
/** A card may make a key of RSA-4096 for minutes. */
const CALL_LIMIT_MS = 600_000
const POWER_OFF_MS = 1_000
const REMOVAL_NOTICE_MS = 600
