// The card against which the transcripts of the reference server were recorded, written from their description:
// it ignores CLA, and its instructions E0 to E7 make every kind of answer.

import type { Clock } from '../../src/base/clock.ts'
import { APDU_SCRATCH_BYTES, type ResetKind, type SecureElement } from '../../src/drivers/driver.ts'
import { ElementError, LinkError } from '../../src/drivers/errors.ts'
import { atrNamed } from './scripted-element.ts'

export class TranscriptCard implements SecureElement {
  readonly name: string
  readonly scratch = new Uint8Array(APDU_SCRATCH_BYTES)
  /** Every command that reached it, in hex, and `cold`, `warm`. */
  readonly seen: string[] = []
  /** What SELECT answers; 61xx announces as many bytes. */
  selectAnswer = 0x9000
  readonly #clock: Clock
  readonly #sen: string
  /** What E3 has left to hand out. */
  #rest = 0
  #position = 0
  #isPulled = false
  #onPull: ((error: Error) => void) | undefined

  constructor(name: string, sen: string, clock: Clock) {
    this.name = name
    this.#sen = sen
    this.#clock = clock
  }

  /** Takes the card out of its reader: a command that is under way fails, and so does every one after it. */
  pull(): void {
    this.#isPulled = true
    this.#onPull?.(new ElementError('element.gone', 'the card was pulled'))
  }

  reset(kind: ResetKind): Promise<Uint8Array> {
    this.seen.push(kind)
    this.#rest = 0
    if (this.#isPulled) return Promise.reject(new ElementError('element.absent', 'no card'))
    return Promise.resolve(atrNamed(this.#sen))
  }

  async transmit(command: Uint8Array, response: Uint8Array, deadline: number): Promise<number> {
    this.seen.push(Buffer.from(command).toString('hex').toUpperCase())
    if (this.#isPulled) throw new ElementError('element.gone', 'the card was pulled')
    const answer = await this.#answer(command, deadline)
    response.set(answer)
    return answer.length
  }

  powerOff(): Promise<void> {
    return Promise.resolve()
  }

  async #answer(command: Uint8Array, deadline: number): Promise<Uint8Array> {
    const [, ins = 0, p1 = 0, p2 = 0, p3] = command
    if (command.length < 4) return sw(0x6700)
    const p12 = (p1 << 8) | p2
    switch (ins) {
      case 0xa4:
        this.#rest = this.selectAnswer >> 8 === 0x61 ? this.selectAnswer & 0xff : 0
        this.#position = 0
        return sw(this.selectAnswer)
      case 0x20:
      case 0xe1:
        return sw(0x9000)
      case 0x87:
        return with9000(Uint8Array.of(1, 1, 0, 0))
      case 0xe0:
        return with9000(command.subarray(5, 5 + (p3 ?? 0)))
      case 0xe2:
        return with9000(counting(0, p3 === 0 || p3 === undefined ? 256 : p3))
      case 0xe3:
        this.#rest = p12
        this.#position = 0
        return this.#more()
      case 0xe4:
        return p3 === 8 ? with9000(counting(0, 8)) : sw(0x6c08)
      case 0xe5:
        await new Promise<void>((resolve) => this.#clock.at(this.#clock.now() + p12, resolve))
        return sw(0x9000)
      case 0xe6:
        return sw(p12)
      case 0xe7:
        return this.#silence(deadline)
      case 0xc0:
        return this.#fetch(p3 ?? 0)
      case 0xd8:
        return this.#tlsSe(command)
      default:
        return sw(0x6d00)
    }
  }

  /** A canned TLS-SE session in single fragments: a hello is answered, a record comes back, an alert ends it. */
  #tlsSe(command: Uint8Array): Uint8Array {
    const record = command.subarray(5)
    if (record[0] === 0x17) return with9000(record)
    if (record[0] === 0x15) return sw(0x9002)
    if (record[0] === 0x16 && record[5] === 0x01) return with9000(CANNED_FLIGHT)
    return sw(record.length === 0 ? 0x9000 : 0x9001)
  }

  #silence(deadline: number): Promise<never> {
    return new Promise((_, reject) => {
      this.#onPull = reject
      this.#clock.at(deadline, () => reject(new LinkError('link.timeout', 'no answer in time')))
    })
  }

  #fetch(le: number): Uint8Array {
    const wanted = le === 0 ? 256 : le
    if (this.#rest === 0) return sw(0x9000)
    const offered = Math.min(this.#rest, 256)
    if (wanted !== offered) return sw(0x6c00 | (offered & 0xff))
    const data = counting(this.#position, wanted)
    this.#position += wanted
    this.#rest -= wanted
    return Uint8Array.of(...data, ...(this.#rest === 0 ? sw(0x9000) : this.#more()))
  }

  #more(): Uint8Array {
    return sw(0x6100 | (Math.min(this.#rest, 256) & 0xff))
  }
}

function counting(from: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (from + index) & 0xff)
}

function sw(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff)
}

function with9000(data: Uint8Array): Uint8Array {
  return Uint8Array.of(...data, 0x90, 0x00)
}

const CANNED_FLIGHT = Uint8Array.of(0x16, 0x03, 0x03, 0x00, 0x7a, ...counting(2, 122))
