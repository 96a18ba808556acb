// A secure element that does what a test tells it, and writes down what was asked of it.

import { hexOf } from '../../src/base/hex.ts'
import type { ResetKind, SecureElement } from '../../src/drivers/driver.ts'
import { hex } from './hex-fields.ts'

/** ATR with the historical bytes `key1.com`. */
export const NAMED_ATR = '3B 88 80 01 | 6B 65 79 31 2E 63 6F 6D | 00'

export class AnsweringElement implements SecureElement {
  readonly name = 'scripted'
  readonly scratch = new Uint8Array(261)
  /** `reset cold`, `reset warm`, or a command in hex. */
  readonly journal: string[] = []
  atr: string | Error = NAMED_ATR
  /** Answers one command; throws to fail. Bare 9000 unless set. */
  answer: (command: Uint8Array, deadline: number) => Uint8Array | Promise<Uint8Array> = () => hex('90 00')
  /** Awaited by every reset before it answers. */
  beforeReset: () => Promise<void> = () => Promise.resolve()

  async reset(kind: ResetKind): Promise<Uint8Array> {
    this.journal.push(`reset ${kind}`)
    await this.beforeReset()
    if (this.atr instanceof Error) throw this.atr
    return hex(this.atr)
  }

  async transmit(command: Uint8Array, response: Uint8Array, deadline: number): Promise<number> {
    this.journal.push(hexOf(command))
    const bytes = await this.answer(command, deadline)
    response.set(bytes)
    return bytes.length
  }

  powerOff(): Promise<void> {
    this.journal.push('power off')
    return Promise.resolve()
  }
}
