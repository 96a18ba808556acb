import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import test from 'node:test'
import * as uapi from '../../src/drivers/gpio-uapi.ts'
import { isMissing } from '../support/peers.ts'
import { compiled } from './rig.ts'

const { FLAG, IOCTL } = uapi
const skip =
  process.platform === 'linux'
    ? isMissing(process.env['CC'] ?? 'cc', '--version')
    : 'MISSING: Linux, this test needs its headers'

/** What children/gpio-uapi.c says, by name. */
const header = new Map<string, string>()
if (skip === false) {
  const said = execFileSync(join(compiled(), 'gpio-uapi'), { encoding: 'utf8' })
  for (const line of said.trim().split('\n')) header.set(...(line.split(' ') as [string, string]))
}

function example(name: string): Buffer {
  return Buffer.from(header.get(name) ?? '', 'hex')
}

test('gpio-uapi: requests and flags have the numbers of linux/gpio.h', { skip }, () => {
  const expected = (names: object) =>
    Object.fromEntries(Object.keys(names).map((name) => [name, BigInt(`0x${header.get(name)}`)]))
  const ioctls = Object.entries(IOCTL).map(([name, number]) => [name, BigInt(number)])
  assert.deepEqual(Object.fromEntries(ioctls), expected(IOCTL))
  assert.deepEqual({ ...FLAG }, expected(FLAG))
})

test('gpio-uapi: what is asked is laid out as in linux/gpio.h', { skip }, () => {
  const outputs = { flags: FLAG.OUTPUT, activeLow: 0x80000002, initial: 0xf0000005 }
  const edges = FLAG.INPUT | FLAG.EDGE_RISING | FLAG.EDGE_FALLING | FLAG.BIAS_PULL_UP
  const asked: Record<string, Buffer> = {
    line_query: uapi.lineInfoQuery(57),
    outputs: uapi.lineRequest([17, 300, 5], 'iose', outputs),
    edges: uapi.lineConfig({ flags: edges, activeLow: 0 }),
    values: uapi.lineValues(0x80000001, 0xffffffff),
  }
  for (const [name, bytes] of Object.entries(asked))
    assert.equal(bytes.toString('hex'), header.get(name), name)
})

test('gpio-uapi: there is room for what is answered', { skip }, () => {
  assert.equal(uapi.emptyChipInfo().length, example('chip_info').length)
  assert.equal(uapi.emptyEvents(3).length, example('events').length)
})

test('gpio-uapi: what is answered is read as linux/gpio.h lays it out', { skip }, () => {
  const chip = { name: 'gpiochip0', label: 'pinctrl-bcm2711', lineCount: 58 }
  assert.deepEqual(uapi.chipInfoOf(example('chip_info')), chip)
  assert.equal(uapi.fdOf(example('granted')), 0x1234567)
  assert.equal(uapi.valuesOf(example('values')), 0x80000001)
  const consumers = ['held', 'full', 'nameless', 'unused'].map((name) => uapi.consumerOf(example(name)))
  assert.deepEqual(consumers, ['kernel', '0123456789abcdef0123456789abcde', '', undefined])
})

test('gpio-uapi: only whole events count', { skip }, () => {
  const events = example('events')
  const edgesIn = (length: number) => [...uapi.edgesOf(events.subarray(0, length))]
  assert.deepEqual(edgesIn(events.length), [true, false, true])
  assert.deepEqual(edgesIn(events.length - 1), [true, false])
  assert.deepEqual(edgesIn(47), [])
  assert.deepEqual(edgesIn(0), [])
})
