// One TLS record to the element, and all it answers: fragments out, follow-up in. TLS-SE over APDUs:
// draft-urien-tls-se-03 section 4. P1 is always 00: any other value would make the element run in a test mode or
// hand out plaintext.

import { type CommandFields, writeCommand } from '../apdu/command.ts'
import { FollowUp, SIM_AND_TLS_SE_RULES } from '../apdu/follow-up.ts'
import { isSuccess, StatusWord, statusWordOf } from '../apdu/status-word.ts'
import { hexOfSw } from '../base/hex.ts'
import { RESPONSE_BYTES } from '../drivers/driver.ts'
import { ElementError } from '../drivers/errors.ts'
import type { Lease } from '../slots/lease.ts'
import { areWholeRecords, MAX_PLAINTEXT_BYTES, RECORD_HEADER_BYTES } from './record.ts'

/** What the element made of a record; `records` are for the client, borrowed until the next call of `send`. */
export type Outcome =
  | { readonly kind: 'continued' | 'opened' | 'finished'; readonly records: Uint8Array }
  | { readonly kind: 'refused'; readonly sw: number }

/** The element's side of one session: one record at a time, each with its own D8 sequence. */
export class RecordExchange {
  readonly #lease: Lease
  readonly #response = new Uint8Array(RESPONSE_BYTES)
  readonly #output = new Uint8Array(MAX_ANSWER_BYTES)
  readonly #followUp = new FollowUp(this.#output, SIM_AND_TLS_SE_RULES)
  #commands = 0

  constructor(lease: Lease) {
    this.#lease = lease
  }

  /** Commands sent so far. */
  get commands(): number {
    return this.#commands
  }

  /**
   * Prepares the element for a ClientHello: selects the application, if one is configured, and resets its TLS
   * state.
   * @throws ElementError element.unsupported when there is no TLS-SE application; whatever Lease.transmit throws
   */
  async open(deadline: number): Promise<void> {
    const { aid } = this.#lease.slot
    if (aid !== undefined) {
      await this.#expectOk('SELECT', { cla: 0x00, ins: INS_SELECT, p1: 0x04, p2: 0x00, data: aid }, deadline)
    }
    // `00 D8 00 00` alone, or with P3 = 00: TLS-SE knows no difference, T=0 sends P3 = 00 for both.
    await this.#expectOk('TLS reset', { cla: 0x00, ins: INS_RECV, p1: P1_NORMAL, p2: 0x00 }, deadline)
  }

  /**
   * Sends one whole record and collects the answer.
   * @param record  borrowed until the promise settles
   * @throws ElementError element.unsupported when what comes back is not whole TLS records; ApduError;
   *         whatever Lease.transmit throws
   */
  async send(record: Uint8Array, deadline: number): Promise<Outcome> {
    let offset = 0
    while (record.length - offset > FRAGMENT_BYTES) {
      const response = await this.#transmit(this.#fragment(record, offset), deadline)
      const sw = statusWordOf(response) ?? 0
      // Anything but a bare 9000 to a fragment that is not the last means that the record is lost.
      if (sw !== StatusWord.ok || response.length > 2) return { kind: 'refused', sw }
      offset += FRAGMENT_BYTES
    }
    let command = this.#fragment(record, offset)
    this.#followUp.start(command)
    for (;;) {
      const action = this.#followUp.received(await this.#transmit(command, deadline))
      if (action.kind === 'done') return this.#outcome(action.sw, this.#output.subarray(0, action.length))
      command = action.command
    }
  }

  #outcome(sw: number, records: Uint8Array): Outcome {
    if (sw >> 8 !== 0x90) return { kind: 'refused', sw }
    // An element of the TLS-SE-IO kind marks clear text for its host by a zero header: that, or any other
    // bytes that are no records, must never reach the network.
    if (!areWholeRecords(records)) {
      throw new ElementError('element.unsupported', 'the element answered something that is not TLS records')
    }
    if (sw === SW_OPENED) return { kind: 'opened', records }
    if (sw === SW_FINISHED) return { kind: 'finished', records }
    return { kind: 'continued', records }
  }

  /** The RECV command for the fragment at `offset`, built in the lease's scratch buffer. */
  #fragment(record: Uint8Array, offset: number): Uint8Array {
    const { scratch } = this.#lease
    const data = record.subarray(offset, offset + FRAGMENT_BYTES)
    const isLast = offset + data.length === record.length
    const p2 = (offset === 0 ? P2_FIRST : 0) | (isLast ? P2_LAST : 0)
    return scratch.subarray(0, writeCommand(scratch, { cla: 0x00, ins: INS_RECV, p1: P1_NORMAL, p2, data }))
  }

  async #expectOk(name: string, fields: CommandFields, deadline: number): Promise<void> {
    const { scratch } = this.#lease
    const command = scratch.subarray(0, writeCommand(scratch, fields))
    const sw = statusWordOf(await this.#transmit(command, deadline))
    if (sw === undefined || !isSuccess(sw)) {
      throw new ElementError('element.unsupported', `${name} answered ${hexOfSw(sw ?? 0)}`)
    }
  }

  async #transmit(command: Uint8Array, deadline: number): Promise<Uint8Array> {
    this.#commands++
    const length = await this.#lease.transmit(command, this.#response, deadline)
    return this.#response.subarray(0, length)
  }
}

/** What the reference gateway and every published trace use; an element takes 1 to 255. */
const FRAGMENT_BYTES = 240

/** One full TLS record: known elements answer at most 512 bytes, newer ones say 2 KB. */
const MAX_ANSWER_BYTES = RECORD_HEADER_BYTES + MAX_PLAINTEXT_BYTES + 256

const INS_SELECT = 0xa4
const INS_RECV = 0xd8
const P1_NORMAL = 0x00
const P2_FIRST = 0x01
const P2_LAST = 0x02
const SW_OPENED = 0x9001
const SW_FINISHED = 0x9002
