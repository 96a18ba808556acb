// INSTALL [for install and make selectable] and DELETE on the simulated card, and what SELECT finds then (GlobalPlatform
// Card Specification 2.3.1, 11.2, 11.5 and 6.4).

import assert from 'node:assert/strict'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import { hex } from '../support/hex-fields.ts'
import { ISD, IssuerBench, type IssuerBenchOptions, lv, SELECT_ISD } from '../support/issuer-bench.ts'
import {
  announcement,
  DEMO_MODULE,
  DEMO_PACKAGE,
  demoLoadFile,
  type InstallFields,
  installation,
  load,
  loadFileFor,
  streamOf,
} from '../support/load-bench.ts'

const APPLICATIONS = 'F2 40 00 | 4F 00'
const PACKAGES = 'F2 20 00 | 4F 00'
const FCI = '6F108408A000000151000000A5049F6501FF9000'
const select = (aid: string) => `00 A4 04 00 ${lv(aid)}`
const deletion = (aid: string, p2 = '00') => `E4 00 ${p2} | 4F ${lv(aid)}`

/** A card with the demo package, and a session. */
async function loaded(options: IssuerBenchOptions = {}): Promise<IssuerBench> {
  const bench = await IssuerBench.open(options)
  assert.equal(await load(bench, streamOf(await demoLoadFile())), '009000')
  return bench
}

/** A card with the package A1A1A1A1A1, whose modules it knows nothing of, and a session. */
async function withStranger(modules: readonly string[]): Promise<IssuerBench> {
  const bench = await IssuerBench.open()
  const stream = streamOf(await loadFileFor('A1A1A1A1A1', modules))
  assert.equal(await load(bench, stream, 'A1A1A1A1A1'), '009000')
  return bench
}

test('issuer install: an application appears with its AID and privileges, and can be selected', async () => {
  for (const protocol of ['t1', 't0'] as const) {
    const bench = await loaded({ protocol })
    await bench.check([
      [APPLICATIONS, '6A88'],
      [installation({ instance: 'B000000001' }), '00 9000'],
      [installation({ instance: 'B000000002', privileges: '04' }), '00 9000'],
      [installation({ instance: 'B000000003', privileges: '00 00 00' }), '00 9000'],
      [APPLICATIONS, '05 B000000001 07 00 | 05 B000000002 07 04 | 05 B000000003 07 00 | 9000'],
    ])
    for (const aid of ['B000000001', 'B000000002', 'B000000003']) {
      assert.equal(bench.plain(select(aid)), '9000')
      assert.equal(bench.plain('00 D8 00 00 00'), '9000')
    }
  }
})

test('issuer install: what is refused leaves nothing behind', async () => {
  const refused: [fields: InstallFields, sw: string][] = [
    [{ package: '0102030406' }, '6A88'],
    [{ module: '010203040501' }, '6A88'],
    [{ module: DEMO_PACKAGE }, '6A88'],
    [{ instance: DEMO_PACKAGE }, '6A80'],
    [{ instance: 'B0000001' }, '6A80'],
    [{ instance: 'B0'.repeat(17) }, '6A80'],
    [{ privileges: '' }, '6A80'],
    [{ privileges: '00 00' }, '6A80'],
    [{ privileges: '00 00 00 00' }, '6A80'],
    [{ privileges: '80' }, '6A80'],
    [{ privileges: '84 00 00' }, '6A80'],
    [{ parameters: '' }, '6A80'],
    [{ parameters: 'EF 04 C7020010' }, '6A80'],
    [{ parameters: 'C9' }, '6A80'],
    [{ parameters: 'C9 02 41' }, '6A80'],
    [{ parameters: `C9 10 ${'41'.repeat(16)}` }, '6985'],
  ]
  const bench = await loaded()
  for (const [fields, sw] of refused)
    await bench.check([
      [installation(fields), sw],
      [APPLICATIONS, '6A88'],
    ])
  await bench.check([[installation({ parameters: `C9 0F ${'41'.repeat(15)}` }), '00 9000']])
})

test('issuer install: parameters may have more than C9, and a token', async () => {
  for (const parameters of ['EF 04 C7020010 | C9 00', 'C9 00 | EF 04 C7020010', 'C9 00 | EA 02 8000'])
    await (await loaded()).check([[installation({ parameters }), '00 9000']])
  const bench = await loaded()
  await bench.check([
    [`${installation().slice(0, -2)} 81 40 ${'AA'.repeat(64)}`, '00 9000'],
    [`${installation({ instance: 'B000000001' })} 00`, '6A80'],
  ])
})

