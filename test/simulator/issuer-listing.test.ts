// GET STATUS and GET DATA of the simulated card (GlobalPlatform Card Specification 2.3.1, 11.3 and 11.4).

import assert from 'node:assert/strict'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import { readRegistry } from '../../src/globalplatform/registry.ts'
import { hex } from '../support/hex-fields.ts'
import { ISD, IssuerBench, lv } from '../support/issuer-bench.ts'
import {
  DEMO_MODULE,
  demoLoadFile,
  installation,
  load,
  loadFileFor,
  streamOf,
} from '../support/load-bench.ts'
import { Random } from '../support/random.ts'

const LARGE = 1 << 20
const ISD_ENTRY = 'E313 4F08A000000151000000 9F700101 C5039EFE80'
/** AIDs of 16 bytes, so that few have room in one answer. */
const aidOf = (n: number) => `B0000000000000000000000000000${(0xa00 + n).toString(16).toUpperCase()}`

/** A card with the demo package, `count` applications from it, and a session. */
async function withApplications(count: number, level: 0x01 | 0x33 = 0x33): Promise<IssuerBench> {
  const bench = await IssuerBench.open({ memoryBytes: LARGE }, { level })
  assert.equal(await load(bench, streamOf(await demoLoadFile())), '009000')
  for (let n = 0; n < count; n++) await bench.check([[installation({ instance: aidOf(n) }), '00 9000']])
  return bench
}

test('issuer listing: a blank card has its domain alone, in both formats', async () => {
  const bench = await IssuerBench.open()
  await bench.check([
    ['F2 80 02 | 4F 00', `${ISD_ENTRY} 9000`],
    ['F2 80 00 | 4F 00', `${lv(ISD)} 01 9E 9000`],
    ['F2 80 02 | 4F 00 5C 03 4F9F70', `${ISD_ENTRY} 9000`],
    ...['10', '20', '40'].flatMap((p1) => [
      [`F2 ${p1} 02 | 4F 00`, '6A88'] as const,
      [`F2 ${p1} 00 | 4F 00`, '6A88'] as const,
    ]),
  ])
})

test('issuer listing: a card with the key store has a package, its module and the application', async () => {
  const bench = await IssuerBench.open({ applet: 'keystore' })
  const domain = `CC 08 ${ISD}`
  await bench.check([
    ['F2 20 00 | 4F 00', '05 0102030405 01 00 9000'],
    ['F2 10 00 | 4F 00', '05 0102030405 01 00 01 06 010203040500 9000'],
    ['F2 40 00 | 4F 00', '06 010203040500 07 04 9000'],
    ['F2 20 02 | 4F 00', `E3 19 4F050102030405 9F700101 CE020100 ${domain} 9000`],
    ['F2 10 02 | 4F 00', `E3 21 4F050102030405 9F700101 CE020100 ${domain} 8406010203040500 9000`],
    ['F2 40 02 | 4F 00', `E3 22 4F06010203040500 9F700107 C503040000 C4050102030405 ${domain} 9000`],
  ])
})

test('issuer listing: the AID that is asked for is that of an entry, or its beginning', async () => {
  const bench = await withApplications(2)
  const [first, second] = [`${lv(aidOf(0))} 07 00`, `${lv(aidOf(1))} 07 00`]
  await bench.check([
    [`F2 40 00 | 4F ${lv(aidOf(0))}`, `${first} 9000`],
    [`F2 40 00 | 4F ${lv(aidOf(1))}`, `${second} 9000`],
    [`F2 40 00 | 4F ${lv(aidOf(0).slice(0, -2))}`, `${first} ${second} 9000`],
    ['F2 40 00 | 4F 01 B0', `${first} ${second} 9000`],
    ['F2 40 00 | 4F 01 B1', '6A88'],
    [`F2 40 00 | 4F ${lv(`${aidOf(0)}00`)}`, '6A88'],
    [`F2 80 00 | 4F ${lv(`${ISD}00`)}`, '6A88'],
    ['F2 20 00 | 4F 02 0102', '05 0102030405 01 00 9000'],
  ])
})

