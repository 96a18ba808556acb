// How fast the bus rises: by circuit simulation, against the formula that the gateway judges a board by.

import assert from 'node:assert/strict'
import test from 'node:test'
import { riseDeck, stretchesOf } from '../../scripts/hardware/kicad/rise-time.ts'
import { hatBoard } from './bench.ts'
import { measured, withoutNgspice as skip } from './simulation.ts'

for (const stretch of stretchesOf(hatBoard())) {
  const { name, nanoseconds, limitNanoseconds } = stretch
  test(`rise time: ${name} rises in a simulation as fast as 0.8473 R C says, and fast enough`, {
    skip,
  }, () => {
    const found = simulated(stretch)
    assert.ok(Math.abs(found / nanoseconds - 1) < 0.02, `${found} ns, not ${nanoseconds}`)
    assert.ok(found <= limitNanoseconds, `${found} ns, ${limitNanoseconds} are allowed`)
  })
}

test('rise time: a load of 200 pF at 2.2 kohm takes 373 ns, which is too slow for 400 kHz', { skip }, () => {
  const nanoseconds = simulated({ name: 'known', ohms: 2200, picofarads: 200 })
  assert.ok(Math.abs(nanoseconds - 373) < 4, `${nanoseconds} ns`)
})

/** In nanoseconds. */
function simulated(stretch: Parameters<typeof riseDeck>[0]): number {
  return measured(riseDeck(stretch), ['rise']).rise * 1e9
}
