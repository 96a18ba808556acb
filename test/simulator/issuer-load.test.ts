// INSTALL [for load] and LOAD on the simulated card (GlobalPlatform Card Specification 2.3.1, 11.5 and 11.6).

import assert from 'node:assert/strict'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import type { ComponentName } from '../../src/globalplatform/cap/components.ts'
import { component, demoComponents } from '../support/cap-bench.ts'
import { hex } from '../support/hex-fields.ts'
import { ISD, IssuerBench, lv, PLAIN_STATUS } from '../support/issuer-bench.ts'
import {
  announcement,
  DEMO_PACKAGE,
  demoLoadFile,
  installation,
  load,
  loadFileFor,
  loadsOf,
  streamOf,
} from '../support/load-bench.ts'

const PACKAGES = 'F2 20 00 | 4F 00'
const DEMO_LISTED = '05 0102030405 01 00 9000'

test('issuer load: the demo package comes onto the card in blocks of any size', async () => {
  const stream = streamOf(await demoLoadFile())
  for (const blockBytes of [1, 2, 3, 17, 100, 239]) {
    const bench = await IssuerBench.open()
    await bench.check([[announcement(), '00 9000']])
    for (const command of loadsOf(stream, blockBytes)) {
      await bench.check([
        [PACKAGES, '6A88'],
        [command, '00 9000'],
      ])
    }
    await bench.check([[PACKAGES, DEMO_LISTED]])
  }
})

test('issuer load: INSTALL takes its own domain or none, hash, parameters and token', async () => {
  const parameters = 'EF 08 C6020100 C7020010'
  for (const tail of [
    '00 00 00 00',
    `${lv(ISD)} 00 00 00`,
    `00 ${lv('AA'.repeat(20))} ${lv(parameters)} ${lv('BB'.repeat(64))}`,
    `00 00 81 ${lv(parameters)} 82 00 04 BBBBBBBB`,
  ]) {
    const bench = await IssuerBench.open()
    await bench.check([[`E6 02 00 | ${lv(DEMO_PACKAGE)} ${tail}`, '00 9000']])
  }
})

test('issuer load: INSTALL cut short anywhere, or with a byte too many, is 6A80', async () => {
  const bench = await IssuerBench.open()
  const whole = hex(`${lv(DEMO_PACKAGE)} ${lv(ISD)} ${lv('AA'.repeat(20))} ${lv('EF 04 C6020100')} 00`)
  for (let length = 0; length < whole.length; length++)
    await bench.check([[`E6 02 00 | ${hexOf(whole.subarray(0, length))}`, '6A80']])
  await bench.check([
    [`E6 02 00 | ${hexOf(whole)} 00`, '6A80'],
    ['E8 80 00 | C4 00', '6985'],
    [`E6 02 00 | ${hexOf(whole)}`, '00 9000'],
  ])
})

test('issuer load: an AID has 5 to 16 bytes', async () => {
  for (const [length, sw] of [
    [0, '6A80'],
    [4, '6A80'],
    [5, '00 9000'],
    [16, '00 9000'],
    [17, '6A80'],
  ] as const)
    await (await IssuerBench.open()).check([[announcement('11'.repeat(length)), sw]])
})

test('issuer load: a domain that is not there is 6A88, an AID that something has 6985', async () => {
  const bench = await IssuerBench.open({ applet: 'keystore' })
  await bench.check([
    [`E6 02 00 | ${lv('0102030406')} ${lv('A000000003000000')} 00 00 00`, '6A88'],
    [announcement(DEMO_PACKAGE), '6985'],
    [announcement('010203040500'), '6985'],
    [announcement('0102030406'), '00 9000'],
  ])
})

test('issuer load: a block with the wrong number is 6A86, and all that came before it is gone', async () => {
  const loads = loadsOf(streamOf(await demoLoadFile()), 60)
  for (const number of [0, 2, 0xff]) {
    const bench = await IssuerBench.open()
    const wrong = loads[1]?.replace('E8 00 01', `E8 00 ${hexOf(Uint8Array.of(number))}`) ?? ''
    await bench.check([
      [announcement(), '00 9000'],
      [loads[0] ?? '', '00 9000'],
      [wrong, '6A86'],
      [loads[1] ?? '', '6985'],
      [PACKAGES, '6A88'],
    ])
    assert.equal(await load(bench, streamOf(await demoLoadFile())), '009000')
  }
  const bench = await IssuerBench.open()
  await bench.check([
    [announcement(), '00 9000'],
    [loads[0]?.replace('E8 00', 'E8 01') ?? '', '6A86'],
    [loads[0] ?? '', '6985'],
  ])
})

