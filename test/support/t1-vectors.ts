// The blocks of test/vectors/t1-blocks.txt and the scenarios of t1-annex-a.txt, parsed.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { GP_T1_PRIME, ISO_T1_LRC, NXP_PN80T, NXP_T1_OVER_I2C, type T1Profile } from '../../src/t1/profile.ts'
import { hex } from './hex-fields.ts'

/** One step of a scenario: we send, or the card does, with its EDC as computed or damaged on the way. */
export interface Step {
  from: 'us' | 'card' | 'card, damaged'
  /** Without its EDC. */
  block: Uint8Array
  /** The EDC as written, which is LRC. */
  edc: Uint8Array
}

/** The fields of the lines of one section, in order. */
export function sectionOf(name: string): string[][] {
  const [, rest = ''] = linesOf('t1-blocks.txt').join('\n').split(`[${name}]\n`)
  const [section = ''] = rest.split('\n[')
  return section.split('\n').map((line) => line.split(' | '))
}

/** By number. */
export function annexA(): Map<string, Step[]> {
  return new Map(linesOf('t1-annex-a.txt').map((line) => [line.slice(0, 2).trim(), stepsOf(line.slice(3))]))
}

/** The frames by the names of the sections; the reference bridge has no profile. */
export const FRAMES: Readonly<Record<string, T1Profile>> = {
  iso: ISO_T1_LRC,
  gp: GP_T1_PRIME,
  'gp-nxp': { ...GP_T1_PRIME, nadOut: 0x5a, nadIn: [0xa5] },
  nxp: NXP_T1_OVER_I2C,
  pn80t: NXP_PN80T,
  bridge: { ...NXP_T1_OVER_I2C, maxInfBytes: 255 },
}

function stepsOf(text: string): Step[] {
  return text.split('; ').map((step) => {
    const bytes = hex(step.slice(2))
    const from = step.startsWith('D>') ? 'us' : step.startsWith('C<') ? 'card' : 'card, damaged'
    return { from, block: bytes.slice(0, -1), edc: bytes.slice(-1) }
  })
}

function linesOf(file: string): string[] {
  const text = readFileSync(join(import.meta.dirname, '../vectors', file), 'utf8')
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
}
