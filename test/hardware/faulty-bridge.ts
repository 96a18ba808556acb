// A small bridge of its own that can be told to get one thing wrong. Without a fault it keeps every clause.

import { edcOf } from '../../src/simulator/wire-edc.ts'
import type { Device } from '../rig/rig.ts'
import { SIMULATED_BOOT_MS } from './bridge-bench.ts'

/** What a bridge may get wrong, in the words of a report. */
export type Fault = (typeof FAULTS)[number][0]

export class FaultyBridge implements Device {
  readonly #fault: Fault | undefined
  #partial: number[] = []
  #partialAtMs = 0
  #answer: number[] = []
  /** Where `#answer` is read on. */
  #cursor = 0
  #readyAtMs = 0
  #last: number[] | undefined
  #before: number[] = []
  #hasPower = true
  #isDead = false
  #runs = 0
  #bootedAtMs = performance.now() + SIMULATED_BOOT_MS

  constructor(fault?: Fault) {
    this.#fault = fault
  }

  reset(): void {
    const keeps = (fault: Fault): boolean => this.#fault === fault
    if (!keeps('keeps half a frame over a reset')) this.#partial = []
    if (!keeps('goes on with its answer after a reset')) this.#answer = []
    if (!keeps('repeats what was before the reset')) this.#last = undefined
    this.#hasPower = true
    this.#isDead = false
    this.#readyAtMs = 0
    this.#bootedAtMs = performance.now() + (keeps('boots for 400 ms') ? 400 : SIMULATED_BOOT_MS)
  }

