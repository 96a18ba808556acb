// A look at idle elements through the real addon and an emulated bus.

import assert from 'node:assert/strict'
import test from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { wireCardOf } from '../../src/simulator/wire-card.ts'
import { roteCard } from '../support/wire-bench.ts'
import { outcomes, runSteps } from './child.ts'
import { type Device, Rig } from './rig.ts'

const skip = Rig.isMissing('i2c-bus')
const COMMAND = '00 a4 04 00 00'
const S_IFS = 0xc1

function chip(framing: 'nxp' | 'gp' | 'bridge' | 'iso', computesMs = 0) {
  const busy = framing === 'bridge' ? 'zero-bytes' : 'nack'
  const common = { medium: 'i2c', card: roteCard(), clock: systemClock } as const
  return wireCardOf({ ...common, framing, busy, latency: () => computesMs })
}

for (const [framing, question] of [
  ['iso', '00 c1 01 20 e0'],
  ['nxp', '5a c1 01 fe 09 a2'],
  ['gp', '21 c1 00 02 0f f9 6a c9'],
  ['bridge', '5a c0 02 aa 55 7b 2f'],
] as const) {
  test(`i2c: an element over ${framing} answers a look between two commands`, { skip }, async () => {
    await using rig = await Rig.start({
      timing: 'none',
      buses: { 1: { clockHz: 400_000, devices: { 0x48: chip(framing) } } },
    })
    const results = await runSteps('i2c-elements', rig.env, [
      ['open', 1, 0x48, framing],
      ['reset', 0x48],
      ['transmit', 0x48, COMMAND],
      ['check', 0x48, 5000],
      ['transmit', 0x48, COMMAND],
    ])
    assert.deepEqual(outcomes(results), ['i2c-1', '3b 00', '90 00', 0, '90 00'])
    assert.equal(rig.log.lines.filter((line) => line === `i2c-1 48 write ${question}`).length, 1)
  })
}

test('i2c: an element that has gone from its bus fails a look, and takes nothing before a reset', {
  skip,
}, async () => {
  const card = chip('nxp')
  let isThere = true
  const device: Device = {
    write: (bytes) => (isThere &&= bytes[1] !== S_IFS) && card.write(bytes),
    read: (length) => (isThere ? card.read(length) : undefined),
  }
  await using rig = await Rig.start({
    timing: 'none',
    buses: { 1: { clockHz: 400_000, devices: { 0x48: device } } },
  })
  const results = await runSteps('i2c-elements', rig.env, [
    ['open', 1, 0x48, 'nxp'],
    ['reset', 0x48],
    ['check', 0x48, 100],
    ['transmit', 0x48, COMMAND],
  ])
  assert.deepEqual(outcomes(results), ['i2c-1', '3b 00', 'link.timeout', 'element.mute'])
  assert.ok(results[2]!.elapsedUs < 1e6, `${results[2]!.elapsedUs} us`)
})

test('i2c: a look at one element does not wait for another that computes on the same bus', {
  skip,
}, async () => {
  await using rig = await Rig.start({
    timing: 'none',
    buses: { 1: { clockHz: 400_000, devices: { 0x48: chip('nxp', 500), 0x49: chip('nxp') } } },
  })
  const results = await runSteps('i2c-elements', rig.env, [
    ['open', 1, 0x48, 'nxp'],
    ['open', 1, 0x49, 'nxp'],
    ['reset', 0x48],
    ['reset', 0x49],
    ['together', [['transmit', 0x48, COMMAND]], [['check', 0x49, 5000]]],
  ])
  assert.deepEqual(outcomes(results), ['i2c-1', 'i2c-1', '3b 00', '3b 00', 0])
  const at = (start: string): number => rig.log.lines.findLastIndex((line) => line.startsWith(start))
  const [asked, looked, answered] = [
    at('i2c-1 48 write 5a 00'),
    at('i2c-1 49 read a5 e1'),
    at('i2c-1 48 read a5 00'),
  ]
  assert.ok(asked >= 0 && asked < looked && looked < answered, rig.log.lines.join('\n'))
})
