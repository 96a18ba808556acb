// How a session with the issuer domain of the simulated card ends, and what does not end it.

import assert from 'node:assert/strict'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import { cmac } from '../../src/globalplatform/aes.ts'
import { encryptCbc3, NO_DES_IV } from '../../src/globalplatform/des.ts'
import { TEST_KEYS } from '../../src/globalplatform/keys.ts'
import { scp02SessionKeys } from '../../src/globalplatform/scp02.ts'
import { scp03SessionKeys } from '../../src/globalplatform/scp03.ts'
import { hex } from '../support/hex-fields.ts'
import { IssuerBench, PLAIN_STATUS, SELECT_ISD, withData } from '../support/issuer-bench.ts'

const INITIALIZE = '80 50 00 00 08 | 00 11 22 33 44 55 66 77 | 00'
const STATUS = 'F2 80 02 | 4F 00'
const ISD_ENTRY = 'E313 4F08A000000151000000 9F700101 C5039EFE80'
const SCPS = ['scp03', 'scp02'] as const

const flipped = (offset: number) => (data: Uint8Array) => data.with(offset, (data.at(offset) ?? 0) ^ 1)

/** Nothing goes on: not with the class of the session, not without, not GET DATA. */
function assertOver(bench: IssuerBench): void {
  assert.equal(bench.plain(bench.sent), '6982')
  assert.equal(bench.plain(PLAIN_STATUS), '6982')
  for (const cla of ['00', '80', '84'])
    assert.equal(bench.plain(`${cla} CA 00 66 08 | 00 11 22 33 44 55 66 77 | 00`), '6982')
}

test('issuer session: a plain command under a level ends it, and even the right MAC is late then', async () => {
  for (const scp of SCPS)
    for (const level of [0x01, 0x03] as const)
      for (const plain of [PLAIN_STATUS, '80 CA 00 66 00', '00 CA 00 66 00']) {
        const bench = await IssuerBench.open({ issuer: { scp } }, { level })
        bench.onTheWay = (command) => {
          assert.equal(bench.plain(plain), '6982', plain)
          return command
        }
        assert.equal(await bench.wrapped(STATUS), '6982')
        assertOver(bench)
      }
})

test('issuer session: without a level, secure messaging ends it', async () => {
  const bench = await IssuerBench.open({}, { level: 0x00 })
  await bench.check([[STATUS, `${ISD_ENTRY} 9000`]])
  assert.equal(bench.plain('84 F2 80 02 0A | 4F 00 | 00 11 22 33 44 55 66 77 | 00'), '6982')
  assertOver(bench)
})

test('issuer session: a wrong MAC, a missing one and one cut short end it', async () => {
  const damages: ((data: Uint8Array) => Uint8Array)[] = [
    flipped(-1),
    flipped(-8),
    flipped(0),
    (data) => data.subarray(0, -8),
    (data) => data.subarray(0, 7),
    (data) => data.subarray(-7),
    (data) => data.subarray(-1),
    (data) => data.subarray(-8),
  ]
  for (const scp of SCPS)
    for (const level of [0x01, 0x03] as const)
      for (const damage of damages) {
        const bench = await IssuerBench.open({ issuer: { scp } }, { level })
        bench.onTheWay = withData(damage)
        assert.equal(await bench.wrapped(STATUS), '6982')
        assertOver(bench)
      }
  const bench = await IssuerBench.open()
  bench.onTheWay = (command) => command.subarray(0, 4)
  assert.equal(await bench.wrapped(STATUS), '6982')
  assertOver(bench)
})

test('issuer session: a MAC is for its header too, and for one time', async () => {
  for (const scp of SCPS) {
    for (const offset of [1, 2, 3]) {
      const bench = await IssuerBench.open({ issuer: { scp } })
      const other = [0, 0xca, 0x40, 0x03][offset] ?? 0
      bench.onTheWay = (command) => command.with(offset, other)
      assert.equal(await bench.wrapped(STATUS), '6982')
    }
    const bench = await IssuerBench.open({ issuer: { scp } })
    await bench.check([[STATUS, `${ISD_ENTRY} 9000`]])
    assert.equal(bench.plain(bench.sent), '6982')
  }
})

test('issuer session: bad padding ends it even with the right MAC', async () => {
  const bench = await IssuerBench.open({}, { level: 0x03, counting: 'with data' })
  // The counter of the host is behind from here on, so what it encrypts decrypts to noise.
  await bench.check([['CA 00 42', '4203000011 9000']])
  assert.equal(await bench.wrapped(STATUS), '6982')
  assertOver(bench)
})

test('issuer session: a card that counts only commands with data follows such a host', async () => {
  const bench = await IssuerBench.open({ issuer: { counts: 'with data' } }, { counting: 'with data' })
  await bench.check([
    ['CA 00 42', '4203000011 9000'],
    [STATUS, `${ISD_ENTRY} 9000`],
  ])
})

