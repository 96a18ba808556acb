// The identity module of a client: what it computes of its PSK, what it signs, and all that it does not know.

import assert from 'node:assert/strict'
import test from 'node:test'
import { p256 } from '@noble/curves/nist.js'
import { hexOf } from '../../src/base/hex.ts'
import { pskSecretsOf } from '../../src/simulator/key-schedule.ts'
import { CardSession, VERIFY_ADMIN, VERIFY_USER } from '../support/card-session.ts'
import { DEFAULT_PSK } from '../support/tls-client.ts'
import { bytes, keystoreSession } from '../support/vectors.ts'

const HASH = 'A5'.repeat(32)
const SET_PSK = `00 85 00 0a 23 | 01 00 20 | ${hexOf(DEFAULT_PSK)}`
const SECRET = /^[0-9A-F]{64}9000$/

function module(psk?: Uint8Array): CardSession {
  return new CardSession({ applet: 'tls-im', psk })
}

test('tls-im: the secrets of PSK 01..20 (draft-urien-tls-im), put in by the user PIN', () => {
  const card = module()
  const { earlySecret, derivedSecret, externalBinderKey, externalFinishedKey } = pskSecretsOf(DEFAULT_PSK)
  assert.equal(hexOf(earlySecret), '23499E7EDF0FBE6BAA137DF0F23BECAEFA722AD19FC262855409DE8CD8B3C897')
  assert.match(hexOf(derivedSecret), /^E8E7AC08.*6E96$/)
  assert.match(hexOf(externalBinderKey), /^4351F8A5.*651F$/)
  assert.equal(hexOf(externalFinishedKey), 'FCA24690D17DDE3F727D29D2186A5F83E1AEBD4889A4841793139168A65BFCB0')
  assert.equal(card.apdu(SET_PSK), '6380')
  card.check([
    [VERIFY_USER, '9000'],
    [SET_PSK, '9000'],
  ])
  assert.match(card.apdu('00 85 00 0c 01 00'), /^3E015D85.*80A49000$/)
  assert.match(card.apdu('00 85 00 0e 01 00'), /^7092C211.*0E739000$/)
  assert.equal(
    card.apdu(SET_PSK.replace('85 00', '85 ff')).slice(0, 64),
    hexOf(earlySecret),
    'P1 = FF shows the secrets',
  )
})

test('tls-im: its handshake secret is that of a recorded session', () => {
  const card = module(DEFAULT_PSK)
  const { ecdhX, handshakeSecret } = keystoreSession
  card.check([
    [VERIFY_USER, '9000'],
    [`00 85 00 0e 20 | ${ecdhX}`, `${handshakeSecret} 9000`],
  ])
})

test('tls-im: computes what TLS-SE computes for the same PSK', () => {
  const sessions = [module(DEFAULT_PSK), new CardSession({ applet: 'keystore' })]
  for (const session of sessions) session.apdu(VERIFY_USER)
  for (const command of [
    `00 85 00 0c 20 | ${HASH}`,
    `00 85 00 0d 20 | ${HASH}`,
    `00 85 00 0e 20 | ${HASH}`,
    `00 85 00 0b 23 | 00 20 20 | ${HASH}`,
    `00 85 01 0b 23 | 00 20 20 | ${HASH}`,
    `00 85 00 02 04 | 01 aa 01 bb`,
  ]) {
    const [own, other] = sessions.map((session) => session.apdu(command))
    assert.match(own ?? '', SECRET, command)
    assert.equal(own, other, command)
  }
})

test('tls-im: a PSK stays over a reset, the right to use it does not', () => {
  const card = module()
  card.apdu(VERIFY_USER)
  const without = card.apdu(`00 85 00 0c 20 | ${HASH}`)
  card.apdu(SET_PSK)
  const binder = card.apdu(`00 85 00 0c 20 | ${HASH}`)
  assert.match(binder, SECRET)
  assert.notEqual(binder, without)
  card.card.reset()
  card.check([
    [`00 85 00 0c 20 | ${HASH}`, '6380'],
    [VERIFY_USER, '9000'],
    [`00 85 00 0c 20 | ${HASH}`, binder],
    ['00 a4 04 00 06 | 01 02 03 04 05 00', '9000'],
    [`00 85 00 0c 20 | ${HASH}`, '6380'],
  ])
})

