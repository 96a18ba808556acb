// Faults while a session is opened, or of its keys: the element is not tried a second time, and no cryptogram goes out
// under keys that it does not have.

import assert from 'node:assert/strict'
import test from 'node:test'
import { setOf, TEST_KEYS } from '../../src/globalplatform/keys.ts'
import { replaceKeys } from '../../src/globalplatform/operations.ts'
import {
  cardLine,
  countedBytes,
  faultyLine,
  flipped,
  gpError,
  IIN,
  isOver,
  lineTo,
  openOn,
  refusal,
  STATUS,
} from '../support/gp-card.ts'
import { hex } from '../support/hex-fields.ts'

const INITIALIZE = '8050000008001122334455667700'
const OTHER_KEY = countedBytes(0x80, 16)

for (const scp of ['scp02', 'scp03'] as const) {
  const at =
    scp === 'scp02' ? { challenge: 12, cryptogram: 20, end: 28 } : { challenge: 13, cryptogram: 21, end: 29 }

  test(`faults: ${scp}, with wrong keys nothing follows INITIALIZE UPDATE`, async () => {
    const line = cardLine({ scp })
    await assert.rejects(
      openOn(line, { keys: setOf(OTHER_KEY) }),
      gpError('gp.wrong-keys', /00001122334455667788/),
    )
    assert.deepEqual(line.sent, [INITIALIZE])
  })

  test(`faults: ${scp}, no bit of challenge and cryptogram of the card may be another`, async () => {
    for (let bit = at.challenge * 8; bit < at.end * 8; bit++) {
      const line = faultyLine(cardLine({ scp }))
      line.begin((answer) => flipped(answer, bit))
      await assert.rejects(openOn(line), gpError('gp.wrong-keys'), `bit ${bit}`)
      assert.deepEqual(line.sent, [INITIALIZE])
    }
  })

  test(`faults: ${scp}, an answer to INITIALIZE UPDATE of another length ends it`, async () => {
    const whole = cardLine({ scp }).card.process(hex(INITIALIZE)).response.subarray(0, -2)
    for (const length of [...Array(whole.length).keys(), whole.length + 1]) {
      const line = faultyLine(cardLine({ scp }))
      line.begin(() =>
        Uint8Array.of(...whole.subarray(0, length), ...(length > whole.length ? [0] : []), 0x90, 0),
      )
      await assert.rejects(openOn(line), gpError('gp.malformed'))
      assert.deepEqual(line.sent, [INITIALIZE])
    }
  })

  test(`faults: ${scp}, a card that uses another key version than it was asked for`, async () => {
    const line = faultyLine(cardLine({ scp, keyVersion: 0x30 }))
    line.begin((answer) => answer.with(10, 0x31))
    await assert.rejects(
      openOn(line, { keyVersion: 0x30 }),
      gpError('gp.malformed', /asked for key version 30.* 31/),
    )
    assert.equal(line.sent.length, 1)
  })

  test(`faults: ${scp}, EXTERNAL AUTHENTICATE is sent once, whatever the card says to it`, async () => {
    for (const sw of [
      0x6300, 0x63c2, 0x6982, 0x6983, 0x6985, 0x6988, 0x6a80, 0x6700, 0x6c10, 0x6283, 0x9001,
    ]) {
      const line = faultyLine(cardLine({ scp }))
      line.begin((answer, n) => (n === 0 ? answer : Uint8Array.of(sw >> 8, sw & 0xff)))
      await assert.rejects(openOn(line), refusal('EXTERNAL AUTHENTICATE', sw))
      assert.equal(line.sent.length, 2)
      assert.ok(line.sent[1]?.startsWith('8482'))
    }
  })

  test(`faults: ${scp}, INITIALIZE UPDATE is sent once, whatever the card says to it`, async () => {
    for (const sw of [0x6a88, 0x6985, 0x6982, 0x6983, 0x6700, 0x6a86, 0x6e00, 0x6c1c]) {
      const line = faultyLine(cardLine({ scp }))
      line.begin(() => Uint8Array.of(sw >> 8, sw & 0xff))
      await assert.rejects(openOn(line), refusal('INITIALIZE UPDATE', sw))
      assert.deepEqual(line.sent, [INITIALIZE])
    }
  })

  test(`faults: ${scp}, what transmit throws while the session is opened comes through`, async () => {
    const gone = new Error('the reader is gone')
    for (const place of [0, 1]) {
      const line = faultyLine(cardLine({ scp }))
      line.begin((answer, n) => {
        if (n === place) throw gone
        return answer
      })
      await assert.rejects(openOn(line), gone)
      assert.equal(line.sent.length, place + 1)
    }
  })

  test(`faults: ${scp}, only 6982, 6983, 6988 and 6Cxx end the session`, async () => {
    for (const sw of [0x6982, 0x6983, 0x6988, 0x6c10, 0x6985, 0x6a80, 0x6a88, 0x6400, 0x6f00]) {
      const line = faultyLine(cardLine({ scp }))
      const session = await openOn(line)
      line.begin((answer, n) => (n === 0 ? Uint8Array.of(sw >> 8, sw & 0xff) : answer))
      assert.deepEqual(await session.send(IIN), { data: new Uint8Array(0), sw })
      if ([0x6982, 0x6983, 0x6988, 0x6c10].includes(sw)) await isOver(session, line.sent)
      else assert.equal((await session.send(STATUS)).sw, 0x9000)
    }
  })

  test(`faults: ${scp}, a wrapped command is not sent again when the card says 6Cxx`, async () => {
    const line = faultyLine(cardLine({ scp }))
    const session = await openOn(line)
    line.begin(() => hex('6C05'))
    assert.equal((await session.send(IIN)).sw, 0x6c05)
    assert.equal(line.sent.length, 1)
  })
}

