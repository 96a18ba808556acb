// The TLS 1.3 key schedule with SHA-256 (RFC 8446 section 7.1), and what the card derives once from its PSK.

import { hmac as hmacOf } from '@noble/hashes/hmac.js'
import { sha256 as sha256Of } from '@noble/hashes/sha2.js'

/** Everything that follows from the PSK alone. The card stores this, not the handshake's secrets. */
export interface PskSecrets {
  readonly psk: Uint8Array
  readonly earlySecret: Uint8Array
  /** Derive-Secret(early, "derived", ""): the salt of the handshake secret. */
  readonly derivedSecret: Uint8Array
  readonly externalBinderKey: Uint8Array
  readonly resumptionBinderKey: Uint8Array
  /** The finished keys of the two binder keys. */
  readonly externalFinishedKey: Uint8Array
  readonly resumptionFinishedKey: Uint8Array
}

/** HMAC-SHA256 of the concatenated `parts`; also HKDF-Extract(salt = key, parts), RFC 5869 section 2.2. */
export function hmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const mac = hmacOf.create(sha256Of, key)
  for (const part of parts) mac.update(part)
  return mac.digest()
}

/** SHA-256 of `message`. */
export function sha256(message: Uint8Array): Uint8Array {
  return sha256Of(message)
}

/** The HkdfLabel structure for an output of `outputBytes`. */
export function hkdfLabel(outputBytes: number, label: string, context: Uint8Array): Uint8Array {
  const name = Buffer.from(`tls13 ${label}`, 'latin1')
  const length = Uint8Array.of((outputBytes >> 8) & 0xff, outputBytes & 0xff, name.length)
  return Buffer.concat([length, name, Uint8Array.of(context.length), context])
}

/** HKDF-Expand-Label for at most one hash length of output, which is all that TLS_AES_128_CCM_SHA256 needs. */
export function expandLabel(secret: Uint8Array, label: string, context: Uint8Array, outputBytes: number) {
  return hmac(secret, hkdfLabel(outputBytes, label, context), FIRST_BLOCK).subarray(0, outputBytes)
}

/** Derive-Secret with the transcript hash already made. */
export function deriveSecret(secret: Uint8Array, label: string, transcriptHash: Uint8Array): Uint8Array {
  return expandLabel(secret, label, transcriptHash, HASH_BYTES)
}

/** The key of a Finished message, or of a binder, whose base key is `secret`. */
export function finishedKeyOf(secret: Uint8Array): Uint8Array {
  return expandLabel(secret, 'finished', NOTHING, HASH_BYTES)
}

/** Derives what the card keeps of `psk`. The salt of TLS is zeros; the card lets INS 85 choose another. */
export function pskSecretsOf(psk: Uint8Array, salt: Uint8Array = NOTHING): PskSecrets {
  const earlySecret = hmac(salt, psk)
  const externalBinderKey = deriveSecret(earlySecret, 'ext binder', HASH_OF_NOTHING)
  // The applet hands an empty context where RFC 8446 wants the hash of nothing. Unused in its TLS, visible in INS 85.
  const resumptionBinderKey = expandLabel(earlySecret, 'res binder', NOTHING, HASH_BYTES)
  return {
    psk: Uint8Array.from(psk),
    earlySecret,
    derivedSecret: deriveSecret(earlySecret, 'derived', HASH_OF_NOTHING),
    externalBinderKey,
    resumptionBinderKey,
    externalFinishedKey: finishedKeyOf(externalBinderKey),
    resumptionFinishedKey: finishedKeyOf(resumptionBinderKey),
  }
}

/** The two traffic secrets of one epoch, for `labels` of client and server. */
export interface TrafficSecrets {
  readonly client: Uint8Array
  readonly server: Uint8Array
}

export function handshakeTraffic(handshakeSecret: Uint8Array, transcriptHash: Uint8Array): TrafficSecrets {
  return {
    client: deriveSecret(handshakeSecret, 'c hs traffic', transcriptHash),
    server: deriveSecret(handshakeSecret, 's hs traffic', transcriptHash),
  }
}

export function masterSecretOf(handshakeSecret: Uint8Array): Uint8Array {
  return hmac(deriveSecret(handshakeSecret, 'derived', HASH_OF_NOTHING), ZEROS)
}

export function applicationTraffic(masterSecret: Uint8Array, transcriptHash: Uint8Array): TrafficSecrets {
  return {
    client: deriveSecret(masterSecret, 'c ap traffic', transcriptHash),
    server: deriveSecret(masterSecret, 's ap traffic', transcriptHash),
  }
}

/** A running hash over handshake messages. */
export class Transcript {
  readonly #hash = sha256Of.create()

  add(message: Uint8Array): void {
    this.#hash.update(message)
  }

  /** The hash of everything added so far; more may be added afterwards. */
  digest(): Uint8Array {
    return this.#hash.clone().digest()
  }
}

const HASH_BYTES = 32
const NOTHING = new Uint8Array(0)
const ZEROS = new Uint8Array(HASH_BYTES)
const FIRST_BLOCK = Uint8Array.of(1)
const HASH_OF_NOTHING = sha256(NOTHING)
