// An update file as it comes: the header is verified before anything else of it is believed, each chunk before it is
// handed on. Memory is constant: one header, one chunk.

import { createHash, verify } from 'node:crypto'
import { UpdateError } from './errors.ts'
import {
  CHUNK_BYTES,
  decodeHeader,
  FIXED_BYTES,
  headerBytes,
  keyIdOf,
  payloadBytes,
  SIGNATURE_BYTES,
  type UpdateHeader,
} from './header.ts'
import type { TrustedKeys } from './keys.ts'

export class UpdateReader {
  readonly header: UpdateHeader
  readonly #source: Source

  private constructor(header: UpdateHeader, source: Source) {
    this.header = header
    this.#source = source
  }

  /**
   * Reads and verifies the header.
   * @param bytes  of the file, in pieces of any length
   * @throws UpdateError update.malformed, update.untrusted; what `bytes` throws
   */
  static async open(bytes: AsyncIterable<Uint8Array>, keys: TrustedKeys): Promise<UpdateReader> {
    const source = new Source(bytes)
    const { header, signature } = await readHeader(source)
    const keyId = keyIdOf(header)
    const key = keys.get(keyId)
    if (key === undefined) {
      const known =
        keys.size === 0 ? 'this machine has no key' : `this machine has ${[...keys.keys()].join(', ')}`
      throw new UpdateError('update.untrusted', `the update is signed with key ${keyId}; ${known}`)
    }
    if (!verify(null, header, key, signature)) {
      throw new UpdateError(
        'update.untrusted',
        `the signature by key ${keyId} is wrong: header or signature were changed`,
      )
    }
    return new UpdateReader(decodeHeader(header), source)
  }

  /** The fields of a header that nobody has verified, for whoever only looks. @throws UpdateError update.malformed */
  static async peek(bytes: AsyncIterable<Uint8Array>): Promise<UpdateHeader> {
    const source = new Source(bytes)
    const { header } = await readHeader(source)
    await source.end()
    return decodeHeader(header)
  }

  /**
   * The payload, each chunk after its hash was found to be right; a view that is valid until the next is asked for.
   * Ends when the file ends where it should.
   * @throws UpdateError update.malformed
   */
  async *chunks(): AsyncGenerator<Buffer, void, undefined> {
    const { chunkHashes } = this.header
    let left = payloadBytes(this.header)
    for (const [index, expected] of chunkHashes.entries()) {
      const chunk = await this.#source.take(Math.min(left, CHUNK_BYTES))
      if (!createHash('sha256').update(chunk).digest().equals(expected)) {
        throw malformed(`chunk ${index + 1} of ${chunkHashes.length} is not what was signed`)
      }
      left -= chunk.length
      yield chunk
    }
    if (!(await this.#source.isAtEnd())) throw malformed('there are bytes behind its end')
  }

  /** Nothing more of it is read. */
  close(): Promise<void> {
    return this.#source.end()
  }
}

async function readHeader(source: Source): Promise<{ header: Buffer; signature: Buffer }> {
  const fixed = Buffer.from(await source.take(FIXED_BYTES))
  const hashes = Buffer.from(await source.take(headerBytes(fixed) - FIXED_BYTES))
  return {
    header: Buffer.concat([fixed, hashes]),
    signature: Buffer.from(await source.take(SIGNATURE_BYTES)),
  }
}

/** Exact numbers of bytes out of pieces of any length. */
class Source {
  readonly #pieces: AsyncIterator<Uint8Array>
  /** What `take` returns is a view of it. */
  #room: Buffer = Buffer.alloc(0)
  #rest: Uint8Array = new Uint8Array(0)
  #count = 0

  constructor(bytes: AsyncIterable<Uint8Array>) {
    this.#pieces = bytes[Symbol.asyncIterator]()
  }

  /** The next `length` bytes, at most CHUNK_BYTES, valid until the next call. */
  async take(length: number): Promise<Buffer> {
    if (this.#room.length < length) this.#room = Buffer.allocUnsafeSlow(length)
    let filled = 0
    while (filled < length) {
      if (this.#rest.length === 0 && !(await this.#refill())) {
        throw malformed(`it ends after ${this.#count} bytes, before its end`)
      }
      const part = this.#rest.subarray(0, length - filled)
      this.#room.set(part, filled)
      this.#rest = this.#rest.subarray(part.length)
      filled += part.length
      this.#count += part.length
    }
    return this.#room.subarray(0, length)
  }

  async isAtEnd(): Promise<boolean> {
    return this.#rest.length === 0 && !(await this.#refill())
  }

  async end(): Promise<void> {
    await this.#pieces.return?.()
  }

  async #refill(): Promise<boolean> {
    for (;;) {
      const next = await this.#pieces.next()
      if (next.done === true) return false
      this.#rest = next.value
      if (this.#rest.length > 0) return true
    }
  }
}

function malformed(what: string): UpdateError {
  return new UpdateError('update.malformed', `the update file is damaged: ${what}`)
}
