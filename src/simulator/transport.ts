// TLS records over APDUs: D8 collects a record in fragments, C0 fetches what waits, in pieces.

import { type Answer, ok, SW, status } from './answer.ts'
import type { Command } from './command.ts'
import { RECORD_HEADER_BYTES } from './record-protection.ts'
import type { TlsServer } from './tls-server.ts'

export class RecordTransport {
  readonly #tls: TlsServer
  readonly #received = new Uint8Array(RX_BYTES)
  #receivedBytes = 0
  /** An answer not fetched yet: its data shrinks piece by piece, its status word comes with the last. */
  #waiting: Answer | undefined

  constructor(tls: TlsServer) {
    this.#tls = tls
  }

  reset(): void {
    this.#receivedBytes = 0
    this.#waiting = undefined
    this.#tls.reset()
  }

  /** `D8 P1 P2 Lc data`: P2 bit 0 first fragment, bit 1 last, P1 at the last one the mode; no data resets TLS. */
  put({ p1, p2, data }: Command): Answer {
    if (data.length === 0) {
      this.reset()
      return ok()
    }
    if ((p2 & P2_FIRST) !== 0) this.#receivedBytes = 0
    if (this.#receivedBytes + data.length > RX_BYTES) return status(SW.WRITE_RANGE)
    this.#received.set(data, this.#receivedBytes)
    this.#receivedBytes += data.length
    return (p2 & P2_LAST) === 0 ? ok() : this.#deliver(p1)
  }

  /** `C0 00 00 Le`: the next piece, or the next record of the server's flight. */
  fetch({ p3: le }: Command): Answer {
    const computed = this.#waiting === undefined && this.#tls.canAdvance ? this.#tls.advance() : undefined
    const answer = computed ?? this.#waiting
    if (answer === undefined) return ok()
    this.#waiting = answer
    const step = computed?.step === undefined ? {} : { step: computed.step }
    const pieceBytes = Math.min(answer.data.length, PIECE_BYTES)
    if (le !== pieceBytes) return { ...status(SW.WRONG_LE | pieceBytes), ...step }
    const data = answer.data.subarray(0, pieceBytes)
    const rest = answer.data.subarray(pieceBytes)
    this.#waiting = rest.length === 0 ? undefined : { data: rest, sw: answer.sw }
    return { data, sw: rest.length === 0 ? answer.sw : moreOf(rest), ...step }
  }

  #deliver(mode: number): Answer {
    const record = this.#received.subarray(0, this.#receivedBytes)
    this.#receivedBytes = 0
    const isRecord = this.#tls.takesRecord(mode)
    if (isRecord && !isOneRecord(record)) return status(SW.WRITE_RANGE)
    const isOutOfTurn = isRecord && this.#tls.canAdvance
    const answer = this.#tls.receive(record, mode)
    this.#waiting = undefined
    if (isOutOfTurn) {
      // The server's flight is not fetched yet: what came is lost, and the flight's next record is due.
      this.#waiting = answer
      return { ...answer, ...status(SW.WRONG_LE | answer.data.length) }
    }
    if (answer.data.length <= PIECE_BYTES) return answer
    this.#waiting = answer
    return { ...answer, ...status(moreOf(answer.data)) }
  }
}

function moreOf(data: Uint8Array): number {
  return SW.MORE | Math.min(data.length, PIECE_BYTES)
}

function isOneRecord(bytes: Uint8Array): boolean {
  const [, , , high = 0, low = 0] = bytes
  return bytes.length >= RECORD_HEADER_BYTES && RECORD_HEADER_BYTES + ((high << 8) | low) === bytes.length
}

const RX_BYTES = 512
const PIECE_BYTES = 240
const P2_FIRST = 0x01
const P2_LAST = 0x02
