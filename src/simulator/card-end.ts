// The card's end of a socket with frames, whoever has dialled.

import type { Socket } from 'node:net'
import { type Clock, sleepUntil } from '../base/clock.ts'
import { CONTROL, FrameReader, frameOf } from '../base/vpcd-frames.ts'
import type { Card } from './card.ts'
import type { LatencyProfile, LatencyStep } from './latency.ts'

export interface CardEndOptions {
  readonly card: Card
  readonly clock: Clock
  readonly latency: LatencyProfile
}

/** A connection that has the card: its frames are answered one after the other. */
export class CardEnd {
  readonly socket: Socket
  readonly #options: CardEndOptions
  readonly #reader: FrameReader
  /** The ATR since the card was powered on; none while it is off, as it is for each new client. */
  #atr: Uint8Array | undefined
  #unanswered = 0
  #work: Promise<void> = Promise.resolve()

  /** @param maxCommandBytes  a longer one ends the connection */
  constructor(socket: Socket, options: CardEndOptions, maxCommandBytes: number) {
    this.socket = socket
    this.#reader = new FrameReader(maxCommandBytes)
    this.#options = options
  }

  start(): void {
    this.socket.on('data', (chunk: Uint8Array) => this.#receive(chunk))
    this.socket.resume()
  }

  #receive(chunk: Uint8Array): void {
    const payloads = this.#reader.push(chunk)
    this.#unanswered += payloads?.length ?? 0
    // A reader waits for each answer. Who sends on and on, or never reads, is none.
    if (
      payloads === undefined ||
      this.#unanswered > MAX_UNANSWERED ||
      this.socket.writableLength > MAX_UNREAD_BYTES
    ) {
      this.socket.destroy()
      return
    }
    for (const payload of payloads) this.#work = this.#work.then(() => this.#serve(payload))
  }

  async #serve(payload: Uint8Array): Promise<void> {
    if (this.socket.destroyed) return
    const answer =
      payload.length > 1 ? await this.#apdu(payload) : await this.#control(payload[0] ?? EMPTY_FRAME)
    this.#unanswered -= 1
    if (!this.socket.writable) return
    if (answer === 'not a reader') this.socket.destroy()
    else if (answer !== undefined) this.socket.write(frameOf(answer))
  }

  /** An empty answer stands for a mute card: it is off. */
  async #apdu(apdu: Uint8Array): Promise<Uint8Array> {
    if (this.#atr === undefined) return NOTHING
    const { response, step } = this.#options.card.process(apdu)
    await this.#spend(step)
    return response
  }

  async #control(code: number): Promise<Uint8Array | 'not a reader' | undefined> {
    switch (code) {
      case CONTROL.POWER_OFF:
        this.#atr = undefined
        return undefined
      case CONTROL.POWER_ON:
      case CONTROL.RESET:
        this.#atr = this.#options.card.reset()
        await this.#spend('reset')
        return undefined
      case CONTROL.GET_ATR:
        return this.#atr ?? NOTHING
      default:
        return 'not a reader'
    }
  }

  async #spend(step: LatencyStep): Promise<void> {
    const { clock, latency } = this.#options
    if (latency[step] > 0) await sleepUntil(clock, clock.now() + latency[step])
  }
}

const EMPTY_FRAME = -1
const NOTHING = new Uint8Array(0)
const MAX_UNANSWERED = 16
const MAX_UNREAD_BYTES = 16_384