test('issuer listing: what does not fit comes in pages, the last of them with 9000', async () => {
  for (const level of [0x01, 0x33] as const) {
    const bench = await withApplications(20, level)
    for (const format of [0x00, 0x02]) {
      const found: string[] = []
      for (let page = 0, sw = '6310'; sw === '6310'; page++) {
        const answer = await bench.wrapped(`F2 40 0${format | (page === 0 ? 0 : 1)} | 4F 00`)
        sw = answer.slice(-4)
        found.push(...(answer.match(/B0{27}(?:0A)?[\dA-F]{3,4}/g) ?? []).map((aid) => aid.slice(0, 32)))
        assert.ok(sw === '9000' || page < 20)
      }
      assert.equal(new Set(found).size, 20)
      await bench.check([[`F2 40 0${format | 1} | 4F 00`, '6985']])
    }
  }
})

test('issuer listing: the next page is there after the first, in the same session, and of nothing else', async () => {
  const [first, next] = ['F2 40 02 | 4F 00', 'F2 40 03 | 4F 00']
  const betweens: [string, (bench: IssuerBench) => Promise<unknown>][] = [
    ['nothing before', () => Promise.resolve()],
    ['another kind', (bench) => bench.wrapped(first).then(() => bench.wrapped('F2 20 02 | 4F 00'))],
    ['a refused one', (bench) => bench.wrapped(first).then(() => bench.wrapped('F2 41 02 | 4F 00'))],
    ['GET DATA', (bench) => bench.wrapped(first).then(() => bench.wrapped('CA 00 66'))],
    ['a DELETE', (bench) => bench.wrapped(first).then(() => bench.wrapped(`E4 00 00 | 4F ${lv(aidOf(19))}`))],
    ['a new session', (bench) => bench.wrapped(first).then(() => bench.open())],
    ['a new INITIALIZE UPDATE', (bench) => bench.wrapped(first).then(() => bench.authenticate())],
  ]
  for (const [name, between] of betweens) {
    const bench = await withApplications(20)
    await between(bench)
    assert.equal(await bench.wrapped(next), '6985', name)
  }
  const bench = await withApplications(20)
  assert.match(await bench.wrapped(first), /6310$/)
  await bench.check([['F2 40 01 | 4F 00', '6985']])
  assert.match(await bench.wrapped(first), /6310$/)
  await bench.check([['F2 80 03 | 4F 00', '6985']])
})

test('issuer listing: a page of 240 bytes would be 264 with padding and MAC, so it has less', async () => {
  const bench = await withApplications(0)
  const aids = Array.from({ length: 30 }, (_, n) => `B00000${(0x1000 + n).toString(16)}`)
  for (const instance of aids) await bench.check([[installation({ instance }), '00 9000']])
  // Eight bytes each.
  const page = aids.slice(0, 29).map((aid) => `${lv(aid)} 07 00`)
  await bench.check([['F2 40 00 | 4F 00', `${page.join('')} 6310`]])
  assert.equal(bench.received.length / 2, 240 + 8 + 2)
  await bench.check([['F2 40 01 | 4F 00', `${lv(aids[29] ?? '')} 07 00 9000`]])
})

test('issuer listing: GET DATA has the value alone in class 00, the object in class 80 and in a session', async () => {
  const objects: [tag: string, value: string][] = [
    ['9F7F', `4790D6004700000000000000 55667788 3344 ${'00'.repeat(24)}`],
    ['0042', '000011'],
    ['0045', '000011'],
    ['00CF', '00001122334455667788'],
    ['00C1', '000000'],
    ['00E0', 'C00401FF8810 C00402FF8810 C00403FF8810'],
    ['FF21', '810100 820400014000 830400000800'],
    [
      '0066',
      '732E 06072A864886FC6B01 600B06092A864886FC6B020203 630906072A864886FC6B03 640B06092A864886FC6B040370',
    ],
  ]
  for (const protocol of ['t1', 't0'] as const)
    for (const [tag, spaced] of objects) {
      const bench = new IssuerBench({ protocol })
      const value = spaced.replaceAll(' ', '')
      const whole = `${tag.replace(/^00/, '')}${lv(value)}`
      const le = (answer: string) => (protocol === 't1' ? '00' : hexOf(Uint8Array.of(answer.length / 2)))
      assert.equal(bench.plain(`00 CA ${tag} ${le(value)}`), `${value}9000`)
      assert.equal(bench.plain(`80 CA ${tag} ${le(whole)}`), `${whole}9000`)
      await bench.open()
      // INITIALIZE UPDATE has moved the counter.
      assert.equal(await bench.wrapped(`CA ${tag}`), tag === '00C1' ? 'C1030000019000' : `${whole}9000`)
    }
})

