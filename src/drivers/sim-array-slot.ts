// What is said about one slot over one connection to a SIM array: USE, FREE, and commands, whole or as TPDUs.

import { ApduError } from '../apdu/errors.ts'
import { type Clock, sleepUntil } from '../base/clock.ts'
import { hexOf } from '../base/hex.ts'
import { T0Machine } from '../t0/machine.ts'
import { ElementError, LinkError } from './errors.ts'
import { type ArrayLink, excerptOf } from './sim-array-link.ts'
import { type ArrayReply, bytesOfRuns } from './sim-array-text.ts'
import type { ArrayWay, ArrayWays } from './sim-array-ways.ts'

export interface SlotLinkOptions {
  /** Of the element, for messages. */
  readonly name: string
  /** board * 100 + slot. */
  readonly slot: number
  /** Owned by the new object. */
  readonly link: ArrayLink
  readonly ways: ArrayWays
  readonly clock: Clock
}

/** One call at a time. A reply that cannot be read, or comes late, closes the connection. */
export class SlotLink {
  readonly #options: SlotLinkOptions
  readonly #link: ArrayLink
  readonly #t0 = new T0Machine()

  constructor(options: SlotLinkOptions) {
    this.#options = options
    this.#link = options.link
  }

  get isOpen(): boolean {
    return this.#link.isOpen
  }

  close(): void {
    this.#link.close()
  }

  /**
   * Makes the slot ours, which resets the card.
   * @param patience  after a loss: the array may not have noticed yet that our last connection is gone
   * @returns the ATR, a fresh array
   * @throws LinkError, link.nack when the array does not give us the slot; ElementError element.mute without ATR
   */
  async use(patience: 'none' | 'after a loss', deadline: number): Promise<Uint8Array> {
    const { name, slot, clock } = this.#options
    const limit = patience === 'none' ? 0 : clock.now() + TAKEOVER_MS
    for (;;) {
      // The reference client frees first, too. Refused, USE will say so as well.
      await this.#link.request(`FREE ${slot}`, deadline)
      const reply = await this.#link.request(`USE ${slot}`, deadline)
      if (reply.isSuccess) return this.#atrOf(reply)
      if (clock.now() >= limit) {
        const words = `leased by another client of the array, or not usable: "${excerptOf(reply.line)}"`
        throw new LinkError('link.nack', `${name}: ${words}`)
      }
      await sleepUntil(clock, Math.min(clock.now() + TAKEOVER_STEP_MS, deadline))
    }
  }

  /** Gives the slot back. Resolves to whether the array has said that it is free. */
  free(deadline: number): Promise<boolean> {
    return this.#link.request(`FREE ${this.#options.slot}`, deadline).then(
      ({ isSuccess }) => isSuccess,
      () => false,
    )
  }

  /**
   * One command APDU of any case, by whichever way the array takes.
   * @param response  owned by the caller
   * @returns bytes of data and status word in `response`
   * @throws LinkError, link.nack when the array refuses; ApduError
   */
  async transmit(command: Uint8Array, response: Uint8Array, deadline: number): Promise<number> {
    const { slot, ways } = this.#options
    if (ways.wayOf(command) === 'apdu') return this.#sendWhole(command, response, deadline)
    let action = this.#t0.start(command, response)
    while (action.kind === 'send') {
      const line = `tpdu ${slot} ${action.direction === 'read' ? 'r' : 'w'} ${hexOf(action.tpdu)}`
      action = this.#t0.received(await this.#ask('tpdu', line, deadline))
    }
    if (action.kind === 'failed') throw action.error
    return action.length
  }

  async #sendWhole(command: Uint8Array, response: Uint8Array, deadline: number): Promise<number> {
    const { name, slot } = this.#options
    const answer = await this.#ask('apdu', `apdu ${slot} ${hexOf(command)}`, deadline)
    if (answer.length < 2 || answer.length > response.length) {
      throw new ApduError('apdu.malformed', `${name}: answer of ${answer.length} bytes to a command`)
    }
    response.set(answer)
    return answer.length
  }

  /** @returns the bytes of the reply, a fresh array */
  async #ask(way: ArrayWay, line: string, deadline: number): Promise<Uint8Array> {
    const { name, ways } = this.#options
    const reply = await this.#link.request(line, deadline)
    ways.learn(way, reply.isSuccess ? 'taken' : 'refused')
    if (reply.isSuccess) return this.#bytesOf(reply)
    throw new LinkError('link.nack', `${name}: the array refused ${way}: "${excerptOf(reply.line)}"`)
  }

  #atrOf(reply: ArrayReply): Uint8Array {
    const atr = this.#bytesOf(reply)
    if (atr.length === 0) throw new ElementError('element.mute', `${this.#options.name}: no ATR`)
    return atr
  }

  #bytesOf({ text, line }: ArrayReply): Uint8Array {
    const bytes = bytesOfRuns(text)
    if (bytes !== undefined) return bytes
    this.#link.close()
    const cause = new RangeError(`"${excerptOf(line)}" is not hex with runs, or too long`)
    throw new LinkError('link.closed', `${this.#options.name}: a reply that cannot be read`, { cause })
  }
}

const TAKEOVER_MS = 250
const TAKEOVER_STEP_MS = 50
