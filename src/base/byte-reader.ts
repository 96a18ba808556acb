// A bounded cursor over bytes that came from outside: every read checks what is left.

/** Reads big-endian fields in order. A read past the end throws RangeError and moves nothing. */
export class ByteReader {
  readonly #bytes: Uint8Array
  #offset = 0

  /** @param bytes  borrowed for the life of the reader and of every view it returns */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** Bytes not read yet. */
  get remaining(): number {
    return this.#bytes.length - this.#offset
  }

  /** Position of the next byte, counted from the start. */
  get offset(): number {
    return this.#offset
  }

  u8(): number {
    return this.take(1)[0] ?? 0
  }

  u16(): number {
    const field = this.take(2)
    return ((field[0] ?? 0) << 8) | (field[1] ?? 0)
  }

  u24(): number {
    const field = this.take(3)
    return ((field[0] ?? 0) << 16) | ((field[1] ?? 0) << 8) | (field[2] ?? 0)
  }

  /** The next `length` bytes, a view borrowed from the input. */
  take(length: number): Uint8Array {
    if (length > this.remaining) {
      throw new RangeError(`${length} bytes wanted at offset ${this.#offset}, ${this.remaining} left`)
    }
    const start = this.#offset
    this.#offset += length
    return this.#bytes.subarray(start, this.#offset)
  }

  /** A vector with a one-byte length (RFC 8446 section 3.4), as a view. */
  vector8(): Uint8Array {
    return this.#vector(1)
  }

  /** A vector with a two-byte length (RFC 8446 section 3.4), as a view. */
  vector16(): Uint8Array {
    return this.#vector(2)
  }

  #vector(lengthBytes: 1 | 2): Uint8Array {
    const start = this.#offset
    const length = lengthBytes === 1 ? this.u8() : this.u16()
    if (length > this.remaining) {
      const left = this.remaining
      this.#offset = start
      throw new RangeError(`vector of ${length} bytes at offset ${start}, ${left} left`)
    }
    return this.take(length)
  }
}
