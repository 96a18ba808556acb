// A load file as the card sees it: the stream of LOADs, and at its end the components of a CAP file, which must be
// those of the package that was announced, complete, in order, and made for what this card has.

import { ByteReader } from '../../base/byte-reader.ts'
import { SW } from '../answer.ts'
import { type CardPackage, isAid, isSame } from './registry.ts'
import { berLengthAt } from './tlv.ts'

/** The package in `stream`, or the status word that refuses it. @param announced  AID of INSTALL [for load] */
export function packageIn(stream: Uint8Array, announced: Uint8Array): CardPackage | number {
  try {
    const content = loadFileIn(stream)
    const components = componentsIn(content)
    const header = headerOf(components.get(TAG.header) ?? NOTHING)
    if (header === undefined || !isSame(header.aid, announced)) return SW.WRONG_DATA
    if (!importsOf(components.get(TAG.import) ?? NOTHING).every(isKnown)) return SW.WRONG_DATA
    const modules = modulesOf(components.get(TAG.applet))
    if (modules.length > MAX_MODULES) return SW.NO_MEMORY
    return { ...header, modules, bytes: content.length }
  } catch (error) {
    if (error instanceof RangeError) return SW.WRONG_DATA
    throw error
  }
}

/** What is behind the signatures (E2), if there are any: C4, length, and exactly so many bytes. */
function loadFileIn(stream: Uint8Array): Uint8Array {
  const reader = new ByteReader(stream)
  let tag = reader.u8()
  while (tag === 0xe2) {
    reader.take(berLengthAt(reader))
    tag = reader.u8()
  }
  const length = berLengthAt(reader)
  if (tag !== 0xc4 || length !== reader.remaining) throw new RangeError('not one load file')
  return reader.take(length)
}

function componentsIn(content: Uint8Array): Map<number, Uint8Array> {
  const reader = new ByteReader(content)
  const components = new Map<number, Uint8Array>()
  let place = -1
  while (reader.remaining > 0) {
    const tag = reader.u8()
    const next = LOAD_ORDER.indexOf(tag)
    if (next <= place) throw new RangeError(`component ${tag} out of order`)
    place = next
    components.set(tag, reader.vector16())
  }
  if (MANDATORY.some((tag) => !components.has(tag))) throw new RangeError('a component is missing')
  return components
}

function headerOf(info: Uint8Array): Pick<CardPackage, 'aid' | 'major' | 'minor'> | undefined {
  const reader = new ByteReader(info)
  const isCap = isSame(reader.take(4), MAGIC)
  const [, capMajor] = [reader.u8(), reader.u8()]
  reader.u8()
  const [minor, major] = [reader.u8(), reader.u8()]
  return isCap && capMajor === 2 ? { aid: reader.vector8().slice(), major, minor } : undefined
}

function importsOf(info: Uint8Array): Version[] {
  const reader = new ByteReader(info)
  return Array.from({ length: reader.u8() }, () => {
    const [minor, major] = [reader.u8(), reader.u8()]
    return { minor, major, aid: Buffer.from(reader.vector8()).toString('hex').toUpperCase() }
  })
}

function modulesOf(info: Uint8Array | undefined): Uint8Array[] {
  if (info === undefined) return []
  const reader = new ByteReader(info)
  return Array.from({ length: reader.u8() }, () => {
    const aid = reader.vector8().slice()
    reader.u16()
    if (!isAid(aid)) throw new RangeError('a module without an AID')
    return aid
  })
}

/** Same major version, and no later minor one, than what the card has. */
function isKnown({ aid, major, minor }: Version): boolean {
  const [ownMajor, ownMinor] = PACKAGES[aid] ?? []
  return ownMajor === major && minor <= (ownMinor ?? 0)
}

interface Version {
  readonly aid: string
  readonly major: number
  readonly minor: number
}

/** As many as one answer of GET STATUS has room for: assumed. */
const MAX_MODULES = 8
const MAGIC = Uint8Array.of(0xde, 0xca, 0xff, 0xed)
const NOTHING = new Uint8Array(0)
const TAG = { header: 1, import: 4, applet: 3 } as const
/** Header, Directory, Import, Applet, Class, Method, StaticField, Export, ConstantPool, RefLocation. */
const LOAD_ORDER = [1, 2, 4, 3, 6, 7, 8, 10, 5, 9]
/** All but Applet and Export. */
const MANDATORY = [1, 2, 4, 6, 7, 8, 5, 9]
/** What the card has for packages to import, by AID: Java Card 3.0.5, GlobalPlatform, and one that no card has. */
const PACKAGES: Readonly<Record<string, readonly [number, number]>> = {
  A0000000620001: [1, 0],
  A0000000620101: [1, 6],
  A0000000620102: [1, 6],
  A0000000620201: [1, 6],
  A00000015100: [1, 7],
  F0494F53452D53494D: [1, 0],
}