test('faults: SCP02 shows a wrong MAC key at EXTERNAL AUTHENTICATE only, which is sent once', async () => {
  const line = cardLine({ scp: 'scp02', maxTries: 1 })
  const keys = { ...TEST_KEYS, mac: OTHER_KEY }
  await assert.rejects(openOn(line, { keys }), refusal('EXTERNAL AUTHENTICATE', 0x6300))
  assert.equal(line.sent.length, 2)
  await assert.rejects(openOn(line), refusal('INITIALIZE UPDATE', 0x6983))
})

test('faults: SCP03 shows a wrong ENC key at the first command that is encrypted, and ends', async () => {
  const line = cardLine({ scp: 'scp03' })
  const session = await openOn(line, { keys: { ...TEST_KEYS, enc: OTHER_KEY }, level: 0x03 })
  line.sent.length = 0
  assert.equal((await session.send(STATUS)).sw, 0x6982)
  await isOver(session, line.sent)
  assert.equal(line.sent.length, 1)
})

test('faults: a wrong DEK is found by the check values, and the keys stay as they were', async () => {
  for (const scp of ['scp02', 'scp03'] as const) {
    const line = cardLine({ scp })
    const session = await openOn(line, { keys: { ...TEST_KEYS, dek: OTHER_KEY } })
    const fresh = { keys: setOf(OTHER_KEY), version: 0x30, replaces: 0, algorithm: session.algorithm }
    await assert.rejects(replaceKeys(session, fresh), refusal('PUT KEY', 0x6982))
    await isOver(session, line.sent)
    assert.equal((await openOn(line)).card.keyVersion, 0xff)
  }
})

test('faults: a protocol that is not known is refused before anything is sent to it', async () => {
  const kdd = '00001122334455667788'
  for (const [answer, message] of [
    [`${kdd} FF 01 0001A1A2A3A4A5A6 6A7B95412197D321`, /SCP01/],
    [`${kdd} FF 03 71 ${'B0'.repeat(32)} 000001`, /S16/],
    [`${kdd} FF 03 01 ${'B0'.repeat(32)}`, /S16/],
  ] as const) {
    const line = lineTo(() => hex(`${answer} 9000`))
    await assert.rejects(openOn(line), gpError('gp.unsupported', message))
    assert.deepEqual(line.sent, [INITIALIZE])
  }
})
