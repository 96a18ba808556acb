// Protected records of TLS 1.3 (RFC 8446 section 5.2): one direction, with its key and its count.

import { createCipheriv, createDecipheriv } from 'node:crypto'
import { ClientError } from '../errors.ts'
import { expandLabel, nextTraffic } from './secrets.ts'

/** By number of the suite; both with 16-byte keys and tags, and 12-byte nonces. */
export const CIPHERS = { 0x1304: 'aes-128-ccm', 0x1301: 'aes-128-gcm' } as const

export type Suite = keyof typeof CIPHERS

/** What a record holds, once opened. */
export interface Content {
  readonly type: number
  readonly bytes: Uint8Array
}

export class Protection {
  readonly #suite: Suite
  #secret: Uint8Array
  #key = NOTHING
  #iv = NOTHING
  #sequence = 0n

  /** @param secret  the traffic secret of the direction */
  constructor(suite: Suite, secret: Uint8Array) {
    this.#suite = suite
    this.#secret = secret
    this.#derive()
  }

  /** The next key, after a KeyUpdate. */
  update(): void {
    this.#secret = nextTraffic(this.#secret)
    this.#derive()
  }

  /** A whole record of `content`, at most 2^14 bytes. */
  seal({ type, bytes }: Content): Uint8Array {
    const inner = Buffer.concat([bytes, Uint8Array.of(type)])
    const header = headerOf(inner.length + TAG_BYTES)
    const [cipher, options] = [CIPHERS[this.#suite], { authTagLength: TAG_BYTES }] as const
    // One cipher has two faces in the types of Node.
    const sealing = createCipheriv(cipher as 'aes-128-ccm', this.#key, this.#nonce(), options)
    sealing.setAAD(header, { plaintextLength: inner.length })
    return Buffer.concat([header, sealing.update(inner), sealing.final(), sealing.getAuthTag()])
  }

  /**
   * @param record  whole, header included; borrowed for the call
   * @throws ClientError client.protocol when it is not what the other side has sealed
   */
  open(record: Uint8Array): Content {
    const length = record.length - HEADER_BYTES - TAG_BYTES
    if (length < 1) throw new ClientError('client.protocol', 'a protected record without content')
    const options = { authTagLength: TAG_BYTES }
    const cipher = CIPHERS[this.#suite] as 'aes-128-ccm'
    const opening = createDecipheriv(cipher, this.#key, this.#nonce(), options)
    opening.setAuthTag(record.subarray(-TAG_BYTES))
    opening.setAAD(record.subarray(0, HEADER_BYTES), { plaintextLength: length })
    let inner: Buffer
    try {
      inner = Buffer.concat([opening.update(record.subarray(HEADER_BYTES, -TAG_BYTES)), opening.final()])
    } catch (error) {
      throw new ClientError('client.protocol', 'a record that was not sealed with the keys of the session', {
        cause: error,
      })
    }
    const end = inner.findLastIndex((byte) => byte !== 0)
    if (end < 0) throw new ClientError('client.protocol', 'a protected record of nothing but padding')
    return { type: inner[end] ?? 0, bytes: inner.subarray(0, end) }
  }

  #derive(): void {
    this.#key = expandLabel(this.#secret, 'key', NOTHING, 16)
    this.#iv = expandLabel(this.#secret, 'iv', NOTHING, 12)
    this.#sequence = 0n
  }

  #nonce(): Uint8Array {
    const nonce = Buffer.alloc(12)
    nonce.writeBigUInt64BE(this.#sequence++, 4)
    return nonce.map((byte, index) => byte ^ (this.#iv[index] ?? 0))
  }
}

function headerOf(length: number): Uint8Array {
  return Uint8Array.of(0x17, 0x03, 0x03, length >> 8, length & 0xff)
}

const NOTHING: Uint8Array = new Uint8Array(0)
export const HEADER_BYTES = 5
const TAG_BYTES = 16
