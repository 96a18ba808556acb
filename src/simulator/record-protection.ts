// TLS 1.3 record protection with AES-128-CCM and a 16-byte tag (RFC 8446 section 5.2), one direction.

import { createCipheriv, createDecipheriv } from 'node:crypto'
import { expandLabel } from './key-schedule.ts'

/** Seals or opens the records of one traffic secret, in order. */
export class RecordProtection {
  readonly #key: Uint8Array
  readonly #iv: Uint8Array
  #sequence = 0

  constructor(trafficSecret: Uint8Array) {
    this.#key = expandLabel(trafficSecret, 'key', NOTHING, KEY_BYTES)
    this.#iv = expandLabel(trafficSecret, 'iv', NOTHING, NONCE_BYTES)
  }

  /** The whole record, header included, around `inner` (which ends in its content type). */
  seal(inner: Uint8Array): Uint8Array {
    const length = inner.length + TAG_BYTES
    const header = Uint8Array.of(APPLICATION_DATA, 0x03, 0x03, length >> 8, length & 0xff)
    const sealed = ccmSeal({ key: this.#key, nonce: this.#nextNonce(), aad: header }, inner)
    return Buffer.concat([header, sealed])
  }

  /**
   * The inner plaintext of a whole record, its content type last; undefined when it is not authentic.
   * A failure uses up a sequence number too: the session is over anyway.
   */
  open(record: Uint8Array): Uint8Array | undefined {
    const header = record.subarray(0, RECORD_HEADER_BYTES)
    if (header[0] !== APPLICATION_DATA || header[1] !== 0x03 || header[2] !== 0x03) return undefined
    const body = record.subarray(RECORD_HEADER_BYTES)
    return ccmOpen({ key: this.#key, nonce: this.#nextNonce(), aad: header }, body)
  }

  #nextNonce(): Uint8Array {
    const nonce = Uint8Array.from(this.#iv)
    // The applet counts records in 16 bits: after 65536 of them the nonces come round again.
    nonce[NONCE_BYTES - 2] = (nonce[NONCE_BYTES - 2] ?? 0) ^ (this.#sequence >> 8)
    nonce[NONCE_BYTES - 1] = (nonce[NONCE_BYTES - 1] ?? 0) ^ (this.#sequence & 0xff)
    this.#sequence = (this.#sequence + 1) & 0xffff
    return nonce
  }
}

/** AES-128 key (16 bytes), nonce (12 bytes) and additional data of one CCM operation. */
export interface CcmInput {
  readonly key: Uint8Array
  readonly nonce: Uint8Array
  readonly aad: Uint8Array
}

/** Ciphertext, then the 16-byte tag. */
export function ccmSeal({ key, nonce, aad }: CcmInput, plaintext: Uint8Array): Uint8Array {
  const cipher = createCipheriv('aes-128-ccm', key, nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(aad, { plaintextLength: plaintext.length })
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
}

/** The plaintext of ciphertext and tag, or undefined when they are too short or not authentic. */
export function ccmOpen({ key, nonce, aad }: CcmInput, sealed: Uint8Array): Uint8Array | undefined {
  const length = sealed.length - TAG_BYTES
  if (length < 0) return undefined
  const decipher = createDecipheriv('aes-128-ccm', key, nonce, { authTagLength: TAG_BYTES })
  decipher.setAuthTag(sealed.subarray(length))
  decipher.setAAD(aad, { plaintextLength: length })
  try {
    const plaintext = decipher.update(sealed.subarray(0, length))
    decipher.final()
    return plaintext
  } catch {
    // node:crypto reports a wrong tag by throwing, from either call; there is no other failure here.
    return undefined
  }
}

export const TAG_BYTES = 16
export const RECORD_HEADER_BYTES = 5
export const APPLICATION_DATA = 0x17
const KEY_BYTES = 16
const NONCE_BYTES = 12
const NOTHING = new Uint8Array(0)
