import assert from 'node:assert/strict'
import test from 'node:test'
import { outcomes, type Result, runSteps, type Step } from './child.ts'
import type { Device } from './devices.ts'
import { Echo, Registers } from './models.ts'
import { Pca9548a, Rig } from './rig.ts'

const skip = Rig.isMissing('i2c-bus')

interface Bench {
  readonly rig: Rig
  readonly run: (...steps: Step[]) => Promise<Result[]>
}

/** Bus 1 with `devices`; the bus is open before the first step, whose result is left out. */
async function withBus(devices: Record<number, Device>, use: (bench: Bench) => Promise<void>): Promise<void> {
  await using rig = await Rig.start({
    timing: 'none',
    stuckTimeoutMs: 20,
    buses: { 1: { clockHz: 400_000, devices, owned: [0x50] } },
  })
  const run = async (...steps: Step[]) => (await runSteps('i2c', rig.env, [['open', 1], ...steps])).slice(1)
  await use({ rig, run })
}

test('i2c: writes and reads of 1 to 300 bytes arrive unchanged', { skip }, async () => {
  await withBus({ 0x48: new Echo() }, async ({ run }) => {
    const lengths = [1, 2, 5, 31, 32, 33, 64, 255, 256, 300]
    const hex = (length: number) =>
      Array.from({ length }, (_, i) => (i & 0xff).toString(16).padStart(2, '0')).join(' ')
    const steps = lengths.flatMap((n): Step[] => [
      ['write', 0x48, hex(n)],
      ['read', 0x48, n],
      ['readSync', 0x48, n],
    ])
    assert.deepEqual(
      outcomes(await run(...steps)),
      lengths.flatMap((n) => [n, hex(n), hex(n)]),
    )
  })
})

test('i2c: SMBus kinds are the messages that the standard makes of them', { skip }, async () => {
  const registers = new Registers()
  await withBus({ 0x20: registers }, async ({ rig, run }) => {
    const results = await run(
      ['writeByte', 0x20, 0x10, 0xaa],
      ['writeWord', 0x20, 0x11, 0x1234],
      ['readByte', 0x20, 0x10],
      ['readWord', 0x20, 0x11],
      ['sendByte', 0x20, 0x12],
      ['receiveByte', 0x20],
      ['writeI2cBlock', 0x20, 0x40, '01 02 03'],
      ['readI2cBlock', 0x20, 0x40, 4],
      ['readI2cBlock', 0x20, 0x40, 32],
      ['writeQuick', 0x20, 0],
      ['plainI2c'],
    )
    const block = ['01 02 03', ...new Array<string>(29).fill('00')].join(' ')
    assert.deepEqual(outcomes(results), [0, 0, 0xaa, 0x1234, 0, 0x12, 3, '01 02 03 00', block, 0, 1])
    assert.deepEqual(rig.log.lines.slice(0, 6), [
      'i2c-1 20 write 10 aa',
      'i2c-1 20 write 11 34 12',
      'i2c-1 20 write 10',
      'i2c-1 20 read aa',
      'i2c-1 20 write 11',
      'i2c-1 20 read 34 12',
    ])
  })
})

test('i2c: nobody at the address is errno 121 (EREMOTEIO), and a scan finds who is there', {
  skip,
}, async () => {
  await withBus({ 0x48: new Echo(), 0x22: new Registers() }, async ({ run }) => {
    const results = await run(
      ['read', 0x49, 1],
      ['write', 0x49, '00'],
      ['readSync', 0x49, 1],
      ['readByte', 0x49, 0],
      ['scan'],
    )
    assert.deepEqual(outcomes(results), [...new Array<string>(4).fill('errno -121'), '22 48'])
  })
})

test('i2c: an address that a driver owns is errno 16 (EBUSY)', { skip }, async () => {
  await withBus({ 0x50: new Echo() }, async ({ run }) => {
    assert.deepEqual(outcomes(await run(['read', 0x50, 1])), ['errno -16'])
  })
})

test('i2c: scripted faults are met in turn, then all is well', { skip }, async () => {
  const echo = new Echo()
  await withBus({ 0x48: echo }, async ({ rig, run }) => {
    rig.fail(
      echo,
      { kind: 'nack', times: 2, on: 'read' },
      { kind: 'short', bytes: 1 },
      { kind: 'floating', bytes: 2 },
    )
    const read: Step = ['read', 0x48, 3]
    const results = await run(['write', 0x48, '01 02 03'], read, read, read, read, read)
    assert.deepEqual(outcomes(results), [3, 'errno -121', 'errno -121', '01', '01 02 ff', '01 02 03'])
  })
})

test('i2c: a stuck bus is errno 110 (ETIMEDOUT) for every address, after the time limit', {
  skip,
}, async () => {
  const [culprit, bystander] = [new Echo(), new Echo()]
  await withBus({ 0x48: culprit, 0x49: bystander }, async ({ rig, run }) => {
    rig.fail(culprit, { kind: 'stuck', ms: 10_000 })
    const [first, second] = await run(['write', 0x48, '01'], ['write', 0x49, '01'])
    assert.deepEqual([first?.errno, second?.errno], [-110, -110])
    assert.ok(first!.elapsedUs >= 20_000 && second!.elapsedUs >= 20_000)
  })
})

