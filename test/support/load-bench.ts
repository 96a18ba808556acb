// What comes onto a simulated card by INSTALL and LOAD, as a host would send it, for tests that send it wrong.

import { hexOf } from '../../src/base/hex.ts'
import { type ComponentName, loadFileDataOf } from '../../src/globalplatform/cap/components.ts'
import { tlv } from '../../src/globalplatform/tlv.ts'
import { component, demoComponents } from './cap-bench.ts'
import { hex } from './hex-fields.ts'
import { type IssuerBench, lv } from './issuer-bench.ts'

export const DEMO_PACKAGE = '0102030405'
/** TLS-SE, to a card that has it in its ROM. */
export const DEMO_MODULE = '010203040500'

/** The load file of the demo package, with these components in place of its own; without those that are undefined. */
export async function demoLoadFile(
  changes: Readonly<Partial<Record<ComponentName, Uint8Array | undefined>>> = {},
): Promise<Uint8Array> {
  const components = await demoComponents()
  for (const name of Object.keys(changes) as ComponentName[]) {
    const changed = changes[name]
    if (changed === undefined) components.delete(name)
    else components.set(name, changed)
  }
  return loadFileDataOf(components)
}

/** The load file of a package with any AID and any modules; of the demo apart from that. AIDs are hex. */
export function loadFileFor(aid: string, modules: readonly string[]): Promise<Uint8Array> {
  const applets = modules.map((module) => `${lv(module)} 0008`).join('')
  return demoLoadFile({
    Header: component('Header', hex(`DECAFFED 01 02 04 | 00 01 ${lv(aid)}`)),
    Applet: component('Applet', Uint8Array.of(modules.length, ...hex(applets))),
  })
}

/** As LOAD carries it: C4, length, and what is loaded. */
export function streamOf(loadFile: Uint8Array): Uint8Array {
  return tlv(0xc4, loadFile)
}

/** LOADs, without the class. */
export function loadsOf(stream: Uint8Array, blockBytes = 200): string[] {
  const count = Math.max(1, Math.ceil(stream.length / blockBytes))
  return Array.from({ length: count }, (_, n) => {
    const block = stream.subarray(n * blockBytes, (n + 1) * blockBytes)
    return `E8 ${n === count - 1 ? '80' : '00'} ${hexOf(Uint8Array.of(n))} | ${hexOf(block)}`
  })
}

/** INSTALL [for load]. */
export function announcement(aid = DEMO_PACKAGE): string {
  return `E6 02 00 | ${lv(aid)} 00 00 00 00`
}

/** INSTALL [for load] and LOADs, until one is refused. @returns the last answer */
export async function load(bench: IssuerBench, stream: Uint8Array, aid = DEMO_PACKAGE): Promise<string> {
  let answer = ''
  for (const command of [announcement(aid), ...loadsOf(stream)]) {
    answer = await bench.wrapped(command)
    if (answer !== '009000') return answer
  }
  return answer
}

export interface InstallFields {
  readonly package?: string
  readonly module?: string
  readonly instance?: string
  readonly privileges?: string
  /** With its tag, C9. */
  readonly parameters?: string
}

/** INSTALL [for install and make selectable] of the demo, but for these fields; all hex. */
export function installation({
  package: from = DEMO_PACKAGE,
  module = DEMO_MODULE,
  instance = DEMO_MODULE,
  privileges = '00',
  parameters = 'C9 00',
}: InstallFields = {}): string {
  return `E6 0C 00 | ${[from, module, instance, privileges, parameters].map(lv).join(' ')} 00`
}
