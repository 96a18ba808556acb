// What an element tells about itself without keys: GET DATA (GlobalPlatform Card Specification 2.3.1, 11.3 and H).

import { ByteReader } from '../base/byte-reader.ts'
import { hexOf } from '../base/hex.ts'
import { GlobalPlatformError } from './errors.ts'
import { exchange, type Transmit } from './exchange.ts'
import { type Tlv, tlvsOf, valueOf } from './tlv.ts'

/** Card production life cycle, tag 9F7F: who made what of it, and when. */
export interface Cplc {
  /** Upper-case hex, by name, in the order of the data. */
  readonly fields: Readonly<Record<string, string>>
  /** Fabricator, type, batch and serial number of the chip: no two elements should have the same. */
  readonly uniqueId: string
}

/** One key of the key information template, tag E0. */
export interface KeyInformation {
  readonly id: number
  readonly version: number
  /** Of each of its components: type, and length in bytes. */
  readonly components: readonly { readonly type: number; readonly length: number }[]
}

/** Card recognition data, tag 66. */
export interface Recognition {
  /** Of the GlobalPlatform Card Specification, for instance 2.3. */
  readonly version: string | undefined
  /** Secure channel protocols, with their options. */
  readonly protocols: readonly { readonly scp: number; readonly i: number }[]
}

export interface CardData {
  readonly cplc: Cplc | undefined
  /** Issuer identification number, hex. */
  readonly iin: string | undefined
  /** Card image number, hex. */
  readonly cin: string | undefined
  readonly recognition: Recognition | undefined
  readonly keys: readonly KeyInformation[]
  /** Sequence counter of the default key set, hex. */
  readonly sequenceCounter: string | undefined
}

/**
 * Asks for all of it; what an element does not have is undefined.
 * @throws GlobalPlatformError gp.malformed; whatever `transmit` throws
 */
export async function readCardData(transmit: Transmit): Promise<CardData> {
  const value = async (tag: number): Promise<Uint8Array | undefined> => {
    const { data, sw } = await exchange(transmit, Uint8Array.of(0x80, 0xca, tag >> 8, tag & 0xff, 0x00))
    return sw === 0x9000 ? valueIn(data, tag) : undefined
  }
  const hexAt = async (tag: number): Promise<string | undefined> => {
    const bytes = await value(tag)
    return bytes === undefined ? undefined : hexOf(bytes)
  }
  const cplc = await value(0x9f7f)
  const iin = await hexAt(0x42)
  const cin = await hexAt(0x45)
  const recognition = await value(0x66)
  const keys = await value(0xe0)
  return {
    cplc: cplc === undefined ? undefined : cplcOf(cplc),
    iin,
    cin,
    recognition: recognition === undefined ? undefined : recognitionOf(recognition),
    keys: keys === undefined ? [] : keyInformationOf(keys),
    sequenceCounter: await hexAt(0xc1),
  }
}

/** @param value  42 bytes; others are none that is known, and undefined comes back */
export function cplcOf(value: Uint8Array): Cplc | undefined {
  const reader = new ByteReader(value)
  if (reader.remaining !== CPLC_BYTES) return undefined
  const fields = Object.fromEntries(CPLC_FIELDS.map(([name, length]) => [name, hexOf(reader.take(length))]))
  const uniqueId = UNIQUE_FIELDS.map((name) => fields[name]).join('')
  return { fields, uniqueId }
}

/** @throws GlobalPlatformError gp.malformed */
export function keyInformationOf(value: Uint8Array): KeyInformation[] {
  return tlvsOf(value, 'key information')
    .filter(({ tag }) => tag === 0xc0)
    .map(({ value: key }) => oneKeyOf(key))
}

/** @throws GlobalPlatformError gp.malformed */
export function recognitionOf(value: Uint8Array): Recognition {
  const what = 'card recognition data'
  const content = valueOf(tlvsOf(value, what), 0x73)
  if (content === undefined) throw new GlobalPlatformError('gp.malformed', `${what}: no tag 73`)
  const objects = tlvsOf(content, what)
  const version = objects.find(({ tag }) => tag === 0x60)
  const protocols = objects.filter(({ tag }) => tag === 0x64).flatMap((object) => protocolsOf(object, what))
  return { version: version === undefined ? undefined : versionOf(version, what), protocols }
}

/** Some elements send the bare value, others with the tag even when they should not. */
function valueIn(data: Uint8Array, tag: number): Uint8Array {
  try {
    const [object, ...others] = tlvsOf(data, 'GET DATA')
    return object?.tag === tag && others.length === 0 ? object.value : data
  } catch (error) {
    if (error instanceof GlobalPlatformError) return data
    throw error
  }
}

function oneKeyOf(key: Uint8Array): KeyInformation {
  const reader = new ByteReader(key)
  try {
    const [id, version] = [reader.u8(), reader.u8()]
    const components: { type: number; length: number }[] = []
    while (reader.remaining > 0) {
      const type = reader.u8()
      // FF begins the extended format: types and lengths of two bytes, and no more components that could be read.
      if (type === 0xff) {
        components.push({ type: reader.u8(), length: reader.u16() })
        break
      }
      components.push({ type, length: reader.u8() })
    }
    return { id, version, components }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new GlobalPlatformError('gp.malformed', `key information: ${hexOf(key)}`, { cause: error })
  }
}

function versionOf({ value }: Tlv, what: string): string | undefined {
  const oid = valueOf(tlvsOf(value, what), 0x06)
  if (oid === undefined || !startsWith(oid, [...GLOBALPLATFORM, 0x02])) return undefined
  return [...oid.subarray(GLOBALPLATFORM.length + 1)].join('.')
}

function protocolsOf({ value }: Tlv, what: string): { scp: number; i: number }[] {
  return tlvsOf(value, what)
    .filter(({ tag, value: oid }) => tag === 0x06 && startsWith(oid, [...GLOBALPLATFORM, 0x04]))
    .map(({ value: oid }) => {
      const [scp = 0, ...i] = oid.subarray(GLOBALPLATFORM.length + 1)
      // Base 128 by the rules; some elements write one byte over 7F as it is.
      const option = i.length === 1 ? (i[0] ?? 0) : i.reduce((sum, byte) => sum * 0x80 + (byte & 0x7f), 0)
      return { scp, i: option }
    })
}

function startsWith(bytes: Uint8Array, start: readonly number[]): boolean {
  return bytes.length > start.length && start.every((byte, n) => bytes[n] === byte)
}

/** 1.2.840.114283 */
const GLOBALPLATFORM = [0x2a, 0x86, 0x48, 0x86, 0xfc, 0x6b]

const CPLC_FIELDS: readonly (readonly [string, number])[] = [
  ['icFabricator', 2],
  ['icType', 2],
  ['osId', 2],
  ['osReleaseDate', 2],
  ['osReleaseLevel', 2],
  ['icFabricationDate', 2],
  ['icSerialNumber', 4],
  ['icBatch', 2],
  ['moduleFabricator', 2],
  ['modulePackagingDate', 2],
  ['iccManufacturer', 2],
  ['icEmbeddingDate', 2],
  ['prePersonalizer', 2],
  ['prePersonalizationDate', 2],
  ['prePersonalizationEquipment', 4],
  ['personalizer', 2],
  ['personalizationDate', 2],
  ['personalizationEquipment', 4],
]
const UNIQUE_FIELDS = ['icFabricator', 'icType', 'icBatch', 'icSerialNumber']
const CPLC_BYTES = 42
