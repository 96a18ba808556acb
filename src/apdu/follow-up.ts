// Fetches the whole answer to one command: GET RESPONSE while the element has more (61xx, 9Fxx), and a repeat
// with the right Le (6Cxx). A pure step machine: the caller sends what it is told to send. Use it at one layer
// only, above elements that answer so themselves: a reader that already follows up would be asked twice.

import { InternalError } from '../base/errors.ts'
import { ApduError } from './errors.ts'
import { STATUS_WORD_BYTES, SW1_MORE, SW1_MORE_SIM, SW1_WRONG_LE, statusWordOf } from './status-word.ts'

export type FollowUpAction =
  /** `command` is borrowed until the next call of `received` or `start`. */
  | { readonly kind: 'send'; readonly command: Uint8Array }
  /** `length` bytes of data lie in the output; `sw` is the last status word. */
  | { readonly kind: 'done'; readonly length: number; readonly sw: number }

export interface FollowUpRules {
  /** Values of SW1 that announce more data. */
  readonly moreSw1: readonly number[]
  /** CLA INS P1 P2 of the command that fetches it; GET RESPONSE in the class of the first command when undefined. */
  readonly fetch?: Uint8Array | undefined
  /** The most commands sent after the first, GET RESPONSE and repeats together. */
  readonly maxRounds: number
}

/** 300 rounds of 256 bytes exceed the 64 KiB of the longest response. */
const MAX_ROUNDS = 300

/** ISO/IEC 7816-4: 61xx only; 9Fxx is a final status word. */
export const GENERAL_RULES: FollowUpRules = { moreSw1: [SW1_MORE], maxRounds: MAX_ROUNDS }

/** SIMs (class A0) and TLS-SE elements announce more data with 9Fxx, and with 61xx over T=0. */
export const SIM_AND_TLS_SE_RULES: FollowUpRules = {
  moreSw1: [SW1_MORE, SW1_MORE_SIM],
  maxRounds: MAX_ROUNDS,
}

/** The follow-up of one command at a time; reusable, allocates no buffer after construction. */
export class FollowUp {
  readonly #output: Uint8Array
  #rules: FollowUpRules
  /** The last command sent, as far as it matters: a case 2S command whole, of any other nothing. */
  readonly #last = new Uint8Array(CASE_2S_BYTES)
  #cla = 0
  #length = 0
  #rounds = 0
  #isRunning = false
  #mayRepeat = false

  /** @param output  borrowed for the life of this object; receives the data of all responses, one after another */
  constructor(output: Uint8Array, rules: FollowUpRules) {
    this.#output = output
    this.#rules = rules
  }

  /**
   * Notes the command that the caller is about to send and forgets everything before.
   * @param command  one whole C-APDU, borrowed during the call only
   * @param rules    for this command and those after it; the rules before hold on when left out
   * @throws ApduError apdu.malformed when it has no whole header
   */
  start(command: Uint8Array, rules = this.#rules): void {
    this.#isRunning = false
    this.#rules = rules
    const [cla] = command
    if (cla === undefined || command.length < HEADER_BYTES) {
      throw new ApduError('apdu.malformed', `command of ${command.length} bytes`)
    }
    this.#cla = cla
    this.#length = 0
    this.#rounds = 0
    // Only a command without data can be sent twice: one with data may have had an effect already.
    this.#mayRepeat = command.length === CASE_2S_BYTES
    if (this.#mayRepeat) this.#last.set(command)
    this.#isRunning = true
  }

  /**
   * The next step after `response`, whose data is appended to the output.
   * @param response  `data | SW1 SW2`, borrowed during the call only
   * @throws ApduError apdu.malformed when it is under 2 bytes, apdu.overflow when the output is full,
   *   apdu.endless when the rounds are used up; InternalError when no command was started. After any of them
   *   only `start` may be called.
   */
  received(response: Uint8Array): FollowUpAction {
    if (!this.#isRunning) throw new InternalError('follow-up: a response to no command')
    this.#isRunning = false
    const sw = statusWordOf(response)
    if (sw === undefined) throw new ApduError('apdu.malformed', `response of ${response.length} bytes`)
    const sw1 = sw >> 8
    const dataLength = response.length - STATUS_WORD_BYTES
    this.#append(response, dataLength)

    // An element that sent data has worked: what it calls a wrong Le is then its last word.
    if (sw1 === SW1_WRONG_LE && this.#mayRepeat && dataLength === 0) {
      this.#mayRepeat = false
      return this.#send(sw & 0xff)
    }
    if (this.#rules.moreSw1.includes(sw1)) {
      this.#last.set(this.#rules.fetch ?? [this.#cla, INS_GET_RESPONSE, 0, 0])
      this.#mayRepeat = true
      return this.#send(sw & 0xff)
    }
    return { kind: 'done', length: this.#length, sw }
  }

  #append(response: Uint8Array, dataLength: number): void {
    if (dataLength > this.#output.length - this.#length) {
      const total = this.#length + dataLength
      throw new ApduError(
        'apdu.overflow',
        `answer of ${total} bytes or more, room for ${this.#output.length}`,
      )
    }
    this.#output.set(response.subarray(0, dataLength), this.#length)
    this.#length += dataLength
  }

  #send(le: number): FollowUpAction {
    if (this.#rounds >= this.#rules.maxRounds) {
      throw new ApduError('apdu.endless', `answer not complete after ${this.#rounds} further commands`)
    }
    this.#rounds++
    this.#last[LE_OFFSET] = le
    this.#isRunning = true
    return { kind: 'send', command: this.#last }
  }
}

const HEADER_BYTES = 4
const LE_OFFSET = 4
const CASE_2S_BYTES = 5
const INS_GET_RESPONSE = 0xc0
