// What the domain tells by GET DATA (GlobalPlatform Card Specification 2.3.1, 11.3).

import { bytesOfHex } from '../../base/hex.ts'
import type { CardKeySet } from './key-ring.ts'
import { object } from './tlv.ts'

export interface ObjectSource {
  readonly scp: 0x02 | 0x03
  readonly i: number
  /** 10 bytes. */
  readonly kdd: Uint8Array
  readonly keySets: readonly CardKeySet[]
  readonly newest: CardKeySet | undefined
  readonly freeBytes: number
  readonly instances: number
}

/** The object with its tag, or undefined. */
export function cardObject(tag: number, source: ObjectSource): Uint8Array | undefined {
  const { kdd, newest } = source
  switch (tag) {
    case 0x9f7f:
      return object(tag, cplcOf(kdd))
    case 0x42:
    case 0x45:
      return object(tag, kdd.subarray(0, 3))
    case 0x66:
      return object(tag, recognitionOf(source))
    case 0xe0:
      return object(tag, ...source.keySets.flatMap(keysOf))
    case 0xc1:
      return newest && object(tag, counterOf(newest))
    case 0xcf:
      return object(tag, kdd)
    case 0xff21:
      return object(
        tag,
        object(0x81, Uint8Array.of(source.instances)),
        object(0x82, Uint8Array.of(0, source.freeBytes >> 16, source.freeBytes >> 8, source.freeBytes)),
        object(0x83, Uint8Array.of(0, 0, 0x08, 0)),
      )
    default:
      return undefined
  }
}

function keysOf({ version, algorithm, enc }: CardKeySet): Uint8Array[] {
  const type = algorithm === 'aes' ? 0x88 : 0x80
  return [1, 2, 3].map((id) => object(0xc0, Uint8Array.of(id, version, type, enc.length)))
}

function counterOf({ algorithm, counter }: CardKeySet): Uint8Array {
  const bytes = [counter >> 16, counter >> 8, counter]
  return Uint8Array.of(...(algorithm === 'aes' ? bytes : bytes.slice(1)))
}

/** Made up but for the serial number of the chip, which is of the diversification data. */
function cplcOf(kdd: Uint8Array): Uint8Array {
  const made = hex('4790D600470000000000')
  return Uint8Array.of(...made, 0, 0, ...kdd.subarray(6, 10), ...kdd.subarray(4, 6), ...new Uint8Array(24))
}

function recognitionOf({ scp, i }: ObjectSource): Uint8Array {
  const oid = (tag: number, ...arcs: number[]): Uint8Array =>
    object(tag, object(0x06, Uint8Array.of(...GLOBALPLATFORM, ...arcs)))
  const recognition = object(0x06, Uint8Array.of(...GLOBALPLATFORM, 1))
  return object(0x73, recognition, oid(0x60, 2, 2, 3), oid(0x63, 3), oid(0x64, 4, scp, i))
}

function hex(digits: string): Uint8Array {
  return bytesOfHex(digits) ?? new Uint8Array(0)
}

/** 1.2.840.114283 */
const GLOBALPLATFORM = hex('2A864886FC6B')
