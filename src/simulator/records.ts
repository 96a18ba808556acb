// The card's plain memory: bytes for INS B0 and D0, 64-byte text records for the keystore shell.

export class Records {
  readonly #memory: Uint8Array

  constructor(length: number) {
    this.#memory = new Uint8Array(length)
  }

  /** `length` bytes from `offset`, or undefined when they are not all there. Borrowed until the next write. */
  bytes(offset: number, length: number): Uint8Array | undefined {
    return offset + length > this.#memory.length ? undefined : this.#memory.subarray(offset, offset + length)
  }

  /** False, and nothing written, when `bytes` do not fit at `offset`. */
  setBytes(offset: number, bytes: Uint8Array): boolean {
    if (offset + bytes.length > this.#memory.length) return false
    this.#memory.set(bytes, offset)
    return true
  }

  /** The text of record `index` up to its first zero byte; undefined beyond the last record. */
  read(index: number): Uint8Array | undefined {
    const record = this.bytes(index * RECORD_BYTES, RECORD_BYTES)
    const end = record?.indexOf(0) ?? -1
    return end < 0 ? record : record?.subarray(0, end)
  }

  /** Replaces record `index`; false when there is no such record or more than 64 bytes of text. */
  write(index: number, text: Uint8Array): boolean {
    const record = this.bytes(index * RECORD_BYTES, RECORD_BYTES)
    if (record === undefined || text.length > RECORD_BYTES) return false
    record.fill(0)
    record.set(text)
    return true
  }
}

const RECORD_BYTES = 64
