// The dialect of the reference bridge (a microcontroller between I2C and an ISO 7816 contact): the frames of NXP
// T=1oI2C around a plain question and answer, without numbers, chains, or time extensions.

import { InternalError } from '../base/errors.ts'
import { isIntact, Prologue, prologueBytesOf, sealBlock } from './block.ts'
import { EDC } from './edc.ts'
import { T1Error, type T1ErrorCode } from './errors.ts'
import type { T1Action } from './machine.ts'
import type { T1Frame } from './profile.ts'
import { T1Trace } from './trace.ts'

/** LEN 255 may be sent; in an answer FF stands for an error. */
export const BRIDGE_FRAME: T1Frame = {
  nadOut: 0x5a,
  nadIn: [0xa5],
  lengthBytes: 1,
  edc: EDC.x25lo,
  edcNad: 'as-sent',
  maxInfBytes: 255,
}

/** A block is written in accesses of so many bytes, and read so too. */
export const BRIDGE_CHUNK_BYTES = 32

/** From the end of a block to the end of its answer. */
export const BRIDGE_TIMEOUT_MS = 5000

/** One question at a time; reusable, allocates no buffer after construction. */
export class BridgeMachine {
  /** The last blocks, both ways. */
  readonly trace = new T1Trace()
  /** Where to build a command, as a prefix, so that it is sent without a copy. What lies behind it is overwritten. */
  readonly scratch: Uint8Array

  readonly #block = new Uint8Array(HEADROOM + SCRATCH_BYTES + TAILROOM)
  readonly #repeat = new Uint8Array(HEADROOM + TAILROOM)
  readonly #inbox = new Uint8Array(BRIDGE_FRAME.maxInfBytes + TAILROOM)
  #response = NO_BYTES
  #sent = NO_BYTES
  #lastInf = NO_BYTES
  #pcb = 0
  #isRunning = false
  #mayRepeat = true
  #maySendAgain = true
  /** An answer may still come that belongs to an earlier question, and nothing in it would show that. */
  #isInStep = true

  constructor() {
    this.scratch = this.#block.subarray(HEADROOM, HEADROOM + SCRATCH_BYTES)
  }

  /** INF of the last ATR or echo; borrowed until the next body is read. */
  get lastInf(): Uint8Array {
    return this.#lastInf
  }

  /**
   * Sends one APDU. After a failure other than t1.aborted and t1.oversize this fails until `reset` is called.
   * @param command   at most 255 bytes; copied unless it begins `scratch`, which is borrowed until the exchange ends
   * @param response  receives the answer, at most 254 bytes; borrowed until the exchange ends
   */
  start(command: Uint8Array, response: Uint8Array): T1Action {
    this.#response = response
    return this.#ask(PCB_APDU, command)
  }

  /** Asks for what the bridge keeps of the ATR; it is then `lastInf`. */
  getAtr(): T1Action {
    return this.#ask(PCB_ATR, NO_BYTES)
  }

  /** The bridge answers with the same bytes, then `lastInf`. At most 254 bytes. */
  echo(bytes: Uint8Array): T1Action {
    return this.#ask(PCB_ECHO, bytes)
  }

  /** Where INF and EDC are to be read, as `T1Machine.bodyOf`. */
  bodyOf(prologue: Uint8Array): Uint8Array | undefined {
    const header = headerOf(prologue)
    if (header === undefined) return undefined
    const length = header.infLength + TAILROOM
    const isAnswer = this.#isRunning && this.#pcb === PCB_APDU && header.pcb === PCB_APDU
    return isAnswer && length <= this.#response.length
      ? this.#response.subarray(0, length)
      : this.#inbox.subarray(0, length)
  }

  /**
   * A block arrived; its EDC is checked here.
   * @param body  INF and EDC; borrowed during the call only
   * @throws InternalError when nothing is awaited
   */
  received(prologue: Uint8Array, body: Uint8Array): T1Action {
    this.#requireRunning()
    const header = headerOf(prologue)
    if (header === undefined || body.length !== header.infLength + TAILROOM) return this.invalid()
    const isWhole = isIntact(BRIDGE_FRAME, prologue, body)
    this.trace.note(isWhole ? 'received' : 'damaged', prologue)
    if (!isWhole) return this.#repeatOr('t1.edc', 'an answer arrived damaged, twice')
    switch (header.pcb) {
      case this.#pcb:
        return this.#deliver(body.subarray(0, header.infLength))
      case PCB_DAMAGED:
        return this.#sendAgain()
      case PCB_ELEMENT_ERROR:
      case PCB_OTHER_ERROR:
        this.#isRunning = false
        return failed('t1.aborted', 'the bridge reports an error of the element')
      default:
        return this.#fail('t1.sequence', 'the answer is of another kind than the question')
    }
  }