test('issuer session: data that decrypt to nothing end it even with the right MAC', async () => {
  const noise = '00112233445566778899AABBCCDDEEFF'
  for (const content of ['00', noise.slice(2), noise, `${noise}00`, noise.repeat(2)]) {
    const bench = await IssuerBench.open({}, { level: 0x03 })
    const { challenge } = bench.session.card
    const { mac } = scp03SessionKeys(TEST_KEYS, Buffer.concat([hex('0011223344556677'), challenge]))
    let chain = cmac(mac, new Uint8Array(16), hex(bench.sent).subarray(0, 13))
    const forged = (header: string, data: string) => {
      const command = hex(`84 ${header} ${hexOf(Uint8Array.of(data.length / 2 + 8))} ${data}`)
      chain = cmac(mac, chain, command)
      return hexOf(Buffer.concat([command, chain.subarray(0, 8)]))
    }
    // That without data shows that the MACs are right.
    assert.equal(bench.plain(forged('CA 00 42', '')), '42030000119000')
    assert.equal(bench.plain(forged('F2 80 02', content)), '6982', content)
    assert.equal(bench.plain('80 CA 00 42 00'), '6982')
  }
  const bench = await IssuerBench.open({ issuer: { scp: 'scp02' } }, { level: 0x03 })
  bench.onTheWay = withData((data) => data.subarray(1))
  assert.equal(await bench.wrapped(STATUS), '6982')
  assertOver(bench)
})

test('issuer session: GET DATA with secure messaging has no answer where there is no session', () => {
  const bench = new IssuerBench()
  assert.equal(bench.plain('84 CA 00 42 08 | 00 11 22 33 44 55 66 77 | 00'), '6982')
  assert.equal(bench.plain('80 CA 00 42 00'), '42030000119000')
})

test('issuer session: errors have neither data nor MAC, and the chain goes on', async () => {
  const bench = await IssuerBench.open({}, { level: 0x33 })
  const commands = [
    ['F2 40 02 | 4F 00', '6A88'],
    ['E4 00 00 | 4F 05 FF FF FF FF FF', '6A88'],
    ['E6 00 00', '6A86'],
    ['E8 80 00 | C4', '6985'],
  ] as const
  for (const [command, sw] of commands) {
    await bench.check([[command, sw]])
    assert.equal(bench.received, sw)
    await bench.check([[STATUS, `${ISD_ENTRY} 9000`]])
    // Two blocks and a MAC.
    assert.equal(bench.received.length / 2, 32 + 8 + 2)
  }
})

test('issuer session: an instruction that is not there is 6D00, and the session goes on', async () => {
  for (const scp of SCPS)
    for (const level of [0x01, 0x03] as const) {
      const bench = await IssuerBench.open({ issuer: { scp } }, { level })
      await bench.check([
        ['E2 90 00 | 42 03 010203', '6D00'],
        [STATUS, `${ISD_ENTRY} 9000`],
        ['F0 80 07', '6D00'],
        [STATUS, `${ISD_ENTRY} 9000`],
      ])
    }
})

test('issuer session: SELECT, reset and a new INITIALIZE UPDATE end it', async () => {
  const ends: ((bench: IssuerBench) => void)[] = [
    (bench) => bench.plain(SELECT_ISD),
    (bench) => bench.plain('00 A4 04 00 00'),
    (bench) => bench.card.reset(),
    (bench) => bench.plain(INITIALIZE),
    (bench) => bench.plain(INITIALIZE.replace('80 50 00', '80 50 55')),
  ]
  for (const scp of SCPS)
    for (const end of ends) {
      const bench = await IssuerBench.open({ issuer: { scp } })
      bench.onTheWay = (command) => {
        end(bench)
        return command
      }
      assert.equal(await bench.wrapped(STATUS), '6982')
      await bench.open()
      await bench.check([[STATUS, `${ISD_ENTRY} 9000`]])
    }
})

test('issuer session: a SELECT of nobody leaves it as it is', async () => {
  const bench = await IssuerBench.open()
  assert.equal(bench.plain('00 A4 04 00 06 | 01 02 03 04 05 00'), '6A82')
  await bench.check([[STATUS, `${ISD_ENTRY} 9000`]])
})

test('issuer session: after it was broken, INITIALIZE UPDATE or SELECT is the way on', async () => {
  const bench = await IssuerBench.open()
  for (const again of [() => bench.authenticate(), () => bench.open()]) {
    await bench.check([[STATUS, `${ISD_ENTRY} 9000`]])
    assert.equal(bench.plain(PLAIN_STATUS), '6982')
    assertOver(bench)
    await again()
    await bench.check([[STATUS, `${ISD_ENTRY} 9000`]])
  }
  assert.equal(bench.plain(PLAIN_STATUS), '6982')
  bench.plain(SELECT_ISD)
  assert.match(bench.plain('80 CA 00 42 00'), /9000$/)
})

test('issuer session: SCP02 takes empty data with level 03 as nothing and as a block of padding', async () => {
  const bench = await IssuerBench.open({ issuer: { scp: 'scp02' } }, { level: 0x03 })
  const { enc } = scp02SessionKeys(TEST_KEYS, hex('0001'))
  await bench.check([['CA 00 42', '4203000011 9000']])
  assert.equal(bench.sent.slice(8, 10), '08')
  // The MAC is over the clear data, so it is the same.
  bench.onTheWay = withData((mac) =>
    Buffer.concat([encryptCbc3(enc, NO_DES_IV, hex('80 00000000000000')), mac]),
  )
  await bench.check([
    ['CA 00 42', '4203000011 9000'],
    [STATUS, `${ISD_ENTRY} 9000`],
  ])
})