test('issuer load: LOAD without INSTALL, or after the last block, is 6985', async () => {
  const stream = streamOf(await demoLoadFile())
  const last = loadsOf(stream).at(-1) ?? ''
  const bench = await IssuerBench.open()
  await bench.check([['E8 00 00 | C4', '6985']])
  assert.equal(await load(bench, stream), '009000')
  await bench.check([
    [last, '6985'],
    [PACKAGES, DEMO_LISTED],
  ])
})

test('issuer load: another INSTALL or a DELETE in between gives up what was begun', async () => {
  const [first = '', second = ''] = loadsOf(streamOf(await demoLoadFile()), 60)
  for (const [between, answer] of [
    [announcement('0102030406'), '00 9000'],
    [installation(), '6A88'],
    ['E4 00 00 | 4F 05 0102030407', '6A88'],
  ] as const) {
    const bench = await IssuerBench.open()
    await bench.check([
      [announcement(), '00 9000'],
      [first, '00 9000'],
      [between, answer],
    ])
    assert.match(await bench.wrapped(second), /^6985$|^6A86$/)
  }
})

test('issuer load: a session that ends in the middle leaves nothing, and the next one loads', async () => {
  const stream = streamOf(await demoLoadFile())
  const [first = '', second = ''] = loadsOf(stream, 60)
  const ends: ((bench: IssuerBench) => unknown)[] = [
    (bench) => bench.plain(PLAIN_STATUS),
    (bench) => bench.card.reset(),
    () => undefined,
  ]
  for (const protocol of ['t1', 't0'] as const)
    for (const end of ends) {
      const bench = await IssuerBench.open({ protocol })
      await bench.check([
        [announcement(), '00 9000'],
        [first, '00 9000'],
      ])
      end(bench)
      await bench.open()
      await bench.check([
        [second, '6985'],
        [PACKAGES, '6A88'],
      ])
      assert.equal(await load(bench, stream), '009000')
      await bench.check([[PACKAGES, DEMO_LISTED]])
    }
})

test('issuer load: C4 and its length are those of what comes, behind signatures or without', async () => {
  const loadFile = await demoLoadFile()
  const stream = streamOf(loadFile)
  const signature = hex('E2 0B | 4F 05 A000000001 | C3 02 AABB')
  const cases: [stream: Uint8Array, answer: string][] = [
    [Buffer.concat([signature, stream]), '009000'],
    [Buffer.concat([signature, signature, stream]), '009000'],
    [Buffer.concat([hex('E2 81 80'), new Uint8Array(0x80), stream]), '009000'],
    [Buffer.concat([hex('E2 0B'), stream]), '6A80'],
    [Buffer.concat([stream, hex('00')]), '6A80'],
    [stream.subarray(0, -1), '6A80'],
    [stream.with(2, (stream[2] ?? 0) + 1), '6A80'],
    [stream.with(0, 0xc5), '6A80'],
    [Buffer.concat([hex('C4 83 00 00'), stream]), '6A80'],
    [hex('C4 00'), '6A80'],
    [signature, '6A80'],
  ]
  for (const [sent, answer] of cases) {
    const bench = await IssuerBench.open()
    assert.equal(await load(bench, sent), answer, hexOf(sent.subarray(0, 20)))
    await bench.check([[PACKAGES, answer === '009000' ? DEMO_LISTED : '6A88']])
  }
})

test('issuer load: a load file cut short anywhere is 6A80, however its length is told', async () => {
  const loadFile = await demoLoadFile()
  const bench = await IssuerBench.open()
  for (let length = 0; length < loadFile.length; length++)
    assert.equal(await load(bench, streamOf(loadFile.subarray(0, length))), '6A80', String(length))
  await bench.check([[PACKAGES, '6A88']])
  assert.equal(await load(bench, streamOf(loadFile)), '009000')
})

