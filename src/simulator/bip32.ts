// BIP32 on secp256k1, hardened private derivation only: that is all the keystore shell offers.

import { createHmac } from 'node:crypto'
import { bigOf, bytesOf, SECP256K1 } from './curves.ts'

/** An extended private key: 32-byte scalar and 32-byte chain code. */
export interface ExtendedKey {
  readonly privateKey: Uint8Array
  readonly chainCode: Uint8Array
}

/** HMAC-SHA512 of the concatenated `parts`, 64 bytes. */
export function hmac512(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const mac = createHmac('sha512', key)
  for (const part of parts) mac.update(part)
  return mac.digest()
}

/** The master key of `seed`; undefined for the one seed in 2^127 that has none. */
export function masterKeyOf(seed: Uint8Array): ExtendedKey | undefined {
  return extendedKeyOf(hmac512(MASTER_LABEL, seed), 0n)
}

/**
 * The child of `parent` at a hardened index.
 * @param index  4 bytes, most significant bit set
 * @returns undefined for the one child in 2^127 that does not exist
 */
export function hardenedChildOf(parent: ExtendedKey, index: Uint8Array): ExtendedKey | undefined {
  const image = hmac512(parent.chainCode, PRIVATE_KEY_PREFIX, parent.privateKey, index)
  return extendedKeyOf(image, bigOf(parent.privateKey))
}

/** The sum of two scalars modulo the order of secp256k1, in `length` bytes. */
export function sumOfScalars(a: Uint8Array, b: Uint8Array, length: number): Uint8Array {
  return bytesOf((bigOf(a) + bigOf(b)) % SECP256K1.n, length)
}

function extendedKeyOf(image: Uint8Array, parentScalar: bigint): ExtendedKey | undefined {
  const left = bigOf(image.subarray(0, 32))
  const scalar = (left + parentScalar) % SECP256K1.n
  if (left >= SECP256K1.n || scalar === 0n) return undefined
  return { privateKey: bytesOf(scalar), chainCode: image.subarray(32) }
}

const MASTER_LABEL = Buffer.from('Bitcoin seed', 'latin1')
const PRIVATE_KEY_PREFIX = Uint8Array.of(0)
