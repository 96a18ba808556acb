// Lengths and values in the data of card management commands.

import { ByteReader } from '../../base/byte-reader.ts'

/** A value with a length of one byte. @throws RangeError */
export function shortValue(reader: ByteReader): Uint8Array {
  return reader.vector8()
}

/** A value with a BER length of up to three bytes. @throws RangeError */
export function berValue(reader: ByteReader): Uint8Array {
  return reader.take(berLengthAt(reader))
}

/** The objects in `bytes`, by tag, the first of each; tags of one or two bytes. @throws RangeError */
export function objectsIn(bytes: Uint8Array): Map<number, Uint8Array> {
  const reader = new ByteReader(bytes)
  const objects = new Map<number, Uint8Array>()
  while (reader.remaining > 0) {
    const first = reader.u8()
    const tag = (first & 0x1f) === 0x1f ? (first << 8) | reader.u8() : first
    const value = berValue(reader)
    if (!objects.has(tag)) objects.set(tag, value)
  }
  return objects
}

/** Tag, BER length, value. */
export function object(tag: number, ...value: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(value)
  const length = content.length < 0x80 ? [content.length] : [0x81, content.length]
  return Uint8Array.of(...(tag > 0xff ? [tag >> 8, tag] : [tag]), ...length, ...content)
}

/** @throws RangeError */
export function berLengthAt(reader: ByteReader): number {
  const first = reader.u8()
  if (first < 0x80) return first
  if (first === 0x81) return reader.u8()
  if (first === 0x82) return reader.u16()
  throw new RangeError(`length ${first.toString(16)}`)
}
