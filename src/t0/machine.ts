// Command APDUs over T=0 as the interface device maps them (ISO/IEC 7816-3, transmission of APDUs by T=0): state and
// event give an action. Nothing waits, sends or reads in here.
//
//   case         TPDU                              then
//   1            header 00                         the status word
//   2S           header Le                         the status word, also 6Cxx and 61xx
//   3S, 3E       header Nc data, if Nc <= 255      the status word, also 61xx
//   4S           header Nc data, Le is left out    the status word, also 61xx; after 9000, 62xx or 63xx see below
//   2E           header min(Ne, 256)               6Cxx and 61xx are followed
//   4E           header Nc data, if Nc <= 255      61xx is followed; after 9000, 62xx or 63xx see below
//   3E, 4E       ENVELOPE in pieces of 255 bytes of the whole command, an empty one ends it, if Nc > 255
//
// Who follows up: for short commands apdu/follow-up, above every element, T=0 or not; here 61xx, 6Cxx and 9Fxx go
// up as they are. Of extended commands it knows nothing, so they are followed here, up to Ne. One thing only this
// layer can know: that the Le of a case 4 command was left out. When such a command ends without data and without
// announcing any, by 9000 (ISO/IEC 7816-3, case 4S.2) or by a warning (ETSI TS 102 221 clause 7.3.1.1.4, rule 4b),
// one GET RESPONSE is sent from here. Refused, it changes nothing: the first status word stands. Class A0 announces
// all its data by 9Fxx and is not asked.

import { type Command, commandOf } from '../apdu/command.ts'
import { ApduError, type ApduErrorCode } from '../apdu/errors.ts'
import {
  STATUS_WORD_BYTES,
  StatusWord,
  SW1_MORE,
  SW1_MORE_SIM,
  SW1_WRONG_LE,
  statusWordOf,
} from '../apdu/status-word.ts'
import { InternalError } from '../base/errors.ts'

/**
 * `CLA INS P1 P2 P3`, and P3 bytes of data when it is a write of more than none.
 * read: the card may send P3 bytes, 00 meaning 256. write: P3 bytes go to the card, 00 meaning none.
 */
export type T0Direction = 'read' | 'write'

export type T0Action =
  /** `tpdu` is borrowed until the next call. */
  | { readonly kind: 'send'; readonly tpdu: Uint8Array; readonly direction: T0Direction }
  /** Data and status word, `length` bytes together, lie in the response. */
  | { readonly kind: 'delivered'; readonly length: number }
  /** apdu.malformed, apdu.overflow or apdu.endless. */
  | { readonly kind: 'failed'; readonly error: ApduError }

/** One command at a time; reusable, allocates no buffer after construction. */
export class T0Machine {
  readonly #tpdu = new Uint8Array(HEADER_BYTES + 1 + MAX_WRITE_BYTES)
  #state: 'idle' | 'envelope' | 'answer' = 'idle'
  #direction: T0Direction = 'write'
  /** The most data bytes that the last TPDU asked for; none when it was a write. */
  #asked = 0
  #command: Command = NO_COMMAND
  /** The whole command, while it goes out in envelopes. */
  #whole: Uint8Array = NO_BYTES
  #sent = 0
  #response: Uint8Array = NO_BYTES
  #length = 0
  #rounds = 0
  #mayRepeat = false
  #mayAsk = false
  /** The status word that ended a case 4 command without data, once it was asked for some all the same. */
  #firstSw: number | undefined