test('issuer load: magic, CAP version and package AID of the Header are looked at', async () => {
  const headers: [info: string, answer: string][] = [
    ['DECAFFED 01 02 04 | 00 01 05 0102030405', '009000'],
    ['DECAFFED 02 02 04 | 00 01 05 0102030405', '009000'],
    ['DECAFFED 01 02 04 | 00 01 05 0102030405 | 04 64656D6F', '009000'],
    ['DECAFFEE 01 02 04 | 00 01 05 0102030405', '6A80'],
    ['DECAFFED 01 03 04 | 00 01 05 0102030405', '6A80'],
    ['DECAFFED 01 01 04 | 00 01 05 0102030405', '6A80'],
    ['DECAFFED 01 02 04 | 00 01 05 0102030406', '6A80'],
    ['DECAFFED 01 02 04 | 00 01 06 010203040500', '6A80'],
    ['DECAFFED 01 02 04 | 00 01 05 01020304', '6A80'],
    ['DECAFFED', '6A80'],
  ]
  for (const [info, answer] of headers) {
    const loadFile = await demoLoadFile({ Header: component('Header', hex(info)) })
    assert.equal(await load(await IssuerBench.open(), streamOf(loadFile)), answer, info)
  }
})

test('issuer load: components come in load order, each once, and none is missing but Applet and Export', async () => {
  const components = await demoComponents()
  const missing: ComponentName[] = [
    ...(['Header', 'Directory', 'Import', 'Class', 'Method', 'StaticField'] as const),
    ...(['ConstantPool', 'RefLocation'] as const),
  ]
  for (const name of missing)
    assert.equal(
      await load(await IssuerBench.open(), streamOf(await demoLoadFile({ [name]: undefined }))),
      '6A80',
    )
  assert.equal(
    await load(await IssuerBench.open(), streamOf(await demoLoadFile({ Applet: undefined }))),
    '009000',
  )
  const of = (name: ComponentName) => components.get(name) ?? new Uint8Array(0)
  const loadFile = Buffer.from(await demoLoadFile())
  const wrong = [
    Buffer.concat([loadFile, of('Header')]),
    Buffer.concat([of('Header'), loadFile]),
    Buffer.concat([loadFile, of('Descriptor')]),
    Buffer.concat([
      of('Directory'),
      of('Header'),
      loadFile.subarray(of('Header').length + of('Directory').length),
    ]),
    Buffer.concat([loadFile, hex('00 0000')]),
  ]
  for (const each of wrong) assert.equal(await load(await IssuerBench.open(), streamOf(each)), '6A80')
})

test('issuer load: a package that imports what is not there, or is too new, is refused', async () => {
  const imports: [reference: string, answer: string][] = [
    ['06 01 07 A0000000620101', '009000'],
    ['07 01 07 A0000000620101', '6A80'],
    ['00 02 07 A0000000620101', '6A80'],
    ['00 00 07 A0000000620101', '6A80'],
    ['00 01 07 A0000000620209', '6A80'],
    ['00 01 06 A00000006201', '6A80'],
    ['00 01 00', '6A80'],
  ]
  for (const [reference, answer] of imports) {
    const info = `02 | 00 01 07 A0000000620001 | ${reference}`
    const loadFile = await demoLoadFile({ Import: component('Import', hex(info)) })
    const bench = await IssuerBench.open()
    assert.equal(await load(bench, streamOf(loadFile)), answer, reference)
    await bench.check([[PACKAGES, answer === '009000' ? DEMO_LISTED : '6A88']])
  }
})

test('issuer load: without room for it a package is 6A84 and not there; what is there stays', async () => {
  const stream = streamOf(await demoLoadFile())
  for (const [memoryBytes, answer] of [
    [stream.length, '009000'],
    [stream.length - 1, '6A84'],
    [150, '6A84'],
    [0, '6A84'],
  ] as const) {
    const bench = await IssuerBench.open({ memoryBytes })
    assert.equal(await load(bench, stream), answer)
    await bench.check([[PACKAGES, answer === '009000' ? DEMO_LISTED : '6A88']])
    if (answer !== '009000') continue
    assert.equal(await load(bench, streamOf(await loadFileFor('0102030406', [])), '0102030406'), '6A84')
    await bench.check([[PACKAGES, DEMO_LISTED]])
  }
})
