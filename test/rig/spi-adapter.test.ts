// The adapter of spi-device against emulated device nodes, from the build.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import { outcomes, runSteps, type Step } from './child.ts'
import type { Period } from './devices.ts'
import { Complement } from './models.ts'
import { Rig } from './rig.ts'

const skip = Rig.isMissing('spi-device')
const MHZ = 1_000_000
const [EIO, ESHUTDOWN, ETIMEDOUT] = [5, 108, 110]

/** Notes how fast it was spoken to. */
class Listener extends Complement {
  readonly speedsHz: number[] = []

  override transfer(tx: Uint8Array, period?: Period): Uint8Array {
    this.speedsHz.push(period?.speedHz ?? 0)
    return super.transfer(tx)
  }
}

async function onAdapter(steps: readonly Step[], failures: number[] = [], env: NodeJS.ProcessEnv = {}) {
  const device = new Listener()
  await using rig = await Rig.start({ timing: 'none', spi: { '0.1': { devices: { 0: device }, failures } } })
  const results = await runSteps('spi-adapter', { ...rig.env, ...env }, [['open', 0, 1], ...steps])
  return { device, said: outcomes(results).slice(1), opened: outcomes(results)[0] }
}

test('spi: a write is one access, at its speed', { skip }, async () => {
  const { device, said } = await onAdapter([
    ['write', '01 02 03', MHZ],
    ['write', 'f0', 500_000],
  ])
  assert.deepEqual(said, [0, 0])
  assert.deepEqual(device.selects, [Uint8Array.of(1, 2, 3), Uint8Array.of(0xf0)])
  assert.deepEqual(device.speedsHz, [MHZ, 500_000])
})

test('spi: a read sends zeros and fills its view, and nothing beside it', { skip }, async () => {
  const { device, said } = await onAdapter([['read', 3, MHZ]])
  assert.deepEqual(said, ['55 55 ff ff ff 55 55'])
  assert.deepEqual(device.selects, [new Uint8Array(3)])
})

test('spi: 4096 bytes are the most that the kernel takes, one more is link.closed', { skip }, async () => {
  const { device, said } = await onAdapter([
    ['write', '5a'.repeat(4096), MHZ],
    ['write', '5a'.repeat(4097), MHZ],
  ])
  assert.deepEqual(said, [0, 'link.closed /dev/spidev0.1: the transfer failed'])
  assert.equal(device.selects.length, 1)
})

test('spi: a stuck controller is link.stuck, a lost one link.closed; both may come back', {
  skip,
}, async () => {
  const write: Step = ['write', '01', MHZ]
  const { said } = await onAdapter(
    [['openFiles'], write, ['openFiles'], write, write, write, write, ['openFiles']],
    [0, EIO, ETIMEDOUT, ESHUTDOWN, 0],
  )
  const failed = '/dev/spidev0.1: the transfer failed'
  assert.deepEqual(
    said.filter((value) => typeof value === 'string'),
    [`link.stuck ${failed}`, `link.stuck ${failed}`, `link.closed ${failed}`],
  )
  const [before, , open, , , , last, after] = said
  assert.equal(last, 0)
  assert.deepEqual([open, after], [Number(before) + 1, Number(before) + 1])
})

test('spi: a node that is not there, and one that was closed, are link.closed', { skip }, async () => {
  const { said } = await onAdapter([
    ['open', 3, 2],
    ['read', 1, MHZ],
    ['open', 0, 1],
    ['write', '01', MHZ],
    ['close'],
    ['write', '01', MHZ],
  ])
  assert.deepEqual(said, [
    0,
    'link.closed cannot open /dev/spidev3.2',
    0,
    0,
    0,
    'link.closed /dev/spidev0.1 is closed',
  ])
})

test('spi: without the addon nothing is opened, and the error says why', { skip }, async () => {
  const denial = join(import.meta.dirname, 'children/deny-spi.js')
  const { opened } = await onAdapter([], [], { NODE_OPTIONS: `--import ${denial}` })
  assert.match(String(opened), /^link\.closed the addon spi-device is not installed: it needs a compiler/)
})
