// The bridge dialect: a microcontroller that passes APDUs to a card and has no state but its last answer.

import type { WireApdus } from './wire-apdus.ts'
import { type Block, blockOf, frameOf } from './wire-block.ts'
import type { WireDialect } from './wire-dialect.ts'
import type { Outgoing, WireEnd } from './wire-end.ts'
import { historicalBytesOf } from './wire-parameters.ts'

export interface BridgeSettings {
  readonly dialect: WireDialect
  readonly apdus: WireApdus
}

export class BridgeCard implements WireEnd {
  readonly #settings: BridgeSettings
  #last: Outgoing | undefined
  /** What `repeat` repeats: the last answer that was none of the bridge's own complaints. */
  #answer: Uint8Array | undefined
  #readyAt = 0
  #isPowered = true

  constructor(settings: BridgeSettings) {
    this.#settings = settings
  }

  reset(): void {
    this.#settings.apdus.reset()
    this.#last = undefined
    this.#answer = undefined
    this.#readyAt = 0
    this.#isPowered = true
  }

  /** There is no request for more time in this dialect. */
  delayAnswer(): void {
    return
  }

  isListening(now: number): boolean {
    return now >= this.#readyAt
  }

  outgoing(now: number): Outgoing | undefined {
    return now >= this.#readyAt ? this.#last : undefined
  }

  receive(frame: Uint8Array, now: number): void {
    if (!this.isListening(now)) return
    const block = blockOf(this.#settings.dialect, frame)
    const bytes =
      typeof block === 'string'
        ? this.#complaint(block === 'edc' ? ERROR_CRC : ERROR_OTHER)
        : this.#answerTo(block, now)
    this.#last = { bytes }
  }

  #answerTo({ pcb, inf }: Block, now: number): Uint8Array {
    switch (pcb) {
      case ECHO:
        return this.#reply(pcb, inf)
      case APDU:
        return this.#isPowered ? this.#run(inf, now) : this.#complaint(ERROR_CARD)
      case GET_ATR:
        return this.#reply(pcb, historicalBytesOf(this.#settings.apdus.atr))
      case POWER_OFF:
        this.#isPowered = false
        return this.#reply(pcb, NO_BYTES)
      case REPEAT:
        return this.#answer ?? this.#complaint(ERROR_OTHER)
      default:
        return this.#complaint(ERROR_OTHER)
    }
  }

  #run(inf: Uint8Array, now: number): Uint8Array {
    const { apdus } = this.#settings
    const { response, computesMs } = apdus.run(Uint8Array.from(inf))
    this.#readyAt = now + computesMs
    return response.length > MAX_ANSWER_BYTES ? this.#complaint(ERROR_CARD) : this.#reply(APDU, response)
  }

  #reply(pcb: number, inf: Uint8Array): Uint8Array {
    this.#answer = frameOf(this.#settings.dialect, pcb, inf)
    return this.#answer
  }

  #complaint(pcb: number): Uint8Array {
    return frameOf(this.#settings.dialect, pcb, NO_BYTES)
  }
}

/** The host takes FF in the place of LEN for an error. */
const MAX_ANSWER_BYTES = 254
const ECHO = 0xc0
const APDU = 0xc1
const POWER_OFF = 0xc3
const GET_ATR = 0xcf
const REPEAT = 0x83
const ERROR_OTHER = 0x81
const ERROR_CARD = 0x82
const ERROR_CRC = 0x83
const NO_BYTES = new Uint8Array(0)
