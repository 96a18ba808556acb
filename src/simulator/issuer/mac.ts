// The ciphers of a security domain, as a card has them. Written for the card's side alone: the host has its own.

import { createCipheriv, createDecipheriv } from 'node:crypto'
import { cmac } from '@noble/ciphers/aes.js'

/** CBC without padding, either way; the length of the key says which AES. */
export function aesCbc(
  way: 'encrypt' | 'decrypt',
  key: Uint8Array,
  iv: Uint8Array,
  input: Uint8Array,
): Uint8Array {
  const make = way === 'encrypt' ? createCipheriv : createDecipheriv
  const cipher = make(`aes-${key.length * 8}-cbc`, key, iv)
  cipher.setAutoPadding(false)
  return Buffer.concat([cipher.update(input), cipher.final()])
}

export function aesMac(key: Uint8Array, ...input: readonly Uint8Array[]): Uint8Array {
  return cmac(Buffer.concat(input), key)
}

/** 3DES with K1, K2, K1; no padding. */
export function des3(
  mode: 'cbc' | 'ecb',
  way: 'encrypt' | 'decrypt',
  key: Uint8Array,
  input: Uint8Array,
): Uint8Array {
  const iv = mode === 'cbc' ? ZERO_BLOCK : null
  const name = mode === 'cbc' ? 'des-ede-cbc' : 'des-ede-ecb'
  const make = way === 'encrypt' ? createCipheriv : createDecipheriv
  const cipher = make(name, key, iv)
  cipher.setAutoPadding(false)
  return Buffer.concat([cipher.update(input), cipher.final()])
}

/** Single DES of one block: 3DES whose halves are equal. */
export function des1(key: Uint8Array, block: Uint8Array): Uint8Array {
  return des3('ecb', 'encrypt', Buffer.concat([key, key]), block)
}

/** Single DES over all blocks but the last, 3DES over that one. ISO/IEC 9797-1 algorithm 3; pads. */
export function retailMac3(key: Uint8Array, icv: Uint8Array, message: Uint8Array): Uint8Array {
  const input = withPadding(message, 8)
  let state = icv
  for (let at = 0; at < input.length; at += 8) {
    const block = input.subarray(at, at + 8).map((byte, n) => byte ^ (state[n] ?? 0))
    state = at + 8 < input.length ? des1(key.subarray(0, 8), block) : des3('ecb', 'encrypt', key, block)
  }
  return state
}

/** 80, then 00 to the end of a block. */
export function withPadding(message: Uint8Array, block: number): Uint8Array {
  return Uint8Array.of(...message, 0x80, ...new Uint8Array(block - 1 - (message.length % block)))
}

/** Undefined when the padding is not that of `withPadding`. */
export function withoutPadding(message: Uint8Array): Uint8Array | undefined {
  const end = message.findLastIndex((byte) => byte !== 0)
  return message[end] === 0x80 ? message.subarray(0, end) : undefined
}

export const ZERO_BLOCK = new Uint8Array(8)
