// TLS records out of a byte stream, sans-I/O. Only the 5-byte header is looked at:
// ContentType(1) legacy_record_version(2) length(2), RFC 8446 section 5.1.

import { PeerError } from '../net/errors.ts'

export const RECORD_HEADER_BYTES = 5

/** The largest TLSPlaintext fragment, 2^14 bytes: RFC 8446 section 5.1. */
export const MAX_PLAINTEXT_BYTES = 16_384

export const CONTENT_TYPE = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23 } as const

/**
 * Cuts a stream into records. A record that lies whole in one chunk is returned as a view of that chunk; one
 * that is split is gathered in a buffer of the assembler's own, allocated when it is first needed and never
 * larger than `maxRecordBytes`.
 */
export class RecordAssembler {
  /** The longest record accepted, header included. May be lowered or raised between records. */
  maxRecordBytes: number
  #chunk: Uint8Array = NOTHING
  #offset = 0
  #partial: Uint8Array = NOTHING
  /** Bytes of the record that is being gathered in `#partial`; 0 when none is. */
  #gathered = 0

  constructor(maxRecordBytes: number) {
    this.maxRecordBytes = maxRecordBytes
  }

  /** True when the stream stands at a record boundary: an end here cuts nothing. */
  get isBetweenRecords(): boolean {
    return this.#gathered === 0 && this.#offset === this.#chunk.length
  }

  /**
   * Gives the next piece of the stream. Call only after `next` has returned undefined.
   * @param chunk  any length; borrowed until `next` returns undefined
   */
  push(chunk: Uint8Array): void {
    this.#chunk = chunk
    this.#offset = 0
  }

  /**
   * The next whole record, header included, or undefined when more of the stream is needed.
   * The view is borrowed: it is dead at the next call of `next` or `push`.
   * @throws PeerError peer.not-tls as soon as the first bytes cannot begin a record; peer.syntax when a record
   *         is empty; peer.oversize when a header announces more than `maxRecordBytes`
   */
  next(): Uint8Array | undefined {
    if (this.#gathered > 0) return this.#finishPartial()
    const left = this.#chunk.length - this.#offset
    if (left === 0) return undefined
    const recordBytes = this.#announced(this.#chunk, this.#offset, left)
    if (recordBytes === undefined || recordBytes > left) {
      this.#reserve(recordBytes ?? RECORD_HEADER_BYTES)
      this.#gather(left)
      return undefined
    }
    const record = this.#chunk.subarray(this.#offset, this.#offset + recordBytes)
    this.#offset += recordBytes
    return record
  }

  #finishPartial(): Uint8Array | undefined {
    if (this.#gathered < RECORD_HEADER_BYTES) {
      this.#gather(RECORD_HEADER_BYTES - this.#gathered)
      const recordBytes = this.#announced(this.#partial, 0, this.#gathered)
      if (recordBytes === undefined) return undefined
      this.#reserve(recordBytes)
    }
    const recordBytes = this.#announced(this.#partial, 0, this.#gathered) ?? 0
    this.#gather(recordBytes - this.#gathered)
    if (this.#gathered < recordBytes) return undefined
    this.#gathered = 0
    return this.#partial.subarray(0, recordBytes)
  }

  /** Moves up to `wanted` bytes from the chunk to the partial record. */
  #gather(wanted: number): void {
    const taken = Math.min(wanted, this.#chunk.length - this.#offset)
    this.#partial.set(this.#chunk.subarray(this.#offset, this.#offset + taken), this.#gathered)
    this.#offset += taken
    this.#gathered += taken
  }

  #reserve(length: number): void {
    if (this.#partial.length >= length) return
    const larger = new Uint8Array(length)
    larger.set(this.#partial.subarray(0, this.#gathered))
    this.#partial = larger
  }

  /** Length of the record whose first `have` bytes lie at `offset`, or undefined when that is too few to tell. */
  #announced(bytes: Uint8Array, offset: number, have: number): number | undefined {
    const type = bytes[offset] ?? 0
    if (type < CONTENT_TYPE.changeCipherSpec || type > CONTENT_TYPE.applicationData) {
      throw new PeerError('peer.not-tls', `first byte 0x${hexByte(type)} begins no TLS record`)
    }
    if (have > 1 && bytes[offset + 1] !== 3) {
      throw new PeerError('peer.not-tls', `0x${hexByte(bytes[offset + 1] ?? 0)} is no TLS version`)
    }
    if (have < RECORD_HEADER_BYTES) return undefined
    const length = ((bytes[offset + 3] ?? 0) << 8) | (bytes[offset + 4] ?? 0)
    if (length === 0) throw new PeerError('peer.syntax', 'empty TLS record')
    if (RECORD_HEADER_BYTES + length > this.maxRecordBytes) {
      const message = `record of ${RECORD_HEADER_BYTES + length} bytes, at most ${this.maxRecordBytes} are taken`
      throw new PeerError('peer.oversize', message)
    }
    return RECORD_HEADER_BYTES + length
  }
}

/** True when `bytes` is zero or more whole TLS 1.3 records back to back, and nothing else. */
export function areWholeRecords(bytes: Uint8Array): boolean {
  let offset = 0
  while (offset < bytes.length) {
    const type = bytes[offset] ?? 0
    if (type < CONTENT_TYPE.changeCipherSpec || type > CONTENT_TYPE.applicationData) return false
    if (bytes[offset + 1] !== 3) return false
    const length = ((bytes[offset + 3] ?? 0) << 8) | (bytes[offset + 4] ?? 0)
    if (length === 0) return false
    offset += RECORD_HEADER_BYTES + length
  }
  return offset === bytes.length
}

function hexByte(value: number): string {
  return value.toString(16).padStart(2, '0')
}

const NOTHING = new Uint8Array(0)