test('tls-im: sixteen pairs of P-256, which sign', () => {
  const card = module()
  card.apdu(VERIFY_ADMIN)
  for (const index of ['00', '05', '0F']) {
    card.check([
      [`00 89 00 ${index} 00`, '9000'],
      [`00 82 00 ${index} 00`, '9000'],
    ])
    const publicKey = bytes(card.apdu(`00 84 06 ${index} 00`)).subarray(2, -2)
    const signature = bytes(card.apdu(`00 80 00 ${index} 20 | ${HASH}`)).subarray(2, -2)
    const options = { prehash: false, format: 'der', lowS: false } as const
    assert.ok(p256.verify(signature, bytes(HASH), publicKey, options), index)
  }
  for (const index of ['10', 'FE', 'FF']) {
    card.check([
      [`00 89 00 ${index} 00`, '6985'],
      [`00 84 06 ${index} 00`, '6985'],
      [`00 80 00 ${index} 20 | ${HASH}`, '6985'],
    ])
  }
  card.check([
    ['00 89 01 00 00', '9000'],
    ['00 89 02 00 00', '6A86'],
    ['00 89 ff 00 00', '6A86'],
  ])
})

test('tls-im: who may do what', () => {
  const card = module(DEFAULT_PSK)
  assert.equal(card.apdu('00 87 00 00 04'), '010021109000')
  assert.equal(card.apdu('00 87 00 00 05'), '6C04')
  const forUsers = [`00 80 00 00 20 | ${HASH}`, '00 84 06 00 00', `00 85 00 0c 20 | ${HASH}`]
  const forAdministrators = ['00 81 00 00 00', '00 82 00 00 00', '00 88 07 00 01 | 01', '00 89 00 00 00']
  for (const command of [...forUsers, ...forAdministrators]) assert.equal(card.apdu(command), '6380', command)
  card.apdu(VERIFY_USER)
  for (const command of forUsers) assert.notEqual(card.apdu(command), '6380', command)
  for (const command of forAdministrators) assert.equal(card.apdu(command), '6380', command)
  card.apdu(VERIFY_ADMIN)
  for (const command of forAdministrators) assert.notEqual(card.apdu(command), '6380', command)
})

test('tls-im: knows neither TLS nor records, tests, random numbers, agreement or AES', () => {
  const card = module(DEFAULT_PSK)
  card.apdu(VERIFY_ADMIN)
  for (let ins = 0; ins < 256; ins++) {
    const isKnown = [0x20, 0x24, 0x80, 0x81, 0x82, 0x84, 0x85, 0x87, 0x88, 0x89, 0xa4].includes(ins)
    const answer = card.apdu(`00 ${ins.toString(16).padStart(2, '0')} 00 00 00`)
    assert.equal(answer === '6D00', !isKnown, `INS ${ins.toString(16)}: ${answer}`)
  }
  card.apdu(VERIFY_ADMIN)
  for (let p2 = 0; p2 < 256; p2++) {
    const isKnown = [0x02, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e].includes(p2)
    const answer = card.apdu(`00 85 00 ${p2.toString(16).padStart(2, '0')} 00`)
    assert.equal(answer === '6A86', !isKnown, `P2 ${p2.toString(16)}: ${answer}`)
  }
})

test('tls-im: never touches the ATR', () => {
  const { card } = module(DEFAULT_PSK)
  const atrs = [card.reset(), card.reset(), card.reset()].map(hexOf)
  assert.deepEqual(new Set(atrs).size, 1)
  assert.deepEqual(card.reset()[1]! & 0x0f, 0, 'historical bytes')
})