  write(bytes: Uint8Array): boolean {
    const now = performance.now()
    if (now < this.#bootedAtMs || now < this.#readyAtMs || this.#is('acknowledges reads only')) return false
    if (now - this.#partialAtMs > 100 && !this.#is('waits for ever for the rest of a frame'))
      this.#partial = []
    if (this.#is('takes a frame in one access only')) this.#partial = []
    if (this.#is('loses the 33rd byte of an access')) bytes = bytes.subarray(0, 32)
    this.#partialAtMs = now
    this.#partial.push(...bytes)
    const { length } = this.#partial
    const isWhole = length >= 3 && length >= 5 + (this.#partial[2] ?? 0)
    if (!isWhole) return true
    this.#answer = this.#answerTo(Uint8Array.from(this.#partial))
    const goesOn = this.#is('goes on where it was when asked to repeat') && this.#partial[1] === 0x83
    if (!goesOn) this.#cursor = 0
    this.#partial = []
    return true
  }

  read(length: number): Uint8Array | undefined {
    const now = performance.now()
    const idle = this.#is('sends FF where it is not ready') ? 0xff : 0
    if (this.#is('takes a read for the end of a frame')) this.#partial = []
    if (now < this.#bootedAtMs) return this.#filled(length, this.#is('sends A5 while it boots') ? START : 0)
    if (now < this.#readyAtMs || this.#partial.length > 0) return this.#filled(length, idle)
    const at = this.#cursor
    this.#cursor = this.#is('starts its answer anew with each access') ? 0 : at + length
    if (this.#is('starts its answer anew at its end') && this.#cursor >= this.#answer.length) this.#cursor = 0
    return Uint8Array.from({ length }, (_, offset) => this.#answer[at + offset] ?? idle)
  }

  #answerTo(bytes: Uint8Array): number[] {
    const [nad, pcb = 0] = bytes
    const [body, edc] = [bytes.subarray(0, -2), bytes.subarray(-2)]
    const isIntact = Buffer.from(edcOf('x25lo', body)).equals(edc)
    if (this.#isDead) return this.#framed(0x82)
    if (!isIntact && !this.#is('does not look at the CRC')) return this.#complaint(0x83)
    if (nad !== 0x5a && !this.#is('takes any NAD')) return this.#complaint(0x81)
    const known = this.#known(pcb, body.subarray(3))
    if (Array.isArray(known)) return known
    if (pcb === 0x83)
      return this.#last ?? (this.#is('is silent when nothing can be repeated') ? [] : this.#framed(0x81))
    return this.#is('is silent to what it does not know') ? [] : this.#complaint(0x81)
  }

  #known(pcb: number, inf: Uint8Array): number[] | undefined {
    const repeat = this.#is('runs the command again at 83') && pcb === 0x83
    switch (repeat ? 0xc1 : pcb) {
      case 0xc0:
        return this.#keep(this.#framed(pcb, this.#is('echoes AA 55') ? [0xaa, 0x55] : [...inf]))
      case 0xc1:
        return this.#run(inf)
      case 0xc3:
        this.#hasPower = this.#is('leaves the card its power')
        return this.#keep(this.#framed(pcb))
      case 0xcf:
        return this.#keep(this.#framed(pcb, this.#atr()))
      default:
        return undefined
    }
  }

  #run(inf: Uint8Array): number[] {
    if (!this.#hasPower) {
      this.#isDead = this.#is('takes nothing after an error')
      return this.#framed(0x82)
    }
    if (inf.length > 127 && this.#is('has room for 127 bytes')) return this.#complaint(0x82)
    this.#readyAtMs = performance.now() + 10
    this.#runs++
    const isRead = inf[1] === 0xb0
    const bytes = isRead ? new Array<number>(inf[4] === 0 ? 256 : (inf[4] ?? 0)).fill(0x11) : [this.#runs]
    const response = this.#is('keeps the status word') ? bytes.slice(0, 1) : [...bytes, 0x90, 0x00]
    const room = this.#is('answers with 255 bytes') ? 255 : 254
    return response.length > room ? this.#framed(0x82) : this.#keep(this.#framed(0xc1, response))
  }

  #atr(): number[] {
    if (this.#is('answers CF with the whole ATR')) return [0x3b, 0x02, 0x80, 0x31]
    return this.#is('answers CF with a counter') ? [0x80, this.#runs] : [0x80, 0x31]
  }

  #keep(frame: number[]): number[] {
    const late = this.#before
    this.#before = frame
    this.#last = frame
    return this.#is('is one answer behind') && late.length > 0 ? late : frame
  }

  #complaint(pcb: number): number[] {
    const frame = this.#framed(pcb)
    if (this.#is('repeats its complaints')) this.#last = frame
    return frame
  }

  #framed(pcb: number, inf: readonly number[] = []): number[] {
    const body = Uint8Array.of(START, pcb, inf.length, ...inf)
    return [...body, ...edcOf(this.#is('sends the high byte of the CRC first') ? 'x25hi' : 'x25lo', body)]
  }

  #filled(length: number, byte: number): Uint8Array {
    return new Uint8Array(length).fill(byte)
  }

  #is(fault: Fault): boolean {
    return this.#fault === fault
  }
}

/** What can be wrong, and the clauses that must say so: of their group, no other may fail. */
export const FAULTS = [
  ['acknowledges reads only', ['B1', 'B3', 'B4', 'B5', 'B6', 'B7']],
  ['answers at the address beside it', ['B2']],
  ['takes a frame in one access only', ['B3', 'B4', 'B7']],
  ['loses the 33rd byte of an access', ['B3']],
  ['starts its answer anew with each access', ['B1', 'B3', 'B4', 'B5', 'B6', 'B7']],
  ['sends FF where it is not ready', ['B5', 'B6', 'B7']],
  ['starts its answer anew at its end', ['B6']],
  ['takes a read for the end of a frame', ['B7']],
  ['sends the high byte of the CRC first', ['F1', 'F2', 'F3', 'F4', 'F5', 'F6', 'F7']],
  ['does not look at the CRC', ['F2']],
  ['takes any NAD', ['F3']],
  ['is silent to what it does not know', ['F4']],
  ['waits for ever for the rest of a frame', ['F5']],
  ['has room for 127 bytes', ['F6']],
  ['answers with 255 bytes', ['F7']],
  ['echoes AA 55', ['C1', 'C6']],
  ['answers CF with the whole ATR', ['C2']],
  ['answers CF with a counter', ['C3']],
  ['keeps the status word', ['C4']],
  ['leaves the card its power', ['C5']],
  ['is one answer behind', ['C1', 'C2', 'C3', 'C4', 'C5', 'C6']],
  ['runs the command again at 83', ['R1', 'R2', 'R3', 'R4']],
  ['repeats its complaints', ['R2']],
  ['is silent when nothing can be repeated', ['R3']],
  ['goes on where it was when asked to repeat', ['R1', 'R2', 'R3', 'R4']],
  ['takes nothing after an error', ['R5']],
  ['boots for 400 ms', ['P1']],
  ['sends A5 while it boots', ['P2']],
  ['keeps half a frame over a reset', ['P3']],
  ['goes on with its answer after a reset', ['P4']],
  ['repeats what was before the reset', ['P5']],
] as const satisfies readonly (readonly [string, readonly string[]])[]

const START = 0xa5