test('issuer install: cut short anywhere it is 6A80', async () => {
  const bench = await loaded()
  const whole = hex(installation({ privileges: '04 00 00', parameters: 'C9 08 6B6579312E636F6D' }))
  for (let length = 3; length < whole.length; length++)
    await bench.check([[hexOf(whole.subarray(0, length)), '6A80']])
  await bench.check([[hexOf(whole), '00 9000']])
})

test('issuer install: only INSTALL [for load] and [for install and make selectable] are there', async () => {
  const bench = await loaded()
  for (const p1 of ['00', '01', '04', '08', '0E', '10', '20', '40', '8C', 'FF'])
    await bench.check([[installation().replace('E6 0C', `E6 ${p1}`), '6A86']])
  await bench.check([[installation().replace('0C 00', '0C 01'), '6A86']])
})

test('issuer install: an AID that an application has is 6A80', async () => {
  const bench = await loaded()
  await bench.check([
    [installation(), '00 9000'],
    [installation(), '6A80'],
    [APPLICATIONS, '06 010203040500 07 00 | 9000'],
    [deletion(DEMO_MODULE), '00 9000'],
    [installation(), '00 9000'],
  ])
})

test('issuer install: nothing takes the AID of the issuer domain, which then nobody could select', async () => {
  const bench = await loaded()
  await bench.check([
    [installation({ instance: ISD }), '6A80'],
    [announcement(ISD), '6985'],
    [APPLICATIONS, '6A88'],
  ])
  assert.equal(bench.plain(SELECT_ISD), FCI)
})

test('issuer install: one application is selected by default, until it is deleted', async () => {
  const bench = await loaded()
  await bench.check([
    [installation({ privileges: '04' }), '00 9000'],
    [installation({ instance: 'B000000001', privileges: '04' }), '6985'],
    [installation({ instance: 'B000000002', privileges: '04 00 00' }), '6985'],
    [installation({ instance: 'B000000003' }), '00 9000'],
    [deletion(DEMO_MODULE), '00 9000'],
    [installation({ instance: 'B000000001', privileges: '04' }), '00 9000'],
    [APPLICATIONS, '05 B000000003 07 00 | 05 B000000001 07 04 | 9000'],
  ])
})

test('issuer install: without room for an application it is 6A84', async () => {
  const { length } = await demoLoadFile()
  const bench = await loaded({ memoryBytes: length + 2 * 4096 + 4095 })
  await bench.check([
    [installation({ instance: 'B000000001' }), '00 9000'],
    [installation({ instance: 'B000000002' }), '00 9000'],
    [installation({ instance: 'B000000003' }), '6A84'],
    [deletion('B000000001'), '00 9000'],
    [installation({ instance: 'B000000003' }), '00 9000'],
  ])
})

test('issuer install: of a module that it does not know, the card has the name and nothing else', async () => {
  const bench = await withStranger(['A1A1A1A1A101'])
  const stranger = { package: 'A1A1A1A1A1', module: 'A1A1A1A1A101', instance: 'A1A1A1A1A101' }
  await bench.check([[installation({ ...stranger, privileges: '04' }), '00 9000']])
  bench.card.reset()
  for (const command of ['00 20 00 00 04 | 30303030', '80 CA 00 66 00', '80 50 00 00 08 | 0011223344556677'])
    assert.equal(bench.plain(command), '6D00')
  assert.equal(bench.plain(select('C000000001')), '6A82')
  assert.equal(bench.plain('00 A4 00 00 02 3F00'), '6A82')
  assert.equal(bench.plain(select('A1A1A1A1A101')), '9000')
  assert.equal(bench.plain('00 A4 04 00 00'), '9000')
  assert.equal(bench.plain(SELECT_ISD), FCI)
  await bench.authenticate()
  await bench.check([[deletion('A1A1A1A1A101'), '00 9000']])
})

