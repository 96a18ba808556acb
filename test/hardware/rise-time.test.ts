// How fast the bus rises: by circuit simulation, against the formula that the gateway judges a board by.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { riseDeck, riseNs, type Stretch, stretchesOf } from '../../scripts/hardware/kicad/rise-time.ts'
import { hatBoard } from './bench.ts'

const isThere = spawnSync('ngspice', ['--version']).error === undefined
const skip = isThere ? false : 'SKIPPED: ngspice is not installed; apt-get install ngspice'

for (const stretch of stretchesOf(hatBoard())) {
  test(`rise time: ${stretch.name} rises in a simulation as fast as 0.8473 R C says, within 300 ns`, {
    skip,
  }, () => {
    const simulatedNs = simulated(stretch)
    assert.ok(Math.abs(simulatedNs / riseNs(stretch) - 1) < 0.02, `${simulatedNs} ns, not ${riseNs(stretch)}`)
    // NXP UM10204, table 10: at 400 kHz.
    assert.ok(simulatedNs <= 300, `${simulatedNs} ns`)
  })
}

test('rise time: a load of 200 pF at 2.2 kohm takes 373 ns, which is too slow for 400 kHz', { skip }, () => {
  const nanoseconds = simulated({ name: 'known', ohms: 2200, farads: 200e-12 })
  assert.ok(Math.abs(nanoseconds - 373) < 4, `${nanoseconds} ns`)
})

/** In nanoseconds. */
function simulated(stretch: Stretch): number {
  const folder = mkdtempSync(join(tmpdir(), 'rise-'))
  try {
    const deck = join(folder, 'deck.cir')
    writeFileSync(deck, riseDeck(stretch))
    const { stdout, stderr } = spawnSync('ngspice', ['-b', deck], { encoding: 'utf8', timeout: 60_000 })
    const [, seconds] = /^rise\s*=\s*([\d.e+-]+)/m.exec(stdout) ?? []
    assert.ok(seconds !== undefined, `${stdout}${stderr}`)
    return Number(seconds) * 1e9
  } finally {
    rmSync(folder, { recursive: true })
  }
}
