// What the issuer domain of the simulated card takes and refuses before and inside a session: GlobalPlatform Card
// Specification 2.3.1, chapter 11 and appendix E, and Amendment D 1.1.1.

import assert from 'node:assert/strict'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import type { SecurityLevel } from '../../src/globalplatform/protection.ts'
import { IssuerBench, PLAIN_STATUS, SELECT_ISD, withData } from '../support/issuer-bench.ts'

const INITIALIZE = '80 50 00 00 08 | 00 11 22 33 44 55 66 77 | 00'
const ISD_ENTRY = 'E313 4F08A000000151000000 9F700101 C5039EFE80'
const SCPS = ['scp03', 'scp02'] as const
const PROTOCOLS = ['t1', 't0'] as const

test('issuer rules: class before instruction before session before anything else', () => {
  const bench = new IssuerBench()
  const refused: [string, string][] = [
    ['90 FF FF FF 01 00', '6E00'],
    ['81 F2 80 02 02 4F 00', '6E00'],
    ['80 FF FF FF 01 00', '6D00'],
    ['00 70 00 00 01', '6D00'],
    ['80 F2 FF FF 01 FF', '6982'],
    ['80 E6 FF FF 01 FF', '6982'],
    ['80 E8 FF FF 01 FF', '6982'],
    ['80 E4 FF FF 01 FF', '6982'],
    ['80 D8 FF FF 01 FF', '6982'],
  ]
  for (const [command, sw] of refused) assert.equal(bench.plain(command), sw, command)
})

test('issuer rules: P1 and P2 before the data before the object before the conditions', async () => {
  const bench = await IssuerBench.open({ applet: 'keystore' })
  await bench.check([
    ['F2 81 02 | FF', '6A86'],
    ['F2 80 04 | FF', '6A86'],
    ['F2 40 02 | 4F 05', '6A80'],
    ['F2 40 02 | 5C 00', '6A80'],
    ['F2 40 02 | 4F 05 FF FF FF FF FF', '6A88'],
    ['E4 01 00 | FF', '6A86'],
    ['E4 00 01 | FF', '6A86'],
    ['E4 00 00 | 4F 09', '6A80'],
    ['E4 00 00 | 4E 00', '6A80'],
    ['E4 00 00 | 4F 05 FF FF FF FF FF', '6A88'],
    ['E4 00 00 | 4F 05 01 02 03 04 05', '6985'],
    ['E6 03 00 | FF', '6A86'],
    ['E6 02 01 | FF', '6A86'],
    ['E6 02 00 | FF', '6A80'],
    ['D8 00 01 | FF', '6A86'],
    ['D8 80 81 | FF', '6A86'],
    ['D8 00 81 | 30', '6A80'],
  ])
})

test('issuer rules: INITIALIZE UPDATE looks at class, P2, length and key version, in this order', () => {
  const bench = new IssuerBench()
  const refused: [string, string][] = [
    ['84 50 30 01 07 | 00 11 22 33 44 55 66', '6E00'],
    ['80 50 30 01 07 | 00 11 22 33 44 55 66', '6A86'],
    ['80 50 30 00 07 | 00 11 22 33 44 55 66', '6700'],
    ['80 50 30 00 09 | 00 11 22 33 44 55 66 77 88', '6700'],
    ['80 50 30 00 00', '6700'],
    ['80 50 30 00 08 | 00 11 22 33 44 55 66 77', '6A88'],
  ]
  for (const [command, sw] of refused) assert.equal(bench.plain(command), sw, command)
})

test('issuer rules: a host of S16, with a challenge of 16 bytes, is 6700', () => {
  const command = `80 50 00 00 10 | ${'00'.repeat(16)} | 00`
  for (const scp of SCPS) assert.equal(new IssuerBench({ issuer: { scp } }).plain(command), '6700')
})

test('issuer rules: key version 00 leaves the choice to the card, FF is the set of the factory', () => {
  for (const version of ['00', 'FF']) {
    const answer = new IssuerBench().plain(`80 50 ${version} 00 08 | 00 11 22 33 44 55 66 77 | 00`)
    assert.match(answer, /^00001122334455667788FF0370[\dA-F]{38}9000$/)
  }
  const bench = new IssuerBench({ issuer: { keyVersion: 0x20 } })
  assert.match(bench.plain('80 50 00 00 08 | 00 11 22 33 44 55 66 77 | 00'), /^.{20}200370/)
  assert.equal(bench.plain('80 50 FF 00 08 | 00 11 22 33 44 55 66 77 | 00'), '6A88')
})

test('issuer rules: an answer to INITIALIZE UPDATE has 28 bytes in SCP02, 29 or 32 in SCP03', () => {
  const lengthFor = (scp: 'scp02' | 'scp03', i: number) =>
    new IssuerBench({ issuer: { scp, i } }).plain(INITIALIZE).length / 2 - 2
  const lengths = { 0x15: 28, 0x55: 28 }
  for (const [i, length] of Object.entries(lengths)) assert.equal(lengthFor('scp02', Number(i)), length)
  const lengths3 = { 0x00: 29, 0x10: 32, 0x60: 29, 0x70: 32 }
  for (const [i, length] of Object.entries(lengths3)) assert.equal(lengthFor('scp03', Number(i)), length)
})

