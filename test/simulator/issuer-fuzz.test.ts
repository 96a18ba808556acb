// Hostile commands inside an open secure channel: every MAC is right, the rest is not. Whatever comes, the card
// answers, and what it says of itself stays consistent.

import assert from 'node:assert/strict'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import { GlobalPlatformError } from '../../src/globalplatform/errors.ts'
import { checkValueOf, TEST_KEYS } from '../../src/globalplatform/keys.ts'
import { isDefaultSelected, readRegistry } from '../../src/globalplatform/registry.ts'
import { hex } from '../support/hex-fields.ts'
import { ISD, IssuerBench, lv } from '../support/issuer-bench.ts'
import {
  announcement,
  demoLoadFile,
  installation,
  loadFileFor,
  loadsOf,
  streamOf,
} from '../support/load-bench.ts'
import { mutate } from '../support/mutate.ts'
import { Random } from '../support/random.ts'

const AIDS = ['0102030405', '010203040500', 'A1A1A1A1A1', 'A1A1A1A1A101', 'B000000001', ISD, `${ISD}01`]
const KNOWN_INS = [0x50, 0x82, 0xca, 0xf2, 0xe6, 0xe8, 0xe4, 0xd8]
const PARAMETERS = [0x00, 0x01, 0x02, 0x03, 0x04, 0x0c, 0x10, 0x20, 0x40, 0x7f, 0x80, 0x81, 0xff]

type Story = readonly string[]

/** What a host would send, each a story of its own that makes sense. */
async function storiesFor(bench: IssuerBench): Promise<Story[]> {
  const packages: [aid: string, stream: Uint8Array][] = [
    ['0102030405', streamOf(await demoLoadFile())],
    ['A1A1A1A1A1', streamOf(await loadFileFor('A1A1A1A1A1', ['A1A1A1A1A101', 'A1A1A1A1A102']))],
  ]
  const stranger = { package: 'A1A1A1A1A1', module: 'A1A1A1A1A101' }
  const key = hexOf(bench.session.keyData(TEST_KEYS.enc))
  const field = `${key} ${lv(hexOf(checkValueOf(TEST_KEYS.enc, bench.session.algorithm)))}`
  return [
    ...packages.map(([aid, stream]) => [announcement(aid), ...loadsOf(stream, 90)]),
    ...packages.map(([aid, stream]) => [announcement(aid), ...loadsOf(stream, 230)]),
    ...['00', '04', '04 00 00'].map((privileges) => [installation({ privileges })]),
    [installation({ ...stranger, instance: 'B000000001' })],
    [installation({ ...stranger, instance: 'A1A1A1A1A101', privileges: '04' })],
    ...AIDS.flatMap((aid) => ['00', '80'].map((p2) => [`E4 00 ${p2} | 4F ${lv(aid)}`])),
    ...['80', '40', '20', '10'].flatMap((p1) => [[`F2 ${p1} 02 | 4F 00`, `F2 ${p1} 03 | 4F 00`]]),
    ...['00E0', '0066', 'FF21', '9F7F'].map((tag) => [`CA ${tag}`]),
    ...['01', '30', '7F'].map((version) => [`D8 00 81 | ${version} ${field} ${field} ${field}`]),
  ]
}

/** One command of a story as it is, damaged, or something else altogether: INS P1 P2 data. */
function hostile(random: Random, command: string): Uint8Array {
  const valid = hex(command)
  switch (random.int(6)) {
    case 0:
      return Uint8Array.of(...valid.subarray(0, 3), ...mutate(random, valid.subarray(3)))
    case 1:
      return valid.with(1 + random.int(2), random.oneIn(2) ? random.pick(PARAMETERS) : random.int(256))
    case 2: {
      const ins = random.oneIn(4) ? random.int(256) : random.pick(KNOWN_INS)
      const parameters = [random.pick(PARAMETERS), random.pick(PARAMETERS)]
      return Uint8Array.of(ins, ...parameters, ...random.bytes(random.int(240)))
    }
    default:
      return valid
  }
}

