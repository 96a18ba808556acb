// The components of a CAP file, and what all of them have in common: tag(1) size(2) info(size).
// Java Card virtual machine specification, chapter 6.

import { ByteReader } from '../../base/byte-reader.ts'
import { CapError, malformed } from './errors.ts'

/**
 * In load order; a card gets no `Descriptor` and no `Debug`. Without one that is `needed` there is nothing to load.
 * The tags are in the order of the Directory instead.
 */
export const COMPONENTS = [
  { name: 'Header', tag: 1, presence: 'needed', isLoaded: true },
  { name: 'Directory', tag: 2, presence: 'needed', isLoaded: true },
  { name: 'Import', tag: 4, presence: 'needed', isLoaded: true },
  { name: 'Applet', tag: 3, presence: 'optional', isLoaded: true },
  { name: 'Class', tag: 6, presence: 'needed', isLoaded: true },
  { name: 'Method', tag: 7, presence: 'needed', isLoaded: true },
  { name: 'StaticField', tag: 8, presence: 'needed', isLoaded: true },
  { name: 'Export', tag: 10, presence: 'optional', isLoaded: true },
  { name: 'ConstantPool', tag: 5, presence: 'needed', isLoaded: true },
  { name: 'RefLocation', tag: 9, presence: 'needed', isLoaded: true },
  { name: 'Descriptor', tag: 11, presence: 'optional', isLoaded: false },
  { name: 'Debug', tag: 12, presence: 'optional', isLoaded: false },
] as const

export type ComponentName = (typeof COMPONENTS)[number]['name']

/** Whole components, tag and size included. */
export type Components = ReadonlyMap<ComponentName, Uint8Array>

/** Tag and size. */
export const COMPONENT_HEAD_BYTES = 3
/** The size field has two bytes. */
export const MAX_COMPONENT_BYTES = COMPONENT_HEAD_BYTES + 0xffff

/**
 * Checks that all needed components are there, and the tag and size of each.
 * @throws CapError cap.missing, cap.malformed
 */
export function checkComponents(components: Components): void {
  const missing = COMPONENTS.filter(({ name, presence }) => presence === 'needed' && !components.has(name))
  if (missing.length === COMPONENTS.filter(({ presence }) => presence === 'needed').length) {
    throw new CapError('cap.missing', 'no component of a CAP file in the archive; is this the right file?')
  }
  if (missing.length > 0) {
    const names = missing.map(({ name }) => fileOf(name)).join(', ')
    throw new CapError('cap.missing', `the CAP file has no ${names}; build it again`)
  }
  for (const { name, tag } of COMPONENTS) {
    const component = components.get(name)
    if (component !== undefined) checkHead(name, tag, component)
  }
}

/** What the card gets: the components in load order, nothing between. A fresh array. */
export function loadFileDataOf(components: Components): Uint8Array {
  const loaded = COMPONENTS.filter(({ isLoaded }) => isLoaded)
  return new Uint8Array(Buffer.concat(loaded.map(({ name }) => components.get(name) ?? new Uint8Array(0))))
}

/**
 * What `read` makes of the info of a component; it must read all of it.
 * @throws CapError cap.malformed when bytes are missing or left over, and what `read` throws
 */
export function infoOf<T>(name: ComponentName, component: Uint8Array, read: (info: ByteReader) => T): T {
  const info = new ByteReader(component.subarray(COMPONENT_HEAD_BYTES))
  try {
    const value = read(info)
    if (info.remaining > 0) throw malformed(fileOf(name), `${info.remaining} bytes too many at its end`)
    return value
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw malformed(fileOf(name), 'ends before its last field', { cause: error })
  }
}

/** The file of a component, for people: `Header.cap`. */
export function fileOf(name: ComponentName): string {
  return `${name}.cap`
}

function checkHead(name: ComponentName, tag: number, component: Uint8Array): void {
  const { length } = component
  if (length < COMPONENT_HEAD_BYTES)
    throw malformed(fileOf(name), `${length} bytes, too few for any component`)
  const head = new ByteReader(component)
  const found = head.u8()
  if (found !== tag) throw malformed(fileOf(name), `its tag is ${found}, should be ${tag}`)
  const size = head.u16()
  const rest = length - COMPONENT_HEAD_BYTES
  if (size !== rest) throw malformed(fileOf(name), `its size field says ${size} bytes, ${rest} follow`)
}
