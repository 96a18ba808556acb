// The key schedule of TLS 1.3 with an external PSK (RFC 8446 section 7.1), SHA-256 throughout: both suites use it.

import { createHash, createHmac } from 'node:crypto'

/** Who has the pre-shared key: this process, or an element that lends its help and keeps the key. */
export interface PskHolder {
  /** The PSK identity of the ClientHello, one character per byte. */
  readonly identity: string
  /** @param hash  of the ClientHello up to its binders @returns 32 bytes, the binder (RFC 8446 section 4.2.11.2) */
  binder(hash: Uint8Array): Promise<Uint8Array>
  /** @param shared  the x coordinate of the shared point @returns 32 bytes, the handshake secret */
  handshakeSecret(shared: Uint8Array): Promise<Uint8Array>
}

/** A holder that is this process. @param psk  32 bytes, borrowed for good */
export function localPsk(psk: Uint8Array, identity: string): PskHolder {
  const early = hmac(ZEROS, psk)
  return {
    identity,
    binder(hash) {
      const key = deriveSecret(early, 'ext binder', sha256(NOTHING))
      return Promise.resolve(hmac(finishedKeyOf(key), hash))
    },
    handshakeSecret(shared) {
      return Promise.resolve(hmac(deriveSecret(early, 'derived', sha256(NOTHING)), shared))
    },
  }
}

export interface TrafficSecrets {
  readonly client: Uint8Array
  readonly server: Uint8Array
}

/** @param hash  of ClientHello and ServerHello */
export function handshakeTraffic(handshakeSecret: Uint8Array, hash: Uint8Array): TrafficSecrets {
  return {
    client: deriveSecret(handshakeSecret, 'c hs traffic', hash),
    server: deriveSecret(handshakeSecret, 's hs traffic', hash),
  }
}

/** @param hash  of everything up to the server's Finished */
export function applicationTraffic(handshakeSecret: Uint8Array, hash: Uint8Array): TrafficSecrets {
  const master = hmac(deriveSecret(handshakeSecret, 'derived', sha256(NOTHING)), ZEROS)
  return {
    client: deriveSecret(master, 'c ap traffic', hash),
    server: deriveSecret(master, 's ap traffic', hash),
  }
}

/** What follows a traffic secret at a KeyUpdate (RFC 8446 section 7.2). */
export function nextTraffic(secret: Uint8Array): Uint8Array {
  return expandLabel(secret, 'traffic upd', NOTHING, HASH_BYTES)
}

/** verify_data of the Finished of whoever has `traffic` (RFC 8446 section 4.4.4). */
export function finishedOf(traffic: Uint8Array, hash: Uint8Array): Uint8Array {
  return hmac(finishedKeyOf(traffic), hash)
}

/** HKDF-Expand-Label for at most 32 bytes, which is all that is needed here. @returns a fresh array */
export function expandLabel(
  secret: Uint8Array,
  label: string,
  context: Uint8Array,
  length: number,
): Uint8Array {
  const name = Buffer.from(`tls13 ${label}`, 'latin1')
  const head = Uint8Array.of(length >> 8, length & 0xff, name.length)
  return hmac(secret, head, name, Uint8Array.of(context.length), context, FIRST_BLOCK).subarray(0, length)
}

export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

function deriveSecret(secret: Uint8Array, label: string, hash: Uint8Array): Uint8Array {
  return expandLabel(secret, label, hash, HASH_BYTES)
}

function finishedKeyOf(secret: Uint8Array): Uint8Array {
  return expandLabel(secret, 'finished', NOTHING, HASH_BYTES)
}

function hmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const mac = createHmac('sha256', key)
  for (const part of parts) mac.update(part)
  return mac.digest()
}

const HASH_BYTES = 32
const ZEROS = new Uint8Array(HASH_BYTES)
const NOTHING = new Uint8Array(0)
const FIRST_BLOCK = Uint8Array.of(1)
