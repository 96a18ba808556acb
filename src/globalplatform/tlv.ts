// BER-TLV as security domains use it: tags of one or two bytes, lengths up to 65535 (ISO/IEC 8825-1).

import { ByteReader } from '../base/byte-reader.ts'
import { hexOf } from '../base/hex.ts'
import { GlobalPlatformError } from './errors.ts'

export interface Tlv {
  readonly tag: number
  /** A view borrowed from the input. */
  readonly value: Uint8Array
}

/**
 * The objects that lie one behind the other in `bytes`.
 * @param what  for the message
 * @throws GlobalPlatformError gp.malformed
 */
export function tlvsOf(bytes: Uint8Array, what: string): Tlv[] {
  const reader = new ByteReader(bytes)
  const objects: Tlv[] = []
  try {
    while (reader.remaining > 0) objects.push(tlvAt(reader))
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    const start = hexOf(bytes.subarray(0, 16))
    throw new GlobalPlatformError('gp.malformed', `${what}: not BER-TLV (${start}...)`, { cause: error })
  }
  return objects
}

/** The value of the first object with `tag`, or undefined. */
export function valueOf(objects: readonly Tlv[], tag: number): Uint8Array | undefined {
  return objects.find((object) => object.tag === tag)?.value
}

/** `tag`, length and value as one array. @param value  at most 65535 bytes */
export function tlv(tag: number, value: Uint8Array): Uint8Array {
  const tagBytes = tag > 0xff ? [tag >> 8, tag & 0xff] : [tag]
  return Uint8Array.of(...tagBytes, ...berLength(value.length), ...value)
}

/** A length in BER. @param length  0..65535 */
export function berLength(length: number): number[] {
  if (length < 0x80) return [length]
  return length <= 0xff ? [0x81, length] : [0x82, length >> 8, length & 0xff]
}

function tlvAt(reader: ByteReader): Tlv {
  const first = reader.u8()
  const isLong = (first & TAG_CONTINUES) === TAG_CONTINUES
  const tag = isLong ? (first << 8) | reader.u8() : first
  return { tag, value: reader.take(lengthAt(reader)) }
}

function lengthAt(reader: ByteReader): number {
  const first = reader.u8()
  if (first === 0x81) return reader.u8()
  if (first === 0x82) return reader.u16()
  // Some elements write 128 as 80, which in BER means no length at all; more than two bytes none does.
  if (first > 0x82) throw new RangeError(`length ${first.toString(16)}`)
  return first
}

/** The five low bits of a tag that has a second byte. */
const TAG_CONTINUES = 0x1f
