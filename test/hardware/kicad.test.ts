// KiCad's own checks, where KiCad 9 is.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import test from 'node:test'

const SCRIPT = join(import.meta.dirname, '../../scripts/check-schematic')
const isThere = spawnSync(SCRIPT, ['--available']).status === 0
const skip = isThere ? false : 'SKIPPED: kicad-cli 9 is not here; scripts/check-schematic --install, as root'

test('KiCad: its rules find nothing in the schematic, and the netlist is the one that is kept', {
  skip,
}, () => {
  const { status, stderr } = spawnSync(SCRIPT, { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
})
