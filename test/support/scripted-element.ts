// A secure element that does what a test tells it to, and remembers what was asked of it.

import assert from 'node:assert/strict'
import { hexOf } from '../../src/base/hex.ts'
import {
  APDU_SCRATCH_BYTES,
  type Arrival,
  type ResetKind,
  type SecureElement,
} from '../../src/drivers/driver.ts'
import { hex } from './hex-fields.ts'

export class ScriptedElement implements SecureElement {
  readonly name: string
  readonly scratch = new Uint8Array(APDU_SCRATCH_BYTES)
  /** `cold`, `warm`, `off`, or a command in hex, in the order in which they came. */
  readonly calls: string[] = []
  /** Deadlines of the resets, in order. */
  readonly resetDeadlines: number[] = []
  /** What a reset comes to. */
  onReset: (kind: ResetKind) => Uint8Array | Promise<Uint8Array>
  /** What a command comes to, data and status word. The command is a copy. */
  onTransmit: (command: Uint8Array) => Uint8Array | Promise<Uint8Array> = () => hex('90 00')
  #isBusy = false

  constructor(name: string, sen = name) {
    this.name = name
    this.onReset = () => atrNamed(sen)
  }

  reset(kind: ResetKind, deadline: number): Promise<Uint8Array> {
    this.calls.push(kind)
    this.resetDeadlines.push(deadline)
    return this.#alone(async () => this.onReset(kind))
  }

  transmit(command: Uint8Array, response: Uint8Array): Promise<number> {
    this.calls.push(hexOf(command))
    return this.#alone(async () => {
      const answer = await this.onTransmit(command.slice())
      response.set(answer)
      return answer.length
    })
  }

  powerOff(): Promise<void> {
    this.calls.push('off')
    return Promise.resolve()
  }

  /** The calls since the last time. */
  takeCalls(): string[] {
    return this.calls.splice(0)
  }

  // Calls never overlap: rule of SecureElement.
  async #alone<T>(call: () => Promise<T>): Promise<T> {
    assert.ok(!this.#isBusy, `${this.name}: two calls at once`)
    this.#isBusy = true
    try {
      return await call()
    } finally {
      this.#isBusy = false
    }
  }
}

/** An ATR whose historical bytes are `sen`: TS, T0 with their number, and they. */
export function atrNamed(sen: string): Uint8Array {
  return Uint8Array.of(0x3b, sen.length, ...Buffer.from(sen, 'latin1'))
}

/** How `element` is announced; its SEID is its name. */
export function arrivalOf(element: SecureElement, changes: Partial<Arrival> = {}): Arrival {
  return { element, seid: element.name, aliases: [], maxRecordBytes: 512, ...changes }
}
