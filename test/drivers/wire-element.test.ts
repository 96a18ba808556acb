// How blocks are cut into accesses of the bus.

import assert from 'node:assert/strict'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import { dialectOf, type FramingName } from '../../src/drivers/dialects.ts'
import type { Link } from '../../src/drivers/link.ts'
import { WireElement } from '../../src/drivers/wire-element.ts'
import { hex } from '../support/hex-fields.ts'
import { ManualClock } from '../support/manual-clock.ts'

/** An element whose reads bring `answers`, spaced hex, byte after byte; `!` is a read that is not acknowledged. */
function elementOn(framing: FramingName, answers: string) {
  const accesses: string[] = []
  const left = answers.split(' ')
  const link: Link = {
    name: 'chip',
    write(bytes) {
      accesses.push(`w ${bytes.length}`)
      return Promise.resolve('done')
    },
    read(into) {
      accesses.push(`r ${into.length}`)
      if (left[0] === '!') {
        left.shift()
        return Promise.resolve('busy')
      }
      into.set(hex(left.splice(0, into.length).join(' ')))
      return Promise.resolve('done')
    },
    reset: () => Promise.resolve('none'),
  }
  const element = new WireElement({
    name: 'chip',
    link,
    clock: new ManualClock(),
    dialect: dialectOf(framing),
  })
  return { element, accesses }
}

async function transmit(element: WireElement, commandBytes: number): Promise<string> {
  const response = new Uint8Array(258)
  const length = await element.transmit(element.scratch.subarray(0, commandBytes), response, 1_000)
  return hexOf(response.subarray(0, length))
}

test('wire: a block of T=1 over I2C is one write, one read of its prologue and one of the rest', async () => {
  const { element, accesses } = elementOn('nxp', '! A5 00 02 90 00 02 AF')
  assert.equal(await transmit(element, 200), '9000')
  assert.deepEqual(accesses, ['w 205', 'r 3', 'r 3', 'r 4'])
})

test('wire: the bridge is written and read in accesses of 32 bytes, 33 take two', async () => {
  for (const [commandBytes, writes] of [
    [27, ['w 32']],
    [28, ['w 32', 'w 1']],
    [255, [...new Array<string>(8).fill('w 32'), 'w 4']],
  ] as const) {
    const { element, accesses } = elementOn('bridge', 'A5 C1 02 90 00 60 88')
    assert.equal(await transmit(element, commandBytes), '9000')
    assert.deepEqual(accesses, [...writes, 'r 1', 'r 2', 'r 4'])
  }
})

test('wire: the bridge is asked for one byte at a time, for it may become ready between two', async () => {
  const { element, accesses } = elementOn('bridge', '00 00 A5 C1 02 90 00 60 88')
  assert.equal(await transmit(element, 5), '9000')
  assert.deepEqual(accesses, ['w 10', 'r 1', 'r 1', 'r 1', 'r 2', 'r 4'])
})