test('i2c: a clock that is stretched for less than the time limit only delays', { skip }, async () => {
  const echo = new Echo()
  await withBus({ 0x48: echo }, async ({ rig, run }) => {
    rig.fail(echo, { kind: 'stuck', ms: 5 })
    const [written] = await run(['write', 0x48, '01'])
    assert.equal(written?.value, 1)
    assert.ok(written.elapsedUs >= 5000, `${written.elapsedUs} us`)
  })
})

test('i2c: a switch connects the channels of its control byte; a collision is a wired AND', {
  skip,
}, async () => {
  const channels = [0, 1].map(() => ({ 0x48: new Echo() }))
  const [left, right] = channels.map((channel) => channel[0x48])
  await withBus({ 0x70: new Pca9548a({ 0: channels[0]!, 7: channels[1]! }) }, async ({ run }) => {
    const results = await run(
      ['read', 0x48, 1],
      ['write', 0x70, '01'],
      ['write', 0x48, 'f0'],
      ['write', 0x70, '80'],
      ['write', 0x48, '3c'],
      ['read', 0x70, 1],
      ['write', 0x70, '81'],
      ['read', 0x48, 1],
    )
    assert.deepEqual(outcomes(results), ['errno -121', 1, 1, 1, 1, '80', 1, '30'])
    assert.deepEqual([left?.written, right?.written], [Uint8Array.of(0xf0), Uint8Array.of(0x3c)])
  })
})

test('i2c: two addresses at the same time: each gets its own, and together no faster than the wire', {
  skip,
}, async () => {
  const [one, two] = [new Echo(), new Echo()]
  one.written = new Uint8Array(64).fill(1)
  two.written = new Uint8Array(64).fill(2)
  await using rig = await Rig.start({
    timing: 'real',
    buses: { 1: { clockHz: 400_000, devices: { 0x48: one, 0x49: two } } },
  })
  const reads = (address: number): Step[] => new Array<Step>(10).fill(['read', address, 64])
  const results = await runSteps('i2c', rig.env, [
    ['open', 1],
    ['read', 0x48, 64],
    ['read', 0x49, 64],
    ['together', reads(0x48), reads(0x49)],
  ])
  assert.deepEqual(outcomes(results.slice(1, 3)), [hexOf(one.written), hexOf(two.written)])
  const wireUs = 20 * wireTimeUs(64, 400_000)
  assert.ok(results[3]!.elapsedUs >= wireUs, `${results[3]!.elapsedUs} us for ${wireUs} us on the wire`)
  const bytes = rig.log.transfers.map(({ address, bytes }) => `${address}:${bytes[0] ?? ''}`)
  assert.deepEqual([...new Set(bytes)].sort(), ['72:1', '73:2'])
})

for (const [clockHz, length] of [
  [100_000, 5],
  [400_000, 260],
  [1_000_000, 32],
] as const) {
  test(`i2c: ${length} bytes at ${clockHz} Hz never take less than on the wire`, { skip }, async () => {
    await using rig = await Rig.start({
      timing: 'real',
      buses: { 3: { clockHz, devices: { 0x48: new Echo() } } },
    })
    const read: Step = ['read', 0x48, length]
    const results = await runSteps('i2c', rig.env, [['open', 3], ...new Array<Step>(20).fill(read)])
    const fastestUs = Math.min(...results.slice(1).map(({ elapsedUs }) => elapsedUs))
    assert.ok(fastestUs >= wireTimeUs(length, clockHz), `${fastestUs} us`)
  })
}

test('i2c: 10,000 transfers and 100 reopenings leak no file, here or there', { skip }, async () => {
  const echo = new Echo()
  echo.written = Uint8Array.of(1, 2, 3)
  await withBus({ 0x48: echo }, async ({ rig, run }) => {
    const reopen: Step[] = new Array(100).fill([['close'], ['open', 1], ['read', 0x48, 1]]).flat() as Step[]
    const results = await run(['read', 0x48, 1], ['openFiles'], ['repeat', 10_000, 0x48, 3], ...reopen, [
      'openFiles',
    ])
    assert.equal(results.at(-1)?.value, results[1]?.value)
    assert.ok(results.every(({ errno }) => errno === undefined))
    assert.equal(rig.openFiles, 0)
  })
})

test('i2c: a file that gets the number of a closed node is an ordinary file', { skip }, async () => {
  await withBus({ 0x48: new Echo() }, async ({ run }) => {
    const results = await run(['read', 0x48, 1], ['close'], ['fileLength', import.meta.filename])
    assert.ok(Number(results[2]?.value) > 1000)
  })
})

test('i2c: only the paths of the rig are there, and only for who is told of it', { skip }, async () => {
  await withBus({}, async ({ rig, run }) => {
    const look: Step = ['isCharacterDevice', '/dev/i2c-1']
    assert.deepEqual(
      outcomes(await run(look, ['isCharacterDevice', '/dev/i2c-97'], ['isCharacterDevice', '/dev/null'])),
      [1, 'errno -2', 1],
    )
    const { LD_PRELOAD } = rig.env
    for (const env of [{}, { LD_PRELOAD }]) {
      const results = await runSteps('i2c', env, [
        ['isCharacterDevice', '/dev/i2c-97'],
        ['fileLength', import.meta.filename],
      ])
      assert.equal(results[0]?.errno, -2)
      assert.ok(Number(results[1]?.value) > 1000)
    }
  })
})

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString('hex')
    .replace(/..(?=.)/g, '$& ')
}

/** START, address and STOP are 11 bits, a byte is 9. */
function wireTimeUs(length: number, clockHz: number): number {
  return ((11 + 9 * length) * 1e6) / clockHz
}
