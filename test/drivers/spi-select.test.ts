// How transfers are cut into accesses of an SPI element, and what it is given between them.

import assert from 'node:assert/strict'
import test from 'node:test'
import { Turn } from '../../src/base/turn.ts'
import { LinkError } from '../../src/drivers/errors.ts'
import type { WireTiming } from '../../src/drivers/link.ts'
import { type SpiAccesses, SpiSelect } from '../../src/drivers/spi-select.ts'
import { type BusCounts, callsOn, noBusCounts } from '../../src/drivers/wire-counts.ts'
import { JumpingClock } from '../support/jumping-clock.ts'

const ACCESS_MS = 0.1
const TIMING = { gapUs: 200, pollIntervalUs: 1000, maxAccessBytes: 16, maxClockHz: 1_000_000, powerUpMs: 25 }

/** A select whose accesses take a while and send `FF` for what is read. */
function bench({ clockHz = 1_000_000, timing = {}, turn = new Turn(), counts }: Bench = {}) {
  const clock = new JumpingClock()
  const accesses: { line: string; clockHz: number; startMs: number }[] = []
  const note = (line: string, clockHz: number): void => {
    accesses.push({ line, clockHz, startMs: clock.now() })
    clock.pass(ACCESS_MS)
  }
  const wire: SpiAccesses = {
    write(bytes, clockHz) {
      note(`w ${bytes.length}`, clockHz)
      return Promise.resolve()
    },
    read(into, clockHz) {
      note(`r ${into.length}`, clockHz)
      into.fill(0xff)
      return Promise.resolve()
    },
    close: () => note('closed', 0),
  }
  const select = new SpiSelect({
    ...{ accesses: wire, turn, clock, clockHz, timing: { ...TIMING, ...timing } },
    ...(counts === undefined ? {} : { counts }),
  })
  return { select, accesses, wire, lines: () => accesses.map(({ line }) => line) }
}

interface Bench {
  readonly clockHz?: number
  readonly timing?: Partial<WireTiming>
  readonly turn?: Turn
  readonly counts?: BusCounts
}

for (const [maxAccessBytes, length, pieces] of [
  [16, 15, [15]],
  [16, 16, [16]],
  [16, 17, [16, 1]],
  [1, 3, [1, 1, 1]],
  [Infinity, 4096, [4096]],
  [Infinity, 4097, [4096, 1]],
  [5000, 4097, [4096, 1]],
] as const) {
  test(`spi: ${length} bytes are ${pieces.length} accesses where one may have ${maxAccessBytes}`, async () => {
    const { select, lines } = bench({ timing: { maxAccessBytes } })
    assert.equal(await select.write(new Uint8Array(length)), 'done')
    assert.equal(await select.read(new Uint8Array(length)), 'done')
    assert.deepEqual(
      lines(),
      ['w', 'r'].flatMap((way) => pieces.map((piece) => `${way} ${piece}`)),
    )
  })
}

test('spi: the accesses of a transfer are its bytes in their order, written and read in place', async () => {
  const { select, wire } = bench()
  const frame = Uint8Array.from({ length: 40 }, (_, n) => n)
  const written: number[] = []
  wire.write = (bytes) => {
    written.push(...bytes)
    return Promise.resolve()
  }
  await select.write(frame.subarray(1, 39))
  assert.deepEqual(written, [...frame.subarray(1, 39)])
  await select.read(frame.subarray(1, 39))
  assert.deepEqual([...frame], [0, ...new Array<number>(38).fill(0xff), 39])
})

test('spi: between two accesses of a transfer the element has its pause', async () => {
  const { select, accesses } = bench()
  await select.write(new Uint8Array(260))
  assert.equal(accesses.length, 17)
  for (const [n, { startMs }] of accesses.slice(1).entries()) {
    const pauseMs = startMs - (accesses[n]?.startMs ?? 0) - ACCESS_MS
    assert.ok(pauseMs > 0.1999, `${pauseMs} ms before access ${n + 1}`)
  }
})

test('spi: the clock is the slower one of wires and element, and follows what the element says', async () => {
  const slowWires = bench({ clockHz: 500_000 })
  await slowWires.select.write(new Uint8Array(1))
  assert.equal(slowWires.accesses[0]?.clockHz, 500_000)
  const { select, accesses } = bench({ clockHz: 4_000_000 })
  await select.write(new Uint8Array(1))
  select.adjust({ ...TIMING, maxClockHz: 8_000_000, maxAccessBytes: 64 })
  await select.read(new Uint8Array(64))
  assert.deepEqual(
    accesses.map(({ line, clockHz }) => [line, clockHz]),
    [
      ['w 1', 1_000_000],
      ['r 64', 4_000_000],
    ],
  )
})

test('spi: in the pauses of one element the next one has its turn', async () => {
  const turn = new Turn()
  const [one, two] = [bench({ turn }), bench({ turn })]
  const order: string[] = []
  for (const [name, { wire }] of Object.entries({ one, two })) {
    wire.write = () => {
      order.push(name)
      return Promise.resolve()
    }
  }
  await Promise.all([one.select.write(new Uint8Array(48)), two.select.write(new Uint8Array(48))])
  assert.deepEqual(order, ['one', 'two', 'one', 'two', 'one', 'two'])
})

test('spi: two accesses of a controller never overlap, and it is closed between two', async () => {
  const { select, wire, lines } = bench()
  let release = (): void => undefined
  wire.write = () => new Promise((resolve) => (release = resolve))
  const writing = select.write(new Uint8Array(1))
  const closing = select.close()
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(lines(), [])
  release()
  await Promise.all([writing, closing])
  assert.deepEqual(lines(), ['closed'])
})

test('spi: an access that fails ends its transfer, and not the next one', async () => {
  const { select, wire, lines } = bench()
  wire.write = () => Promise.reject(new LinkError('link.stuck', 'no'))
  await assert.rejects(select.write(new Uint8Array(17)), { code: 'link.stuck' })
  await select.read(new Uint8Array(17))
  assert.deepEqual(lines(), ['r 16', 'r 1'])
})

test('spi: accesses, what they take of the controller, and failures are counted, gaps are not', async () => {
  const counts = noBusCounts()
  const { select, wire } = bench({ counts })
  await select.write(new Uint8Array(17))
  assert.deepEqual([counts.transfers, counts.errors, counts.busyMs.toFixed(3)], [2, 0, '0.200'])
  wire.read = () => Promise.reject(new LinkError('link.stuck', 'no answer'))
  await assert.rejects(select.read(new Uint8Array(1)))
  assert.deepEqual([counts.transfers, counts.errors, counts.busyMs.toFixed(3)], [3, 1, '0.200'])
})

test('spi: the access under way is told with its beginning, one that waits or is over is not', async () => {
  const counts = noBusCounts()
  const { select, wire } = bench({ counts })
  let release = (): void => undefined
  wire.write = () => new Promise((resolve) => (release = resolve))
  assert.deepEqual(callsOn('spi-0', counts), [])
  const writing = select.write(new Uint8Array(1))
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(callsOn('spi-0', counts), [{ what: 'spi-0', since: 0, limitMs: 30_000 }])
  release()
  await writing
  assert.deepEqual(callsOn('spi-0', counts), [])
})
