// The components that say what a CAP file is, field by field. Java Card virtual machine specification, chapter 6;
// what is new in 3.1 is assumed from descriptions of it.

import { isUtf8 } from 'node:buffer'
import type { ByteReader } from '../../base/byte-reader.ts'
import {
  COMPONENT_HEAD_BYTES,
  COMPONENTS,
  type ComponentName,
  type Components,
  fileOf,
  infoOf,
} from './components.ts'
import { malformed, unsupported } from './errors.ts'

export interface PackageReference {
  /** 5..16 bytes. */
  readonly aid: Uint8Array
  /** `major.minor`. */
  readonly version: string
  readonly name?: string
}

export interface Header {
  /** `major.minor` of the CAP format. */
  readonly version: string
  readonly flags: number
  readonly package: PackageReference
}

export interface CapApplet {
  /** 5..16 bytes. */
  readonly aid: Uint8Array
  /** Of its install method, in the info of the Method component. */
  readonly installOffset: number
}

/** `int` is used; there is an Export component; there is an Applet component. */
export const FLAG_INT = 0x01
export const FLAG_EXPORT = 0x02
export const FLAG_APPLET = 0x04

/** `DECAFFED minor major flags | minor major L AID | [L name]`. @throws CapError cap.malformed, cap.unsupported */
export function headerOf(component: Uint8Array): Header {
  return infoOf('Header', component, (info) => {
    const magic = Buffer.from(info.take(4)).toString('hex').toUpperCase()
    if (magic !== 'DECAFFED') throw malformed('Header.cap', `starts with ${magic}, should be DECAFFED`)
    const version = versionOf(info)
    if (!VERSIONS.has(version)) {
      const known = [...VERSIONS.keys()].join(', ')
      throw unsupported('Header.cap', `version ${version} of the CAP format is not supported, ${known} are`)
    }
    const flags = info.u8()
    if ((flags & FLAG_EXTENDED) !== 0) {
      throw unsupported('Header.cap', 'extended CAP files (Java Card 3.1) are not supported')
    }
    const itself = packageOf('Header', info)
    const name = info.remaining === 0 ? '' : nameOf(info.vector8())
    return { version, flags, package: name === '' ? itself : { ...itself, name } }
  })
}

/** `n {L AID installOffset}*n`. @throws CapError cap.malformed */
export function appletsOf(component: Uint8Array): CapApplet[] {
  return infoOf('Applet', component, (info) => {
    const applets = listOf(info, () => ({ aid: aidOf('Applet', info), installOffset: info.u16() }))
    if (applets.length === 0) throw malformed('Applet.cap', 'no applet in it')
    const aids = new Set(applets.map(({ aid }) => aid.join()))
    if (aids.size < applets.length) throw malformed('Applet.cap', 'two applets with the same AID')
    return applets
  })
}

/** `n {minor major L AID}*n`. @throws CapError cap.malformed */
export function importsOf(component: Uint8Array): PackageReference[] {
  return infoOf('Import', component, (info) => listOf(info, () => packageOf('Import', info)))
}

/** What the Directory must agree with. */
export interface Contents {
  /** Of the CAP format. */
  readonly version: string
  readonly importCount: number
  readonly appletCount: number
}

/**
 * Checks the Directory: `size*11 or 12 | [resources(4)] | image init initSize | imports applets custom | {tag size L
 * AID}*custom`. The sizes are in the order of the tags, 0 for a component that is not there.
 * @throws CapError cap.malformed, cap.unsupported
 */
export function checkDirectory(component: Uint8Array, components: Components, contents: Contents): void {
  infoOf('Directory', component, (info) => {
    const layout = VERSIONS.get(contents.version)
    const sizes = Array.from({ length: layout?.sizes ?? 0 }, () => info.u16())
    checkSizes(sizes, components)
    if (layout?.hasResources === true && info.take(4).some((byte) => byte !== 0)) {
      throw unsupported('Directory.cap', 'static resources (Java Card 3.1) are not supported')
    }
    info.take(STATIC_FIELD_SIZES_BYTES)
    checkCount('Import', info.u8(), contents.importCount)
    checkCount('Applet', info.u8(), contents.appletCount)
    listOf(info, () => ({ tag: info.u8(), size: info.u16(), aid: aidOf('Directory', info) }))
  })
}

function checkSizes(sizes: readonly number[], components: Components): void {
  for (const { name, tag, isLoaded } of COMPONENTS) {
    const listed = sizes[tag - 1]
    const found = components.get(name)
    // Tools take Descriptor and Debug out of archives: no card gets them.
    if (listed === undefined || (found === undefined && !isLoaded)) continue
    const size = found === undefined ? 0 : found.length - COMPONENT_HEAD_BYTES
    if (listed === size) continue
    const is = found === undefined ? 'is not there' : `has ${size}`
    throw malformed('Directory.cap', `says that ${fileOf(name)} has ${listed} bytes, it ${is}`)
  }
}

function checkCount(name: ComponentName, listed: number, count: number): void {
  if (listed === count) return
  throw malformed('Directory.cap', `counts ${listed} entries in ${fileOf(name)}, there are ${count}`)
}

function packageOf(component: ComponentName, info: ByteReader): PackageReference {
  const version = versionOf(info)
  return { aid: aidOf(component, info), version }
}

/** The minor version is first. */
function versionOf(info: ByteReader): string {
  const minor = info.u8()
  return `${info.u8()}.${minor}`
}

function aidOf(component: ComponentName, info: ByteReader): Uint8Array {
  const aid = info.vector8()
  if (aid.length >= 5 && aid.length <= 16) return aid
  throw malformed(fileOf(component), `an AID of ${aid.length} bytes, AIDs have 5 to 16`)
}

function nameOf(bytes: Uint8Array): string {
  const name = Buffer.from(bytes).toString()
  if (isUtf8(bytes) && !/[\p{Cc}\p{Cf}]/u.test(name)) return name
  throw malformed('Header.cap', 'the name of the package is no text')
}

/** As many as a byte in front says. */
function listOf<T>(info: ByteReader, next: () => T): T[] {
  return Array.from({ length: info.u8() }, next)
}

const FLAG_EXTENDED = 0x08
const STATIC_FIELD_SIZES_BYTES = 6
// Of the CAP format; what the Directory looks like in it.
const VERSIONS: ReadonlyMap<string, { readonly sizes: number; readonly hasResources: boolean }> = new Map([
  ['2.1', { sizes: 11, hasResources: false }],
  ['2.2', { sizes: 12, hasResources: false }],
  ['2.3', { sizes: 12, hasResources: true }],
])