  /** Something arrived that is no block. */
  invalid(): T1Action {
    this.#requireRunning()
    this.trace.note('malformed', NO_BYTES)
    return this.#repeatOr('t1.malformed', 'what arrived is no block, twice')
  }

  /** Nothing arrived within `timeoutMs`. */
  silence(): T1Action {
    this.#requireRunning()
    this.trace.note('silent', NO_BYTES)
    return this.#fail('t1.silent', `no answer within ${BRIDGE_TIMEOUT_MS} ms`)
  }

  /** After a reset of bridge and element, when no answer is to come any more. */
  reset(): void {
    this.#isRunning = false
    this.#isInStep = true
  }

  #ask(pcb: number, inf: Uint8Array): T1Action {
    this.#lastInf = NO_BYTES
    if (this.#isRunning) this.#isInStep = false
    this.#isRunning = false
    if (!this.#isInStep) return failed('t1.sequence', 'the bridge was not reset after a failure')
    const maxBytes = pcb === PCB_ECHO ? MAX_ANSWER_BYTES : BRIDGE_FRAME.maxInfBytes
    if (inf.length > maxBytes) return failed('t1.oversize', `${inf.length} bytes, ${maxBytes} go`)
    this.#pcb = pcb
    this.#isRunning = this.#mayRepeat = this.#maySendAgain = true
    const isInPlace = inf.buffer === this.scratch.buffer && inf.byteOffset === this.scratch.byteOffset
    if (!isInPlace) this.scratch.set(inf)
    this.#sent = sealBlock(BRIDGE_FRAME, this.#block, pcb, inf.length)
    return this.#send(this.#sent)
  }

  #deliver(inf: Uint8Array): T1Action {
    this.#isRunning = false
    const into = this.#pcb === PCB_APDU ? this.#response : this.#inbox
    if (inf.length > into.length) return failed('t1.overflow', `answer of ${inf.length} bytes`)
    into.set(inf)
    if (this.#pcb !== PCB_APDU) this.#lastInf = into.subarray(0, inf.length)
    return { kind: 'delivered', length: inf.length }
  }

  /** The bridge still has its answer: asking for it executes nothing. */
  #repeatOr(code: T1ErrorCode, text: string): T1Action {
    if (!this.#mayRepeat) return this.#fail(code, text)
    this.#mayRepeat = false
    return this.#send(sealBlock(BRIDGE_FRAME, this.#repeat, PCB_DAMAGED, 0))
  }

  /** The bridge has not understood the question, so nothing was executed; unless it speaks of our request to repeat. */
  #sendAgain(): T1Action {
    if (!this.#maySendAgain || !this.#mayRepeat) return this.#fail('t1.edc', 'the bridge got blocks damaged')
    this.#maySendAgain = false
    return this.#send(this.#sent)
  }

  #send(block: Uint8Array): T1Action {
    this.trace.note('sent', block.subarray(0, HEADROOM))
    return { kind: 'send', block, timeoutMs: BRIDGE_TIMEOUT_MS }
  }

  #fail(code: T1ErrorCode, text: string): T1Action {
    this.#isRunning = false
    this.#isInStep = false
    return failed(code, text)
  }

  #requireRunning(): void {
    if (!this.#isRunning) throw new InternalError('bridge: nothing is awaited')
  }
}

function headerOf(prologue: Uint8Array): Prologue | undefined {
  if (prologue.length !== HEADROOM) return undefined
  const header = new Prologue(BRIDGE_FRAME, prologue)
  const isBlock = BRIDGE_FRAME.nadIn.includes(header.nad) && header.pcb !== 0xff
  return isBlock && header.infLength <= MAX_ANSWER_BYTES ? header : undefined
}

function failed(code: T1ErrorCode, text: string): T1Action {
  return { kind: 'failed', error: new T1Error(code, `bridge: ${text}`) }
}

const PCB_ECHO = 0xc0
const PCB_APDU = 0xc1
const PCB_ATR = 0xcf
const PCB_OTHER_ERROR = 0x81
const PCB_ELEMENT_ERROR = 0x82
/** From either side: the last block arrived damaged, send it again. */
const PCB_DAMAGED = 0x83
const MAX_ANSWER_BYTES = 254
/** Room for the longest short APDU, though not all of it goes. */
const SCRATCH_BYTES = 5 + 255 + 1
const HEADROOM = prologueBytesOf(BRIDGE_FRAME)
const TAILROOM = BRIDGE_FRAME.edc.bytes
const NO_BYTES: Uint8Array = new Uint8Array(0)