  /**
   * Begins one command; whatever ran before is given up.
   * @param bytes     one whole C-APDU of any case; borrowed until it is delivered or failed
   * @param response  receives data and status word; owned by the caller, borrowed until the same moment
   */
  start(bytes: Uint8Array, response: Uint8Array): T0Action {
    const command = commandOf(bytes)
    if (command === undefined) return this.#fail('apdu.malformed', `no command: ${bytes.length} bytes`)
    const cause = problemWith(command)
    if (cause !== undefined) return this.#fail('apdu.malformed', cause)
    this.#command = command
    this.#response = response
    this.#length = 0
    this.#rounds = 0
    this.#firstSw = undefined
    this.#mayRepeat = command.case === '2E'
    this.#mayAsk = command.case.startsWith('4') && command.cla !== CLA_SIM
    if (command.data.length > MAX_WRITE_BYTES) {
      this.#whole = bytes
      this.#sent = 0
      return this.#sendEnvelope()
    }
    this.#state = 'answer'
    this.#tpdu.set([command.cla, command.ins, command.p1, command.p2])
    const isRead = command.case === '2S' || command.case === '2E'
    return isRead ? this.#sendRead(command.ne) : this.#sendWrite(command.data)
  }

  /**
   * The step after `answer`, the card's to the last TPDU. Data in answer to a write is taken as well: some readers
   * fetch by themselves.
   * @param answer  `data | SW1 SW2`, borrowed during the call only
   * @throws InternalError when no TPDU was sent
   */
  received(answer: Uint8Array): T0Action {
    if (this.#state === 'idle') throw new InternalError('T=0: an answer to no TPDU')
    const sw = statusWordOf(answer)
    if (sw === undefined) return this.#fail('apdu.malformed', `answer of ${answer.length} bytes`)
    const data = answer.subarray(0, answer.length - STATUS_WORD_BYTES)
    if (this.#direction === 'read' && data.length > this.#asked) {
      return this.#fail('apdu.malformed', `${data.length} data bytes where ${this.#asked} were asked for`)
    }
    if (this.#state === 'envelope' && sw === StatusWord.ok && data.length === 0) return this.#sendEnvelope()
    if (this.#append(data) === 'overflow') {
      const text = `answer of ${this.#length + answer.length} bytes or more, room for ${this.#response.length}`
      return this.#fail('apdu.overflow', text)
    }
    // A card that ends before the last envelope has not seen the whole command: its status word is the answer.
    return this.#state === 'envelope' ? this.#deliver(sw) : this.#follow(sw, data.length)
  }

  #follow(sw: number, dataLength: number): T0Action {
    const { ne } = this.#command
    const [sw1, sw2] = [sw >> 8, sw & 0xff]
    if (sw1 === SW1_WRONG_LE && this.#mayRepeat && dataLength === 0) {
      this.#mayRepeat = false
      return this.#again(() => this.#sendRead(sw2 || MAX_READ_BYTES))
    }
    const left = ne - this.#length
    if (sw1 === SW1_MORE && this.#isExtended && left > 0) {
      return this.#again(() => this.#sendGetResponse(Math.min(sw2 || MAX_READ_BYTES, left)))
    }
    if (this.#mayAsk && this.#length === 0 && mayHideData(sw)) {
      this.#mayAsk = false
      this.#firstSw = sw
      // Rule 4b asks with 00 and is told the length by 6Cxx.
      const count = sw === StatusWord.ok ? Math.min(ne, MAX_READ_BYTES) : MAX_READ_BYTES
      return this.#again(() => this.#sendGetResponse(count))
    }
    const announcesMore = sw1 === SW1_MORE || sw1 === SW1_MORE_SIM
    return this.#deliver(this.#length === 0 && !announcesMore ? (this.#firstSw ?? sw) : sw)
  }

  get #isExtended(): boolean {
    return this.#command.case.endsWith('E')
  }

