// Keys of a security domain: a set of three, their check values, and how a set follows from a master key.

import { cmac, encryptBlock } from './aes.ts'
import { encryptEcb3 } from './des.ts'
import { GlobalPlatformError } from './errors.ts'

/** One key set: key identifiers 1, 2 and 3. All of one length: 16 bytes, for AES also 24 and 32. */
export interface KeySet {
  readonly enc: Uint8Array
  readonly mac: Uint8Array
  readonly dek: Uint8Array
}

export type KeyAlgorithm = 'aes' | '3des'

/** How the keys of one element are made of those of many; `none` means they are not. */
export type Diversification = 'none' | 'visa2' | 'emv' | 'kdf3'

export const DIVERSIFICATIONS = ['none', 'visa2', 'emv', 'kdf3'] as const satisfies readonly Diversification[]

/** 404142...4F, thrice: what elements come with until somebody changes them, and what everybody knows. */
export const TEST_KEYS: KeySet = setOf(Uint8Array.from({ length: 16 }, (_, n) => 0x40 + n))

/** Three times the same key. */
export function setOf(key: Uint8Array): KeySet {
  return { enc: key, mac: key, dek: key }
}

/** In order of their identifiers. */
export function keysOf({ enc, mac, dek }: KeySet): readonly [Uint8Array, Uint8Array, Uint8Array] {
  return [enc, mac, dek]
}

/** @throws GlobalPlatformError gp.request unless the three have one length that `algorithm` takes */
export function checkKeys(keys: KeySet, algorithm: KeyAlgorithm): void {
  const lengths = new Set(keysOf(keys).map(({ length }) => length))
  const allowed = algorithm === 'aes' ? [16, 24, 32] : [16]
  if (lengths.size === 1 && allowed.includes(keys.enc.length)) return
  const wanted = algorithm === 'aes' ? '16, 24 or 32 bytes (AES)' : '16 bytes (3DES)'
  throw new GlobalPlatformError('gp.request', `the three keys must have the same length, ${wanted}`)
}

/**
 * Three bytes that show which key it is without showing it.
 * GlobalPlatform Card Specification 2.3.1 B.5 (3DES over 00s), Amendment D 4.1.4 (AES over 01s).
 */
export function checkValueOf(key: Uint8Array, algorithm: KeyAlgorithm): Uint8Array {
  const block = algorithm === 'aes' ? encryptBlock(key, ONES) : encryptEcb3(key, ZEROES)
  return block.slice(0, CHECK_VALUE_BYTES)
}

/**
 * The set of one element.
 * @param master           each of its keys is the master of the key with the same identifier
 * @param diversification  ten bytes: key diversification data, the beginning of the answer to INITIALIZE UPDATE
 * @throws GlobalPlatformError gp.unsupported for master keys of other than 16 bytes, unless `none`
 */
export function diversified(master: KeySet, method: Diversification, diversification: Uint8Array): KeySet {
  const derive = (key: Uint8Array, id: number): Uint8Array => derived(method, { key, id }, diversification)
  return { enc: derive(master.enc, 1), mac: derive(master.mac, 2), dek: derive(master.dek, 3) }
}

function derived(
  method: Diversification,
  { key, id }: { key: Uint8Array; id: number },
  kdd: Uint8Array,
): Uint8Array {
  switch (method) {
    case 'none':
      return key
    case 'visa2':
    case 'emv': {
      // Triple DES with two keys; longer ones are keys of AES.
      if (key.length !== 16) throw unknownLength(method)
      const half =
        method === 'emv' ? kdd.subarray(4, 10) : Buffer.concat([kdd.subarray(0, 2), kdd.subarray(4, 8)])
      return encryptEcb3(key, Uint8Array.of(...half, 0xf0, id, ...half, 0x0f, id))
    }
    case 'kdf3':
      // Of longer keys it is not known in which byte the counter stands.
      if (key.length !== 16) throw unknownLength(method)
      return cmac(key, Uint8Array.of(1, 0, 0, 0, id, 0, ...kdd))
    default:
      return method satisfies never
  }
}

function unknownLength(method: Diversification): GlobalPlatformError {
  return new GlobalPlatformError('gp.unsupported', `${method} is known for keys of 16 bytes only`)
}

const CHECK_VALUE_BYTES = 3
const ONES = new Uint8Array(16).fill(0x01)
const ZEROES = new Uint8Array(8)