test('issuer delete: a package in use stays unless what comes of it goes too', async () => {
  const bench = await loaded()
  await bench.check([
    [installation({ instance: 'B000000001' }), '00 9000'],
    [installation({ instance: 'B000000002', privileges: '04' }), '00 9000'],
    [deletion(DEMO_PACKAGE), '6985'],
    [APPLICATIONS, '05 B000000001 07 00 | 05 B000000002 07 04 | 9000'],
    [deletion(DEMO_PACKAGE, '80'), '00 9000'],
    [APPLICATIONS, '6A88'],
    [PACKAGES, '6A88'],
    [deletion(DEMO_PACKAGE, '80'), '6A88'],
  ])
  assert.equal(bench.plain(select('B000000001')), '6A82')
  assert.equal(await load(await IssuerBench.open(), streamOf(await demoLoadFile())), '009000')
})

test('issuer delete: the package goes alone once nothing comes of it any more', async () => {
  const bench = await loaded()
  await bench.check([
    [installation(), '00 9000'],
    [deletion(DEMO_MODULE, '80'), '00 9000'],
    [PACKAGES, '05 0102030405 01 00 | 9000'],
    [deletion(DEMO_PACKAGE), '00 9000'],
    [PACKAGES, '6A88'],
  ])
})

test('issuer delete: the issuer domain is 6985, a part of an AID nobody, and memory comes back', async () => {
  const bench = await loaded()
  const free = await bench.wrapped('CA FF 21')
  await bench.check([
    [deletion(ISD), '6985'],
    [deletion(ISD, '80'), '6985'],
    [deletion('A0000001'), '6A88'],
    [deletion('A000000151'), '6A88'],
    [deletion('01020304'), '6A88'],
    [deletion('0102030405FF'), '6A88'],
    ['E4 00 00 | 4F 00', '6A88'],
    [installation(), '00 9000'],
    [deletion(DEMO_MODULE), '00 9000'],
  ])
  assert.equal(await bench.wrapped('CA FF 21'), free)
})

test('select: five bytes of an AID are enough, four and too many are not', () => {
  const lines: [aid: string, answer: string][] = [
    ['A000000151', FCI],
    ['A0000001510000', FCI],
    [ISD, FCI],
    [`${ISD}00`, '6A82'],
    ['A0000001', '6A82'],
    ['A000000152', '6A82'],
    ['0102030405', '9000'],
    ['010203040500', '9000'],
    ['01020304', '6A82'],
    ['01020304050000', '6A82'],
  ]
  for (const [aid, answer] of lines) {
    const bench = new IssuerBench({ applet: 'keystore' })
    bench.plain(SELECT_ISD)
    assert.equal(bench.plain(select(aid)), answer, aid)
  }
})

test('select: whole AIDs before parts of them, so that a longer name hides nobody', async () => {
  const bench = await loaded()
  await bench.check([[installation({ instance: `${ISD}01` }), '00 9000']])
  assert.equal(bench.plain(select(ISD)), FCI)
  assert.equal(bench.plain(select(`${ISD}01`)), '9000')
  // Of what has no name of its own, the domain was there first.
  assert.equal(bench.plain(select('A000000151')), FCI)
  assert.equal(bench.plain(select('A0000001510000')), FCI)
})

test('select: of nobody between INITIALIZE UPDATE and EXTERNAL AUTHENTICATE is 6985', async () => {
  const bench = new IssuerBench()
  bench.onTheWay = (command) => {
    assert.equal(bench.plain(select(DEMO_MODULE)), '6A82')
    return command
  }
  await assert.rejects(bench.authenticate(), /EXTERNAL AUTHENTICATE.*: 6985/)
})

test('select: the next occurrence is that after the one that is selected, and there is an end to it', async () => {
  const bench = await loaded()
  await bench.check([
    [installation({ instance: 'B00000000101' }), '00 9000'],
    [installation({ instance: 'B00000000202' }), '00 9000'],
    [installation({ instance: 'B00000000103' }), '00 9000'],
  ])
  const next = (aid: string) => select(aid).replace('00 A4 04 00', '00 A4 04 02')
  assert.equal(bench.plain(select('B000000001')), '9000')
  assert.equal(bench.plain(next('B000000001')), '9000')
  bench.plain('00 20 00 00 04 | 30303030')
  // Nobody is left, so it is who is selected that answers, and has not forgotten the PIN.
  assert.equal(bench.plain(next('B000000001')), '9000')
  assert.match(bench.plain('00 87 00 00 04'), /9000$/)
  bench.plain(bench.select)
  assert.equal(bench.plain(next('A000000151')), '6A82')
  assert.equal(bench.plain(next('B000000002')), '9000')
})