  /** One more TPDU for the same command, within the cap. */
  #again(send: () => T0Action): T0Action {
    if (this.#rounds >= MAX_ROUNDS) {
      return this.#fail('apdu.endless', `answer not complete after ${this.#rounds} further TPDUs`)
    }
    this.#rounds++
    return send()
  }

  #sendGetResponse(count: number): T0Action {
    this.#mayRepeat = true
    this.#tpdu.set([transportClassOf(this.#command.cla), INS_GET_RESPONSE, 0, 0])
    return this.#sendRead(count)
  }

  /** The next piece of the whole command, or the empty one that ends it. */
  #sendEnvelope(): T0Action {
    const piece = this.#whole.subarray(this.#sent, this.#sent + MAX_WRITE_BYTES)
    this.#sent += piece.length
    this.#state = piece.length === 0 ? 'answer' : 'envelope'
    this.#tpdu.set([transportClassOf(this.#command.cla), INS_ENVELOPE, 0, 0])
    return this.#sendWrite(piece)
  }

  /** Behind the header that lies in the TPDU already. */
  #sendRead(count: number): T0Action {
    this.#direction = 'read'
    this.#asked = Math.min(count, MAX_READ_BYTES)
    this.#tpdu[HEADER_BYTES] = this.#asked
    return { kind: 'send', tpdu: this.#tpdu.subarray(0, HEADER_BYTES + 1), direction: 'read' }
  }

  #sendWrite(data: Uint8Array): T0Action {
    this.#direction = 'write'
    this.#tpdu[HEADER_BYTES] = data.length
    this.#tpdu.set(data, HEADER_BYTES + 1)
    const tpdu = this.#tpdu.subarray(0, HEADER_BYTES + 1 + data.length)
    return { kind: 'send', tpdu, direction: 'write' }
  }

  /** Leaves room for the status word. What is beyond an Le that was given is cut off. */
  #append(data: Uint8Array): 'done' | 'overflow' {
    const { ne } = this.#command
    const part = ne > 0 ? data.subarray(0, ne - this.#length) : data
    const end = this.#length + part.length
    if (end + STATUS_WORD_BYTES > Math.min(this.#response.length, MAX_RESPONSE_BYTES)) return 'overflow'
    this.#response.set(part, this.#length)
    this.#length = end
    return 'done'
  }

  #deliver(sw: number): T0Action {
    this.#state = 'idle'
    this.#response[this.#length] = sw >> 8
    this.#response[this.#length + 1] = sw & 0xff
    return { kind: 'delivered', length: this.#length + STATUS_WORD_BYTES }
  }

  #fail(code: ApduErrorCode, text: string): T0Action {
    this.#state = 'idle'
    return { kind: 'failed', error: new ApduError(code, `T=0: ${text}`) }
  }
}

/** Headers that T=0 cannot carry: the card would take them, or their procedure bytes, for something else. */
function problemWith({ cla, ins }: Command): string | undefined {
  if (cla === CLA_PPS) return 'class FF is reserved for PPS'
  const high = ins & 0xf0
  return high === 0x60 || high === 0x90 ? `instruction ${ins.toString(16)} is a status byte` : undefined
}

function mayHideData(sw: number): boolean {
  const sw1 = sw >> 8
  return sw === StatusWord.ok || sw1 === 0x62 || sw1 === 0x63
}

/**
 * The class of ENVELOPE and GET RESPONSE: that of the command, on its logical channel, without chaining and secure
 * messaging (ISO/IEC 7816-4, interindustry classes 0x, and 4x to 7x); a proprietary class as it is.
 */
function transportClassOf(cla: number): number {
  if (cla < 0x20) return cla & 0x03
  return cla >= 0x40 && cla < 0x80 ? cla & 0x4f : cla
}

const HEADER_BYTES = 4
const MAX_WRITE_BYTES = 255
const MAX_READ_BYTES = 256
const MAX_RESPONSE_BYTES = 65_536 + STATUS_WORD_BYTES
/** 300 rounds of 256 bytes exceed the longest response. */
const MAX_ROUNDS = 300
const INS_GET_RESPONSE = 0xc0
const INS_ENVELOPE = 0xc2
const CLA_SIM = 0xa0
const CLA_PPS = 0xff
const NO_BYTES: Uint8Array = new Uint8Array(0)
const NO_COMMAND: Command = { case: '1', cla: 0, ins: 0, p1: 0, p2: 0, data: NO_BYTES, ne: 0 }