test('issuer rules: EXTERNAL AUTHENTICATE not directly after INITIALIZE UPDATE is 6985', async () => {
  for (const between of ['80 CA 00 66 00', '80 FF 00 00 00', '90 00 00 00 00', PLAIN_STATUS]) {
    const bench = new IssuerBench()
    bench.onTheWay = (command) => {
      bench.plain(between)
      return command
    }
    await assert.rejects(bench.authenticate(), /EXTERNAL AUTHENTICATE.*: 6985/, between)
  }
  const bench = await IssuerBench.open()
  assert.equal(bench.plain(bench.sent), '6985')
  assert.equal(new IssuerBench().plain(bench.sent), '6985')
})

test('issuer rules: a refused EXTERNAL AUTHENTICATE has no second try', async () => {
  const cases: [(command: Uint8Array) => Uint8Array, string][] = [
    [(command) => command.with(0, 0x80), '6982'],
    [(command) => command.with(3, 0x01), '6A86'],
    [(command) => command.with(2, 0x02), '6A86'],
    [withData((data) => data.subarray(1)), '6700'],
    [withData((data) => Uint8Array.of(...data, 0)), '6700'],
    [(command) => command.with(5, (command[5] ?? 0) ^ 1), '6300'],
    [(command) => command.with(20, (command[20] ?? 0) ^ 1), '6300'],
  ]
  for (const scp of SCPS)
    for (const [damage, sw] of cases) {
      const bench = new IssuerBench({ issuer: { scp } })
      bench.onTheWay = damage
      await assert.rejects(bench.authenticate(), new RegExp(`EXTERNAL AUTHENTICATE.*: ${sw}`))
      assert.equal(bench.plain(bench.sent), '6985')
      assert.equal(bench.plain(PLAIN_STATUS), '6982')
    }
})

test('issuer rules: a level that i does not offer is 6A86', () => {
  const levels = [0x00, 0x01, 0x03, 0x10, 0x11, 0x13, 0x30, 0x31, 0x33, 0x02, 0x83]
  const offers: [scp: 'scp02' | 'scp03', i: number, levels: number[]][] = [
    ['scp02', 0x15, [0x00, 0x01, 0x03]],
    ['scp02', 0x55, [0x00, 0x01, 0x03]],
    ['scp03', 0x00, [0x00, 0x01, 0x03]],
    ['scp03', 0x10, [0x00, 0x01, 0x03]],
    ['scp03', 0x20, [0x00, 0x01, 0x03, 0x11, 0x13]],
    ['scp03', 0x60, [0x00, 0x01, 0x03, 0x11, 0x13, 0x33]],
    ['scp03', 0x70, [0x00, 0x01, 0x03, 0x11, 0x13, 0x33]],
  ]
  for (const [scp, i, offered] of offers)
    for (const level of levels) {
      const bench = new IssuerBench({ issuer: { scp, i } })
      assert.match(bench.plain(INITIALIZE), /9000$/)
      // With cryptogram and MAC of nobody: the level is looked at first.
      const answer = bench.plain(`84 82 ${hexOf(Uint8Array.of(level))} 00 10 | ${'00'.repeat(16)}`)
      assert.equal(answer, offered.includes(level) ? '6300' : '6A86', `${scp} ${i} ${level}`)
    }
})

test('issuer rules: every level that is offered carries commands, with T=1 and with T=0', async () => {
  const levels: [scp: 'scp02' | 'scp03', level: SecurityLevel][] = [
    ...([0x00, 0x01, 0x03] as const).map((level) => ['scp02', level] as ['scp02', SecurityLevel]),
    ...([0x00, 0x01, 0x03, 0x11, 0x13, 0x33] as const).map(
      (level) => ['scp03', level] as ['scp03', SecurityLevel],
    ),
  ]
  for (const protocol of PROTOCOLS)
    for (const [scp, level] of levels) {
      const bench = await IssuerBench.open({ protocol, issuer: { scp } }, { level })
      await bench.check([
        ['F2 80 02 | 4F 00', `${ISD_ENTRY} 9000`],
        ['F2 40 02 | 4F 00', '6A88'],
        ['CA 00 42', '4203000011 9000'],
        ['F2 80 02 | 4F 00', `${ISD_ENTRY} 9000`],
      ])
    }
})

test('issuer rules: commands are taken with Le and without', async () => {
  for (const scp of SCPS) {
    const bench = await IssuerBench.open({ issuer: { scp } })
    bench.onTheWay = (command) => command.subarray(0, -1)
    assert.match(await bench.wrapped('F2 80 02 | 4F 00'), /9000$/)
    assert.match(await bench.wrapped('F2 80 02 | 4F 00'), /9000$/)
  }
})

test('issuer rules: T=0 has the answers of the domain fetched, or asks for another Le', () => {
  const bench = new IssuerBench({ protocol: 't0' })
  const lines: [string, string][] = [
    [SELECT_ISD, '6112'],
    ['00 C0 00 00 12', '6F108408A000000151000000A5049F6501FF9000'],
    ['00 A4 04 00 00', '6C12'],
    ['00 A4 04 00 12', '6F108408A000000151000000A5049F6501FF9000'],
    ['80 CA 00 42 00', '6C05'],
    ['80 CA 00 42 05', '42030000119000'],
    [INITIALIZE, '6120'],
    ['00 C0 00 00 10', '6C20'],
  ]
  for (const [command, answer] of lines) assert.equal(bench.plain(command), answer, command)
  assert.match(bench.plain('00 C0 00 00 20'), /^00001122334455667788FF0370[\dA-F]{38}9000$/)
})
