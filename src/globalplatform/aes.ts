// AES as SCP03 uses it. Every result is a fresh array; nothing borrowed is kept.

import { createCipheriv, createDecipheriv } from 'node:crypto'
import { cmac as nobleCmac } from '@noble/ciphers/aes.js'

/** CMAC (NIST SP 800-38B), 16 bytes. @param key  16, 24 or 32 bytes */
export function cmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  return nobleCmac(Buffer.concat(parts), key)
}

/** CBC without padding. @param clear  a multiple of 16 bytes */
export function encryptCbc(key: Uint8Array, iv: Uint8Array, clear: Uint8Array): Uint8Array {
  const cipher = createCipheriv(`aes-${key.length * 8}-cbc`, key, iv).setAutoPadding(false)
  return Buffer.concat([cipher.update(clear), cipher.final()])
}

/** The inverse of `encryptCbc`. */
export function decryptCbc(key: Uint8Array, iv: Uint8Array, secret: Uint8Array): Uint8Array {
  const decipher = createDecipheriv(`aes-${key.length * 8}-cbc`, key, iv).setAutoPadding(false)
  return Buffer.concat([decipher.update(secret), decipher.final()])
}

/** One block by itself: ECB. */
export function encryptBlock(key: Uint8Array, block: Uint8Array): Uint8Array {
  return encryptCbc(key, NO_IV, block)
}

export const AES_BLOCK_BYTES = 16
export const NO_IV = new Uint8Array(AES_BLOCK_BYTES)
