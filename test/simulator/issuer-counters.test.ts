// What the issuer domain of the simulated card counts: authentications, tries, and what its challenges come from.

import assert from 'node:assert/strict'
import test from 'node:test'
import { setOf } from '../../src/globalplatform/keys.ts'
import { hex } from '../support/hex-fields.ts'
import { IssuerBench, type IssuerBenchOptions, SELECT_ISD } from '../support/issuer-bench.ts'

const INITIALIZE = '80 50 00 00 08 | 00 11 22 33 44 55 66 77 | 00'
const SCPS = ['scp03', 'scp02'] as const

const counterIn = (bench: IssuerBench) => /^C10[23]([\dA-F]+)9000$/.exec(bench.plain('80 CA 00 C1 00'))?.[1]

test('issuer counters: SCP03 counts every INITIALIZE UPDATE and tells the number it used', () => {
  const bench = new IssuerBench()
  assert.equal(counterIn(bench), '000000')
  const answers = [bench.plain(INITIALIZE), bench.plain(INITIALIZE)]
  assert.deepEqual(
    answers.map((answer) => answer.slice(58, 64)),
    ['000001', '000002'],
  )
  assert.notEqual(answers[0]?.slice(26, 42), answers[1]?.slice(26, 42))
  assert.equal(counterIn(bench), '000002')
  bench.plain(INITIALIZE.replace('80 50 00', '80 50 55'))
  assert.equal(counterIn(bench), '000002')
})

test('issuer counters: SCP02 counts authentications that succeed, and i=55 repeats its challenge until then', async () => {
  const bench = new IssuerBench({ issuer: { scp: 'scp02', i: 0x55, counter: 0x2a } })
  const first = bench.plain(INITIALIZE)
  assert.equal(first.slice(24, 28), '002A')
  assert.equal(bench.plain(INITIALIZE), first)
  bench.onTheWay = (command) => command.with(20, (command[20] ?? 0) ^ 1)
  await assert.rejects(bench.authenticate(), /6300/)
  assert.equal(bench.plain(INITIALIZE), first)
  assert.equal(counterIn(bench), '002A')
  await bench.authenticate()
  bench.plain(SELECT_ISD)
  assert.equal(counterIn(bench), '002B')
  const next = bench.plain(INITIALIZE)
  assert.equal(next.slice(24, 28), '002B')
  assert.notEqual(next.slice(28, 40), first.slice(28, 40))
})

test('issuer counters: challenges are random where i does not have them computed', () => {
  let n = 0
  const random = (length: number) => new Uint8Array(length).fill(++n)
  const scp02 = new IssuerBench({ random, issuer: { scp: 'scp02', i: 0x15 } })
  assert.deepEqual(
    [scp02, scp02].map((bench) => bench.plain(INITIALIZE).slice(28, 40)),
    ['010101010101', '020202020202'],
  )
  const scp03 = new IssuerBench({ random, issuer: { i: 0x60 } })
  assert.deepEqual(
    [scp03, scp03].map((bench) => bench.plain(INITIALIZE).slice(26, 42)),
    ['0303030303030303', '0404040404040404'],
  )
})

test('issuer counters: a counter at its end opens nothing any more', async () => {
  const last = await IssuerBench.open({ issuer: { counter: 0xfffffe } })
  assert.equal(last.plain(INITIALIZE), '6985')
  assert.equal(new IssuerBench({ issuer: { counter: 0xffffff } }).plain(INITIALIZE), '6985')
  const scp02: IssuerBenchOptions = { issuer: { scp: 'scp02', counter: 0xfffe } }
  assert.equal((await IssuerBench.open(scp02)).plain(INITIALIZE), '6985')
})

test('issuer counters: maxTries INITIALIZE UPDATEs without success block the key set for good', async () => {
  for (const scp of SCPS) {
    const bench = new IssuerBench({ issuer: { scp, maxTries: 3 } })
    const wrong = { keys: setOf(hex('00'.repeat(16))) }
    for (let n = 0; n < 2; n++) await assert.rejects(bench.authenticate(wrong), /does not have these keys/)
    // The third is the right one, and wipes the slate clean.
    await bench.authenticate()
    for (let n = 0; n < 3; n++) await assert.rejects(bench.authenticate(wrong), /does not have these keys/)
    await assert.rejects(bench.authenticate(), /INITIALIZE UPDATE: 6983/)
    bench.card.reset()
    assert.equal(bench.plain(INITIALIZE), '6983')
    assert.match(bench.plain(SELECT_ISD), /9000$/)
  }
})

test('issuer counters: what INITIALIZE UPDATE refuses is no try', async () => {
  const bench = new IssuerBench({ issuer: { maxTries: 1 } })
  for (const command of [INITIALIZE.replace('80 50 00', '80 50 55'), '80 50 00 01 00', '80 50 00 00 00'])
    assert.match(bench.plain(command), /^6A8[68]$|^6700$/)
  await bench.authenticate()
})
