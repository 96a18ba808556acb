import assert from 'node:assert/strict'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import { cardChallengeOf } from '../../src/globalplatform/challenge.ts'
import { gpError, takenBeginnings } from '../support/gp-card.ts'
import { GP_VECTORS } from '../support/gp-vectors.ts'
import { hex } from '../support/hex-fields.ts'

const malformed = gpError('gp.malformed', /^INITIALIZE UPDATE: /)

test('challenge: SCP02 of a real card, V12', () => {
  const card = cardChallengeOf(hex('0000008C00002B170AC0 20 02 03B2 4028A18D797B C5DFD309EDB24B73'))
  assert.equal(card.protocol, 'SCP02')
  assert.equal(card.keyVersion, 0x20)
  assert.equal(hexOf(card.diversification), '0000008C00002B170AC0')
  assert.equal(hexOf(card.counter), '03B2')
  assert.equal(hexOf(card.challenge), '4028A18D797B')
  assert.equal(hexOf(card.cryptogram), 'C5DFD309EDB24B73')
})

test('challenge: SCP03 with a computed challenge has its counter behind it, V3', () => {
  const card = cardChallengeOf(hex('00001122334455667788 FF 03 70 86C8BD65FA1044EE 707A3FA35DE12B2D 000001'))
  assert.ok(card.protocol === 'SCP03')
  assert.deepEqual([card.keyVersion, card.i], [0xff, 0x70])
  assert.equal(hexOf(card.challenge), '86C8BD65FA1044EE')
  assert.equal(hexOf(card.cryptogram), '707A3FA35DE12B2D')
  assert.deepEqual(card.counter, hex('000001'))
})

test('challenge: SCP03 with a random challenge has no counter, V4', () => {
  const card = cardChallengeOf(hex('00001122334455667788 30 03 60 B0B1B2B3B4B5B6B7 44B2068734677FB0'))
  assert.ok(card.protocol === 'SCP03')
  assert.deepEqual([card.keyVersion, card.i, card.counter], [0x30, 0x60, undefined])
})

for (const { name, answer } of GP_VECTORS) {
  test(`challenge: nothing but the whole answer of ${name} is taken, and not one byte more`, () => {
    const whole = hex(answer)
    assert.equal(takenBeginnings(whole, cardChallengeOf), 0)
    assert.throws(() => cardChallengeOf(Uint8Array.of(...whole, 0)), malformed)
  })
}

test('challenge: i decides whether a counter belongs to the answer', () => {
  const start = '00001122334455667788 FF 03'
  const rest = '86C8BD65FA1044EE 707A3FA35DE12B2D'
  for (const i of ['10', '30', '70', '90']) {
    assert.throws(() => cardChallengeOf(hex(`${start} ${i} ${rest}`)), malformed, i)
    assert.equal(cardChallengeOf(hex(`${start} ${i} ${rest} 000001`)).protocol, 'SCP03')
  }
  for (const i of ['00', '20', '60', '80']) {
    assert.equal(cardChallengeOf(hex(`${start} ${i} ${rest}`)).protocol, 'SCP03')
    assert.throws(() => cardChallengeOf(hex(`${start} ${i} ${rest} 000001`)), malformed, i)
  }
})

test('challenge: other protocols are refused by name', () => {
  const answer = (scp: string) => hex(`00001122334455667788 FF ${scp} 0001 A1A2A3A4A5A6 6A7B95412197D321`)
  for (const [scp, name] of [
    ['01', 'SCP01'],
    ['00', 'SCP00'],
    ['04', 'SCP04'],
    ['10', 'SCP10'],
    ['FF', 'SCPFF'],
  ] as const) {
    assert.throws(
      () => cardChallengeOf(answer(scp)),
      gpError('gp.unsupported', new RegExp(`speaks ${name};`)),
    )
  }
})

test('challenge: MACs of 16 bytes (SCP03 S16) are refused at any length', () => {
  const s16 = hex(`00001122334455667788 30 03 71 ${'B0'.repeat(32)} 000001`)
  for (const length of [13, 29, 32, 45, 48]) {
    assert.throws(() => cardChallengeOf(s16.subarray(0, length)), gpError('gp.unsupported', /S16/))
  }
})

test('challenge: what was parsed does not change with the answer', () => {
  const bytes = hex('00001122334455667788 FF 03 70 86C8BD65FA1044EE 707A3FA35DE12B2D 000001')
  const card = cardChallengeOf(bytes)
  bytes.fill(0)
  assert.equal(hexOf(card.diversification), '00001122334455667788')
  assert.equal(hexOf(card.challenge), '86C8BD65FA1044EE')
  assert.equal(hexOf(card.cryptogram), '707A3FA35DE12B2D')
})