test('issuer listing: GET DATA of an object that is not there is 6A88, with a session and without', async () => {
  const bench = new IssuerBench()
  for (const tag of ['0000', '0067', '2F00', 'FFFF']) assert.equal(bench.plain(`80 CA ${tag} 00`), '6A88')
  await bench.open()
  await bench.check([
    ['CA 00 67', '6A88'],
    ['CA 00 42', '4203000011 9000'],
  ])
})

test('issuer listing: GET DATA tells the protocol and its options, and the keys as they are', async () => {
  const of = (options: ConstructorParameters<typeof IssuerBench>[0], tag: string) =>
    new IssuerBench(options).plain(`80 CA ${tag} 00`)
  assert.match(of({ issuer: { scp: 'scp02' } }, '0066'), /2A864886FC6B0402559000$/)
  assert.match(of({ issuer: { scp: 'scp02', i: 0x15 } }, '0066'), /2A864886FC6B0402159000$/)
  assert.match(of({ issuer: { i: 0x60 } }, '0066'), /2A864886FC6B0403609000$/)
  assert.equal(of({ issuer: { scp: 'scp02' } }, '00E0'), 'E012C00401FF8010C00402FF8010C00403FF80109000')
  assert.equal(of({ issuer: { scp: 'scp02' } }, '00C1'), 'C10200019000')
  const bench = await IssuerBench.open({ applet: 'keystore' })
  await bench.check([['CA FF 21', 'FF210F 810101 8204 0000D8B9 8304 00000800 9000']])
})

test('issuer listing: a module has an AID of 5 to 16 bytes', async () => {
  for (const [length, answer] of [
    [0, '6A80'],
    [4, '6A80'],
    [5, '009000'],
    [16, '009000'],
    [17, '6A80'],
    [240, '6A80'],
  ] as const) {
    const stream = streamOf(await loadFileFor('0102030406', ['A2'.repeat(length)]))
    assert.equal(await load(await IssuerBench.open(), stream, '0102030406'), answer)
  }
})

test('issuer listing: no answer has over 256 bytes, whatever is on the card and whatever the level', async () => {
  for (let seed = 0; seed < 12; seed++) {
    const random = new Random(seed)
    const aid = (first: string) => first + hexOf(random.bytes(random.oneIn(2) ? 15 : 4 + random.int(12)))
    const scp = random.oneIn(4) ? 'scp02' : 'scp03'
    const issuer = { scp, aid: random.oneIn(2) ? hex(aid('A0')) : undefined } as const
    const bench = await IssuerBench.open({ memoryBytes: LARGE, issuer, protocol: random.pick(['t1', 't0']) })
    const packages = Array.from({ length: 1 + random.int(5) }, () => ({
      aid: aid('B0'),
      modules: Array.from({ length: random.pick([0, 1, 7, 8]) }, () => aid('B1')),
    }))
    let instances = 0
    for (const { aid: from, modules } of packages) {
      assert.equal(await load(bench, streamOf(await loadFileFor(from, modules)), from), '009000')
      for (const module of modules) {
        await bench.check([[installation({ package: from, module, instance: aid('B2') }), '00 9000']])
        instances++
      }
    }
    for (const kind of ['domain', 'applications', 'packages', 'packagesWithModules'] as const)
      for (const format of ['TLV', 'old'] as const) {
        // The host asks for the old format when it is told that there is no other.
        const send: typeof bench.session.send = async (command) => {
          if (format === 'old' && (command.p2 & 2) !== 0) return { data: new Uint8Array(0), sw: 0x6a86 }
          const answer = await bench.session.send(command)
          assert.ok(bench.received.length / 2 <= 256 + 2, `seed ${seed}: ${bench.received}`)
          return answer
        }
        const entries = (await readRegistry({ send }, kind)) ?? []
        const counts = { domain: 1, applications: instances, packages: packages.length }
        assert.equal(entries.length, counts[kind === 'packagesWithModules' ? 'packages' : kind])
        if (kind !== 'packagesWithModules') continue
        assert.deepEqual(
          entries.map(({ modules }) => modules),
          packages.map(({ modules }) => modules),
        )
      }
  }
})

test('issuer listing: more modules than one entry has room for are 6A84', async () => {
  const modules = Array.from({ length: 9 }, (_, n) => `${DEMO_MODULE}0${n}`)
  const stream = streamOf(await loadFileFor('0102030406', modules))
  assert.equal(await load(await IssuerBench.open(), stream, '0102030406'), '6A84')
})
