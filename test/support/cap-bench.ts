import assert from 'node:assert/strict'
import { componentsIn } from '../../src/globalplatform/cap/archive.ts'
import { COMPONENTS, type ComponentName } from '../../src/globalplatform/cap/components.ts'
import { demoCap } from '../../src/globalplatform/cap/demo.ts'
import { type ZipEntry, zipOf } from './zip-archive.ts'

/** The components of the demo CAP file, for a test to change; its own map. */
export async function demoComponents(): Promise<Map<ComponentName, Uint8Array>> {
  return new Map(await componentsIn(await demoCap()))
}

/** The demo's components, with these in their place or taken away, and a Directory that agrees with them. */
export async function changedDemo(
  changes: Readonly<Partial<Record<ComponentName, Uint8Array | undefined>>>,
): Promise<Map<ComponentName, Uint8Array>> {
  const components = await demoComponents()
  for (const { name } of COMPONENTS) {
    if (!(name in changes)) continue
    const changed = changes[name]
    if (changed === undefined) components.delete(name)
    else components.set(name, changed)
  }
  if (!('Directory' in changes)) components.set('Directory', directoryOf(components))
  return components
}

/** A whole component: tag, size, info. */
export function component(name: ComponentName, info: Uint8Array): Uint8Array {
  const tag = COMPONENTS.find((row) => row.name === name)?.tag ?? 0
  return Uint8Array.of(tag, info.length >> 8, info.length & 0xff, ...info)
}

/** A Directory of CAP 2.1, or of 2.2 with 12 sizes, that agrees with the other components. */
export function directoryOf(components: ReadonlyMap<ComponentName, Uint8Array>, sizes = 11): Uint8Array {
  const info = new Uint8Array(2 * sizes + 9)
  for (const { name, tag } of COMPONENTS) {
    const size = name === 'Directory' ? info.length : (components.get(name)?.length ?? 3) - 3
    if (tag > sizes) continue
    info[2 * tag - 2] = size >> 8
    info[2 * tag - 1] = size
  }
  info[2 * sizes + 6] = components.get('Import')?.[3] ?? 0
  info[2 * sizes + 7] = components.get('Applet')?.[3] ?? 0
  return component('Directory', info)
}

/** The files of an archive with these components. */
export function entriesOf(components: ReadonlyMap<ComponentName, Uint8Array>): ZipEntry[] {
  return [...components].map(([name, content]) => ({ name: `com/example/javacard/${name}.cap`, content }))
}

export function archiveOf(components: ReadonlyMap<ComponentName, Uint8Array>): Uint8Array {
  return zipOf(entriesOf(components))
}

/** The entry of `name` changed, the others as they are. */
export function withEntry(
  entries: readonly ZipEntry[],
  name: ComponentName,
  change: Partial<ZipEntry>,
): Uint8Array {
  const isIt = (entry: ZipEntry) => String(entry.name).endsWith(`/${name}.cap`)
  assert.ok(entries.some(isIt))
  return zipOf(entries.map((entry) => (isIt(entry) ? { ...entry, ...change } : entry)))
}

export function capError(code: string, message: RegExp) {
  return { name: 'CapError', code: `cap.${code}`, message }
}
