// Circuit simulation by ngspice, where it is.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const isThere = spawnSync('ngspice', ['--version']).error === undefined
export const withoutNgspice = isThere ? false : 'SKIPPED: ngspice is not installed; apt-get install ngspice'

/** What the deck measures under these names, in the units of SPICE. */
export function measured<Name extends string>(deck: string, names: readonly Name[]): Record<Name, number> {
  const folder = mkdtempSync(join(tmpdir(), 'ngspice-'))
  try {
    const file = join(folder, 'deck.cir')
    writeFileSync(file, deck)
    const { stdout, stderr } = spawnSync('ngspice', ['-b', file], { encoding: 'utf8', timeout: 60_000 })
    const values = names.map((name) => {
      const [, value] = new RegExp(`^${name}\\s*=\\s*([-\\d.e+]+)`, 'm').exec(stdout) ?? []
      assert.ok(value !== undefined, `${name}: ${stdout}${stderr}`)
      return [name, Number(value)]
    })
    return Object.fromEntries(values) as Record<Name, number>
  } finally {
    rmSync(folder, { recursive: true })
  }
}
