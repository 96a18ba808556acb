import assert from 'node:assert/strict'
import test from 'node:test'
import { outcomes, runSteps, type Step } from './child.ts'
import { Complement } from './models.ts'
import { Rig } from './rig.ts'

const skip = Rig.isMissing('spi-device')

/** The steps on 0.0, which is opened first; the result of that is left out. */
async function onSelect(device: Complement, steps: readonly Step[], timing: 'real' | 'none' = 'none') {
  await using rig = await Rig.start({ timing, spi: { '0.0': { devices: { 0: device } } } })
  return (await runSteps('spi', rig.env, [['open', 0, 0], ...steps])).slice(1)
}

test('spi: the parts of a message are one chip select period', { skip }, async () => {
  const device = new Complement()
  const results = await onSelect(device, [
    ['transfer', '00 01 02', 'f0'],
    ['transferSync', 'ff 00'],
  ])
  assert.deepEqual(outcomes(results), ['ff fe fd 0f', '00 ff'])
  assert.deepEqual(device.selects, [Uint8Array.of(0, 1, 2, 0xf0), Uint8Array.of(0xff, 0)])
})

test('spi: cs_change ends a period within a message, nothing sent is zeros', { skip }, async () => {
  const device = new Complement()
  const results = await onSelect(device, [['transfer', '01 02/0/0/change', '#3', '03 04/0/5']])
  assert.deepEqual(outcomes(results), ['fe fd ff ff ff fc fb'])
  assert.deepEqual(device.selects, [Uint8Array.of(1, 2), Uint8Array.of(0, 0, 0, 3, 4)])
})

test('spi: more than bufsiz is errno 90 (EMSGSIZE), bufsiz itself is not', { skip }, async () => {
  const device = new Complement()
  const hex = '5a'.repeat(4096)
  const results = await onSelect(device, [
    ['transfer', hex],
    ['transfer', hex, '00'],
    ['transfer', '#4097'],
  ])
  assert.equal(String(results[0]?.value).length, 3 * 4096 - 1)
  assert.deepEqual(outcomes(results.slice(1)), ['errno -90', 'errno -90'])
  assert.equal(device.selects.length, 1)
})

test('spi: options are kept, and those that no controller has are errno 22 (EINVAL)', { skip }, async () => {
  const results = await onSelect(new Complement(), [
    ['speed'],
    ['setSpeed', 2_000_000],
    ['speed'],
    ['setMode', 3],
    ['mode'],
    ['setBits', 9],
  ])
  const [speed, , set, , mode, bits] = outcomes(results)
  assert.deepEqual([speed, set, mode, bits], [500_000, 2_000_000, 3, 'errno -22'])
})

test('spi: a transfer never takes less than its bits and its delays', { skip }, async () => {
  const part = `${'00'.repeat(250)}/1000000/300/change`
  const results = await onSelect(new Complement(), new Array<Step>(10).fill(['transfer', part, part]), 'real')
  const fastestUs = Math.min(...results.map(({ elapsedUs }) => elapsedUs))
  assert.ok(fastestUs >= 2 * (2000 + 300), `${fastestUs} us`)
})

test('spi: two chip selects share the wires of their controller', { skip }, async () => {
  const [one, two] = [new Complement(), new Complement()]
  await using rig = await Rig.start({
    timing: 'none',
    spi: { '0.0': { devices: { 0: one } }, '0.1': { devices: { 0: two } } },
  })
  const results = await runSteps('spi', rig.env, [
    ['open', 0, 0],
    ['open', 0, 1],
    ['transfer', '11'],
    ['use', '0.0'],
    ['transfer', '22'],
    ['open', 0, 2],
  ])
  assert.deepEqual(outcomes(results), [0, 0, 'ee', 0, 'dd', 'errno -2'])
  assert.deepEqual([one.selects, two.selects], [[Uint8Array.of(0x22)], [Uint8Array.of(0x11)]])
  assert.deepEqual(rig.log.lines, ['spidev0.1 0 both 11', 'spidev0.0 0 both 22'])
})

test('spi: 10,000 transfers and 100 reopenings leak no file', { skip }, async () => {
  const device = new Complement()
  const reopen = new Array<Step[]>(100).fill([['close'], ['open', 0, 0], ['transferSync', '01']]).flat()
  const results = await onSelect(device, [
    ['openFiles'],
    ['repeat', 10_000, '01 02'],
    ...reopen,
    ['openFiles'],
  ])
  assert.equal(results.at(-1)?.value, results[0]?.value)
  assert.equal(device.selects.length, 10_100)
})
