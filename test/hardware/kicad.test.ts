// KiCad's own checks, where KiCad 9 is.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

const README = readFileSync(join(import.meta.dirname, '../../hardware/kicad/README.md'), 'utf8')
const SCRIPT = join(import.meta.dirname, '../../scripts/check-schematic')
const isThere = spawnSync(SCRIPT, ['--available']).status === 0
const skip = isThere ? false : 'SKIPPED: kicad-cli 9 is not here; scripts/check-schematic --install, as root'

test('KiCad: its rules find nothing in the schematic, and the netlist is the one that is kept', {
  skip,
}, () => {
  const { status, stdout, stderr } = spawnSync(SCRIPT, { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  const [, unrouted] = /^not routed: (\d+) connections$/m.exec(stdout) ?? []
  assert.ok(README.includes(`${unrouted ?? '?'} connections that are not routed`), stdout)
})
