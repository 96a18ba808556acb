// The answer to INITIALIZE UPDATE (GlobalPlatform Card Specification 2.3.1 E.5.1, Amendment D 7.1.1):
//
//   0   key diversification data, 10      SCP02: 12 counter 2 | 14 challenge 6 | 20 cryptogram 8
//   10  key version                       SCP03: 12 i | 13 challenge 8 | 21 cryptogram 8 | 29 counter 3, if i has b5
//   11  02 or 03

import { hexOf, hexOfByte } from '../base/hex.ts'
import { GlobalPlatformError } from './errors.ts'

export interface Scp02Challenge extends AnyChallenge {
  readonly protocol: 'SCP02'
  /** 2 bytes. */
  readonly counter: Uint8Array
  /** 6 bytes. */
  readonly challenge: Uint8Array
}

export interface Scp03Challenge extends AnyChallenge {
  readonly protocol: 'SCP03'
  /** Options of the implementation, see `SCP03_I`. */
  readonly i: number
  /** 8 bytes. */
  readonly challenge: Uint8Array
  /** 3 bytes; only with pseudo-random challenges. */
  readonly counter: Uint8Array | undefined
}

export type CardChallenge = Scp02Challenge | Scp03Challenge

interface AnyChallenge {
  /** 10 bytes: in the keys of many elements, what makes them differ. */
  readonly diversification: Uint8Array
  /** Of the key set that the element uses. */
  readonly keyVersion: number
  /** 8 bytes. */
  readonly cryptogram: Uint8Array
}

/** Bits of i of SCP03 (Amendment D, table 5-1). */
export const SCP03_I = { s16: 0x01, pseudoRandom: 0x10, responseMac: 0x20, responseEncryption: 0x40 } as const

/**
 * @param data  without status word; copied
 * @throws GlobalPlatformError gp.unsupported for another protocol, gp.malformed
 */
export function cardChallengeOf(data: Uint8Array): CardChallenge {
  const bytes = data.slice()
  const scp = bytes[PROTOCOL_OFFSET]
  if (scp === undefined) throw malformed(bytes)
  const common = {
    diversification: bytes.subarray(0, VERSION_OFFSET),
    keyVersion: bytes[VERSION_OFFSET] ?? 0,
  }
  if (scp === 0x02) {
    if (bytes.length !== 28) throw malformed(bytes)
    return {
      ...common,
      protocol: 'SCP02',
      counter: bytes.subarray(12, 14),
      challenge: bytes.subarray(14, 20),
      cryptogram: bytes.subarray(20, 28),
    }
  }
  if (scp !== 0x03) {
    const name = `SCP${hexOfByte(scp)}`
    throw new GlobalPlatformError(
      'gp.unsupported',
      `the element speaks ${name}; SCP03 and SCP02 are known here`,
    )
  }
  const i = bytes[12] ?? 0
  if ((i & SCP03_I.s16) !== 0)
    throw new GlobalPlatformError(
      'gp.unsupported',
      'the element wants MACs of 16 bytes (SCP03 S16), which are not known here',
    )
  const hasCounter = (i & SCP03_I.pseudoRandom) !== 0
  if (bytes.length !== (hasCounter ? 32 : 29)) throw malformed(bytes)
  return {
    ...common,
    protocol: 'SCP03',
    i,
    challenge: bytes.subarray(13, 21),
    cryptogram: bytes.subarray(21, 29),
    counter: hasCounter ? bytes.subarray(29, 32) : undefined,
  }
}

function malformed(bytes: Uint8Array): GlobalPlatformError {
  const start = hexOf(bytes.subarray(0, 13))
  return new GlobalPlatformError(
    'gp.malformed',
    `INITIALIZE UPDATE: ${bytes.length} bytes, ${start}..., fit no protocol`,
  )
}

const VERSION_OFFSET = 10
const PROTOCOL_OFFSET = 11
