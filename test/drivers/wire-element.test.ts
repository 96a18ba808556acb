// How blocks are cut into accesses of the bus.

import assert from 'node:assert/strict'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import { dialectOf, type FramingName } from '../../src/drivers/dialects.ts'
import type { Link } from '../../src/drivers/link.ts'
import { WireElement } from '../../src/drivers/wire-element.ts'
import { NXP_T1_OVER_I2C } from '../../src/t1/profile.ts'
import { hex } from '../support/hex-fields.ts'
import { JumpingClock } from '../support/jumping-clock.ts'
import { withEdc } from '../support/t1-bench.ts'

/** An element whose reads bring `answers`, spaced hex, byte after byte; `!` is a read that is not acknowledged. */
function elementOn(framing: FramingName, answers: string, { medium = 'i2c', ready }: Wire = {}) {
  const clock = new JumpingClock()
  const accesses: string[] = []
  const startsMs: number[] = []
  const left = answers.split(' ')
  const note = (access: string): void => {
    accesses.push(access)
    startsMs.push(clock.now())
    clock.pass(0.1)
  }
  const link: Link = {
    name: 'chip',
    isRefusable: medium === 'i2c',
    adjust: () => undefined,
    write(bytes) {
      note(`w ${bytes.length}`)
      return Promise.resolve('done')
    },
    read(into) {
      note(`r ${into.length}`)
      if (left[0] === '!') {
        left.shift()
        return Promise.resolve('busy')
      }
      into.set(hex(left.splice(0, into.length).join(' ')))
      return Promise.resolve('done')
    },
    reset: () => Promise.resolve('none'),
    ...(ready === undefined ? {} : { ready: (until) => ready(clock, until) }),
  }
  const element = new WireElement({ name: 'chip', link, clock, dialect: dialectOf(framing, medium) })
  return { element, accesses, startsMs }
}

interface Wire {
  readonly medium?: 'i2c' | 'spi'
  readonly ready?: (clock: JumpingClock, until: number) => Promise<void>
}

async function transmit(element: WireElement, commandBytes: number): Promise<string> {
  const response = new Uint8Array(258)
  const length = await element.transmit(element.scratch.subarray(0, commandBytes), response, 60_000)
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

test('wire: a block may begin at any byte of the first access', async () => {
  const { element, accesses } = elementOn('nxp', '00 00 A5 00 02 90 00 02 AF')
  assert.equal(await transmit(element, 5), '9000')
  assert.deepEqual(accesses, ['w 10', 'r 3', 'r 2', 'r 4'])
})

test('wire: on SPI the first access takes in a short body, or the beginning of a long one', async () => {
  const short = elementOn('gp', '00 12 00 00 02 90 00 11 8C', { medium: 'spi' })
  assert.equal(await transmit(short.element, 5), '9000')
  assert.deepEqual(short.accesses.slice(1), ['r 7', 'r 2'])
  const atOnce = elementOn('gp', '12 00 00 02 90 00 11 8C', { medium: 'spi' })
  assert.equal(await transmit(atOnce.element, 5), '9000')
  assert.deepEqual(atOnce.accesses.slice(1), ['r 7', 'r 1'])
})

test('wire: after a failure no command is sent before a reset', async () => {
  const { element, accesses } = elementOn('nxp', '')
  await assert.rejects(transmit(element, 5), { code: 't1.silent' })
  const before = accesses.length
  await assert.rejects(transmit(element, 5), { code: 'element.mute' })
  assert.equal(accesses.length, before)
})

test('wire: between two accesses the element has the pause that it asks for', async () => {
  // 4 ms between polls, 2 ms (07D0) between accesses.
  const inf = hex('00 A000000396 04 03E8 00FE 02 0B 03E8 08 04 000000 07D0 0000 00')
  const answer = withEdc(NXP_T1_OVER_I2C, Uint8Array.of(0xa5, 0xef, inf.length, ...inf))
  const reset = Buffer.from(answer).toString('hex').replaceAll(/../g, '$& ')
  const { element, startsMs } = elementOn('nxp', `A5 E0 00 3F 19 ${reset}! A5 00 02 90 00 02 AF`)
  await element.reset('warm', 60_000)
  const before = startsMs.length
  assert.equal(await transmit(element, 5), '9000')
  const starts = startsMs.slice(before)
  for (const [n, start] of starts.slice(1).entries()) {
    const pauseMs = start - (starts[n] ?? 0) - 0.1
    assert.ok(pauseMs > 1.999, `${pauseMs} ms before access ${n + 1}`)
  }
})

test('wire: an element that cannot refuse is not asked again before its polling time', async () => {
  const idle = '00 00 00 00 00 00 00'
  const { element, startsMs } = elementOn('gp', `${idle} ${idle} 12 00 00 02 90 00 11 8C`, { medium: 'spi' })
  assert.equal(await transmit(element, 5), '9000')
  const [, first = 0, second = 0, third = 0] = startsMs
  assert.ok(second - first >= 1 && third - second >= 1, startsMs.join())
})

test('wire: with a data-ready line the element is asked when it calls, and after a missed edge all the same', async () => {
  const untils: number[] = []
  const ready = (clock: JumpingClock, until: number): Promise<void> => {
    untils.push(until)
    return untils.length === 1 ? clock.reach(until) : Promise.resolve()
  }
  const { element, accesses, startsMs } = elementOn('nxp', '! A5 00 02 90 00 02 AF', { ready })
  assert.equal(await transmit(element, 5), '9000')
  assert.deepEqual(accesses, ['w 10', 'r 3', 'r 3', 'r 4'])
  assert.equal(untils.length, 2)
  assert.ok((startsMs[1] ?? 0) >= 50, startsMs.join())
})