/** Sends a command in the session; opens another one when this has ended. @returns the status word */
async function attack(bench: IssuerBench, command: Uint8Array): Promise<string> {
  bench.received = ''
  const data = command.subarray(3, 3 + bench.session.maxDataBytes)
  try {
    await bench.wrapped(hexOf(Uint8Array.of(...command.subarray(0, 3), ...data)))
  } catch (error) {
    // Ended by what came before; or the card has opened another one, and this MAC is not of it.
    if (!(error instanceof GlobalPlatformError)) throw error
  }
  const { received } = bench
  if (received === '') {
    await bench.open()
    return ''
  }
  assert.ok(received.length >= 4 && received.length <= 2 * 258, `${hexOf(command)} -> ${received}`)
  return received.slice(-4)
}

async function assertConsistent(bench: IssuerBench, memoryBytes: number): Promise<void> {
  await bench.open()
  const packages = (await readRegistry(bench.session, 'packagesWithModules')) ?? []
  const applications = (await readRegistry(bench.session, 'applications')) ?? []
  const aids = [...packages, ...applications].map(({ aid }) => aid)
  assert.equal(new Set(aids).size, aids.length)
  assert.ok(!aids.includes(ISD))
  const loaded = packages.map(({ aid }) => aid)
  for (const application of applications) assert.ok(loaded.includes(application.package ?? ''))
  assert.ok(applications.filter(isDefaultSelected).length <= 1)
  const resources = /^FF210F8101(..)8204([\dA-F]{8})83/.exec(await bench.wrapped('CA FF 21'))
  assert.equal(Number.parseInt(resources?.[1] ?? '', 16), applications.length)
  const free = Number.parseInt(resources?.[2] ?? '', 16)
  // Four KiB for each application, and something for each package.
  assert.ok(free <= memoryBytes - 4096 * applications.length - 100 * packages.length, `${free} free`)
}

test('issuer fuzz: hostile commands with the right MAC are answered, and the registry stays consistent', async () => {
  const answered = new Map<string, number>()
  for (let seed = 0; seed < 40; seed++) {
    const random = new Random(seed)
    const memoryBytes = random.pick([300, 5_000, 20_000, 81_920])
    const issuer = { scp: random.oneIn(3) ? 'scp02' : 'scp03' } as const
    const bench = await IssuerBench.open({ memoryBytes, issuer, protocol: random.pick(['t1', 't0']) })
    for (let n = 0; n < 60; n++) {
      for (const command of random.pick(await storiesFor(bench))) {
        const sent = random.oneIn(3) ? hostile(random, command) : hex(command)
        const key = `${hexOf(sent.subarray(0, 1))} ${await attack(bench, sent)}`
        answered.set(key, (answered.get(key) ?? 0) + 1)
        if (random.oneIn(30)) bench.plain(hexOf(mutate(random, hex(bench.sent))))
        if (random.oneIn(30)) bench.card.reset()
      }
      if (n % 10 === 0) await assertConsistent(bench, memoryBytes)
    }
    await assertConsistent(bench, memoryBytes)
  }
  // It got where it wanted to: everything succeeded at times, and was refused in each of these ways.
  for (const key of ['E6 9000', 'E8 9000', 'E4 9000', 'F2 9000', 'CA 9000', 'D8 9000'])
    assert.ok((answered.get(key) ?? 0) > 20, key)
  for (const key of ['E6 6A80', 'E6 6A84', 'E6 6985', 'E8 6A80', 'E8 6A84', 'E4 6985', 'D8 6A80', 'D8 6982'])
    assert.ok((answered.get(key) ?? 0) > 0, key)
})

test('issuer fuzz: no bytes at all bring a card with an open session to an exception', async () => {
  for (let seed = 0; seed < 200; seed++) {
    const random = new Random(seed, 1)
    const scp = random.oneIn(2) ? 'scp02' : 'scp03'
    const bench = await IssuerBench.open({ issuer: { scp }, protocol: random.pick(['t1', 't0']) })
    await bench.wrapped('F2 80 02 | 4F 00')
    const valid = [hex(bench.sent), hex(bench.select), hex('80 50 00 00 08 | 0011223344556677 | 00')]
    for (let n = 0; n < 30; n++) {
      const command = random.oneIn(4) ? random.bytes(random.int(300)) : mutate(random, random.pick(valid))
      const { length } = bench.card.process(command).response
      assert.ok(length >= 2 && length <= 258, hexOf(command))
    }
    await assertConsistent(bench, 81_920)
  }
})
