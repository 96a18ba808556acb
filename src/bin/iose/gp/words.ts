// Life cycles, privileges and key types in words (GlobalPlatform Card Specification 2.3.1, 11.1 and 11.1.8).

import { hexOfByte } from '../../../base/hex.ts'

/** @param kind  whose life cycle it is */
export function lifeCycleName(kind: 'domain' | 'application' | 'package', state: number): string {
  const name = LIFE_CYCLES[kind][state]
  if (name !== undefined) return name
  const digits = hexOfByte(state)
  if (kind !== 'application') return digits
  if ((state & 0x80) !== 0) return 'LOCKED'
  return (state & 0x07) === 0x07 ? `SELECTABLE (${digits})` : digits
}

/** Names of the privileges that are set. @param privileges  one or three bytes */
export function privilegeNames(privileges: Uint8Array): string[] {
  const [first = 0] = privileges
  return FIRST_BYTE.filter(([bits]) => (first & bits) === bits).map(([, name]) => name)
}

export function keyTypeName(type: number, length: number): string {
  const name = KEY_TYPES[type] ?? `type ${hexOfByte(type)}`
  return `${name}-${length * 8}`
}

const LIFE_CYCLES: Readonly<Record<'domain' | 'application' | 'package', Readonly<Record<number, string>>>> =
  {
    domain: {
      0x01: 'OP_READY',
      0x07: 'INITIALIZED',
      0x0f: 'SECURED',
      0x7f: 'CARD_LOCKED',
      0xff: 'TERMINATED',
    },
    application: { 0x03: 'INSTALLED', 0x07: 'SELECTABLE', 0x0f: 'PERSONALIZED' },
    package: { 0x01: 'LOADED' },
  }

const FIRST_BYTE: readonly (readonly [number, string])[] = [
  [0x80, 'security domain'],
  [0x10, 'may lock the card'],
  [0x08, 'may terminate the card'],
  [0x04, 'selected by default'],
  [0x02, 'manages the PIN of the card'],
]

const KEY_TYPES: Readonly<Record<number, string>> = {
  0x80: '3DES',
  0x85: 'TLS-PSK',
  0x88: 'AES',
  0x90: 'HMAC-SHA1',
  0xa0: 'RSA public',
  0xb0: 'ECC public',
}
