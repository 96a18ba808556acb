// Attestation: a key pair made at install, a certificate set once, a signature over the handshake secret and the
// verifier's nonce. A man in the middle who knows the PSK has another handshake secret, so he cannot relay it.

import { derOf, isScalarOf, signDigest } from './curves.ts'
import { sha256 } from './key-schedule.ts'
import type { KeySlot } from './key-slots.ts'
import type { RandomSource } from './random.ts'

export class Attestation {
  readonly #pair: KeySlot
  readonly #random: RandomSource
  #certificate: Uint8Array | undefined

  /** @param pair  the secp256k1 pair of the card; its private half never leaves */
  constructor(pair: KeySlot, random: RandomSource) {
    this.#pair = pair
    this.#random = random
  }

  get publicKey(): Uint8Array {
    return this.#pair.publicKey ?? new Uint8Array(0)
  }

  /** r||s, 64 bytes; zeros until it is set. */
  get certificate(): Uint8Array {
    return this.#certificate ?? new Uint8Array(CERTIFICATE_BYTES)
  }

  get hasCertificate(): boolean {
    return this.#certificate !== undefined
  }

  /** Stores 64 bytes of certificate. Whoever calls has checked `hasCertificate`. */
  setCertificate(certificate: Uint8Array): void {
    this.#certificate = Uint8Array.from(certificate)
  }

  /** Makes the certificate on the card: X||Y of the public key, hashed and signed by the owner's key in a slot. */
  certifyWith(issuer: KeySlot): boolean {
    const digest = sha256(this.publicKey.subarray(1))
    for (;;) {
      const signature = signWith(issuer, digest, this.#random)
      if (signature === undefined) return false
      // The applet copies the integers from DER to fixed places and knows lengths of 32 and 33 only.
      const [r, s] = [signature.subarray(0, SCALAR_BYTES), signature.subarray(SCALAR_BYTES)]
      if (isShorterInDer(r) || isShorterInDer(s)) continue
      this.setCertificate(signature)
      return true
    }
  }

  /** DER signature over `handshakeSecret` (32 bytes) and the nonce, left-padded to 32. */
  attest(handshakeSecret: Uint8Array, nonce: Uint8Array): Uint8Array | undefined {
    const message = new Uint8Array(2 * SCALAR_BYTES)
    message.set(handshakeSecret)
    message.set(nonce, message.length - nonce.length)
    const signature = signWith(this.#pair, sha256(message), this.#random)
    return signature && derOf(signature)
  }
}

/** Whether this 32-byte integer is a DER INTEGER of 31 bytes or fewer. */
function isShorterInDer([first = 0, second = 0]: Uint8Array): boolean {
  return first === 0 && second < 0x80
}

/**
 * ECDSA by the private half of `slot` over a ready digest of up to 32 bytes.
 * @returns undefined without key or curve, and when the curve came after the key and has no such scalar: with zero,
 *          no nonce would ever yield a signature of a zero digest
 */
export function signWith(slot: KeySlot, digest: Uint8Array, random: RandomSource): Uint8Array | undefined {
  const { curve, privateKey } = slot
  if (curve === undefined || privateKey === undefined || !isScalarOf(curve, privateKey)) return undefined
  return signDigest({ curve, privateKey }, digest, random)
}

export const CERTIFICATE_BYTES = 64
const SCALAR_BYTES = 32
