// An element without cryptography: it plays the recorded flights of a session and then echoes records. What is left
// is what the gateway costs.

import { bytesOfHex } from '../src/base/hex.ts'
import { APDU_SCRATCH_BYTES, type SecureElement } from '../src/drivers/driver.ts'

/** `3B 84 80 01 'fast' TCK`: the name by which clients reach it. */
export const INSTANT_SEN = 'fast'

export class InstantElement implements SecureElement {
  readonly name = 'instant'
  readonly scratch = new Uint8Array(APDU_SCRATCH_BYTES)
  /** How the next whole record is answered. */
  #phase: 'hello' | 'finished' | 'open' = 'hello'
  readonly #record = new Uint8Array(1024)
  #length = 0

  reset(): Promise<Uint8Array> {
    this.#phase = 'hello'
    return Promise.resolve(ATR.slice())
  }

  transmit(command: Uint8Array, response: Uint8Array): Promise<number> {
    return Promise.resolve(this.answer(command, response))
  }

  powerOff(): Promise<void> {
    return Promise.resolve()
  }

  /** The direct call, without the promise: the floor of what an element costs. */
  answer(command: Uint8Array, response: Uint8Array): number {
    if (command[1] === INS_FETCH) return this.#fetch(command[4] ?? 0, response)
    const p2 = command[3] ?? 0
    if (p2 === 0 || (p2 & P2_LAST) === 0) {
      if (command.length > 5) this.#collect(command, p2)
      return status(response, 0, 0x90, 0x00)
    }
    this.#collect(command, p2)
    if (this.#phase === 'hello') {
      this.#phase = 'finished'
      response.set(FLIGHT)
      return status(response, FLIGHT.length, 0x90, 0x00)
    }
    if (this.#phase === 'finished') {
      this.#phase = 'open'
      return status(response, 0, 0x90, 0x01)
    }
    return this.#length > PIECE_BYTES
      ? status(response, 0, 0x9f, PIECE_BYTES)
      : this.#fetch(this.#length, response)
  }

  #collect(command: Uint8Array, p2: number): void {
    if ((p2 & P2_FIRST) !== 0) this.#length = 0
    this.#record.set(command.subarray(5), this.#length)
    this.#length += command.length - 5
  }

  #fetch(length: number, response: Uint8Array): number {
    response.set(this.#record.subarray(0, length))
    this.#record.copyWithin(0, length, this.#length)
    this.#length -= length
    if (this.#length === 0) return status(response, length, 0x90, 0x00)
    return status(response, length, 0x9f, Math.min(this.#length, PIECE_BYTES))
  }
}

function status(response: Uint8Array, at: number, sw1: number, sw2: number): number {
  response[at] = sw1
  response[at + 1] = sw2
  return at + 2
}

const ATR = bytesOfHex('3B8480016661737405') ?? new Uint8Array(0)
const INS_FETCH = 0xc0
const P2_FIRST = 0x01
const P2_LAST = 0x02
const PIECE_BYTES = 240
/** Any one whole record does for the server's flight. */
const FLIGHT = new Uint8Array([0x16, 0x03, 0x03, 0x00, 0x04, 2, 0, 0, 0])
