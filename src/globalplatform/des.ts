// DES and two-key 3DES as SCP02 uses them. Every result is a fresh array; nothing borrowed is kept.

import { createCipheriv } from 'node:crypto'
import { padded } from './padding.ts'

/** 3DES-CBC without padding. @param key  16 bytes, K1 and K2 */
export function encryptCbc3(key: Uint8Array, iv: Uint8Array, clear: Uint8Array): Uint8Array {
  return encrypted('des-ede-cbc', key, iv, clear)
}

/** 3DES-ECB without padding. */
export function encryptEcb3(key: Uint8Array, clear: Uint8Array): Uint8Array {
  return encrypted('des-ede-ecb', key, null, clear)
}

/** One block in single DES. @param key  8 bytes */
export function encryptBlock1(key: Uint8Array, block: Uint8Array): Uint8Array {
  return encryptCbc1(key, NO_DES_IV, block)
}

/** Full triple DES MAC (GlobalPlatform Card Specification 2.3.1, B.1.2.1), 8 bytes; pads. */
export function fullMac(key: Uint8Array, message: Uint8Array): Uint8Array {
  return encryptCbc3(key, NO_DES_IV, padded(message, DES_BLOCK_BYTES)).subarray(-DES_BLOCK_BYTES)
}

/** Single DES plus final triple DES MAC, the "retail MAC" (B.1.2.2), 8 bytes; pads. */
export function retailMac(key: Uint8Array, iv: Uint8Array, message: Uint8Array): Uint8Array {
  const blocks = padded(message, DES_BLOCK_BYTES)
  const last = blocks.length - DES_BLOCK_BYTES
  const before = encryptCbc1(key.subarray(0, DES_BLOCK_BYTES), iv, blocks.subarray(0, last))
  const chained = last === 0 ? iv : before.subarray(-DES_BLOCK_BYTES)
  return encryptCbc3(key, chained, blocks.subarray(last))
}

function encryptCbc1(key: Uint8Array, iv: Uint8Array, clear: Uint8Array): Uint8Array {
  // OpenSSL has single DES only among its legacy algorithms; 3DES with one key thrice is the same.
  return encrypted('des-ede3-cbc', Buffer.concat([key, key, key]), iv, clear)
}

function encrypted(name: string, key: Uint8Array, iv: Uint8Array | null, clear: Uint8Array): Uint8Array {
  const cipher = createCipheriv(name, key, iv).setAutoPadding(false)
  return Buffer.concat([cipher.update(clear), cipher.final()])
}

export const DES_BLOCK_BYTES = 8
export const NO_DES_IV = new Uint8Array(DES_BLOCK_BYTES)
