import assert from 'node:assert/strict'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import { CardSession, VERIFY_ADMIN, VERIFY_USER } from '../support/card-session.ts'
import { TlsClient } from '../support/tls-client.ts'
import { bytes } from '../support/vectors.ts'

test('psk: INS 85/0A with the user PIN changes it for good, from the next handshake on', () => {
  const psk = new Uint8Array(32).fill(0x5a)
  const session = new CardSession().open()
  session.check([
    [`00 85 00 0a 23 | 01 00 | 20 ${hexOf(psk)}`, '6380'],
    [VERIFY_USER, '9000'],
    [`00 85 00 0a 22 | 01 00 | 1f ${hexOf(psk.subarray(1))}`, '6C00'],
    [`00 85 00 0a 23 | 01 00 | 20 ${hexOf(psk)}`, '9000'],
  ])
  assert.equal(session.say('?01still here\n'), 'still here\r\n')
  session.card.reset()
  assert.equal(session.record(new TlsClient().clientHello()).sw, '6D16')
  session.open({ psk })
})

test('name: the ATR shows it one reset late, and INS DA changes it for good', () => {
  const atrs = (session: CardSession, count: number) =>
    Array.from({ length: count }, () => hexOf(session.card.reset()))
  const session = new CardSession()
  // The first reset was the session's own: it showed no name, and set one.
  assert.deepEqual(atrs(session, 1), ['3B8880016B6579312E636F6D00'])
  session.apdu(VERIFY_ADMIN)
  session.check([
    [`00 da 00 0a 08 | ${Buffer.from('key2.com').toString('hex')}`, '9000'],
    ['00 da 00 0a 00', '6700'],
    [`00 da 00 0a 10 | ${'41'.repeat(16)}`, '6700'],
  ])
  assert.deepEqual(atrs(session, 2), ['3B8880016B6579312E636F6D00', '3B8880016B6579322E636F6D03'])
  session.apdu(VERIFY_ADMIN)
  session.check([
    [`00 da 00 0a 0f | ${'41'.repeat(15)}`, '9000'],
    ['00 a4 04 00 06 | 01 02 03 04 05 00', '9000'],
  ])
  assert.deepEqual(atrs(session, 1), [`3B8F8001${'41'.repeat(15)}4F`])
})

test('name: a T=0 card shows it without check byte, a blank card shows none', () => {
  const t0 = new CardSession({ protocol: 't0', sen: 'key2.com' })
  assert.equal(hexOf(t0.card.reset()), '3B6800006B6579322E636F6D')
  assert.equal(hexOf(new CardSession({ protocol: 't0' }).card.reset()), '3B6800006B6579312E636F6D')
  const fresh = new CardSession({ applet: 'none' })
  assert.equal(hexOf(fresh.card.reset()), '3B80800101')
  assert.equal(hexOf(new CardSession({ applet: 'none', protocol: 't0' }).card.reset()), '3B600000')
  assert.equal(
    hexOf(new CardSession({ applet: 'echo' }).card.reset()),
    `3B8A8001${Buffer.from('ethertrust').toString('hex').toUpperCase()}11`,
  )
})

test('test values: INS DA takes only right lengths, and nothing but them on the echo applet', () => {
  const session = new CardSession({ applet: 'echo' })
  session.apdu(VERIFY_ADMIN)
  session.check([
    [`00 da 00 01 1f | ${'00'.repeat(31)}`, '6700'],
    [`00 da 00 02 40 | ${'00'.repeat(64)}`, '6700'],
    ['00 da 00 03 00', '6700'],
    ['00 da 00 04 01 | 00', '6A86'],
    ['00 da 00 0a 01 | 41', '6A86'],
    ['00 da 00 ff 05 | 3f 30 30 0d 0a', '6A86'],
  ])
})

test('test values: a hello with P1 = 01 uses constants when nothing was injected', () => {
  const session = new CardSession(
    {},
    { ecdhX: bytes('E52141CC9F45464710CF644CD92B954EAB7263E881A422306A339A9CE9AA8CB9') },
  )
  const first = session.record(session.client.clientHello(), 1)
  assert.equal(first.sw, '9000')
  session.client.readServerFlight(bytes(first.output))
  assert.equal(session.record(session.client.clientFinished()).sw, '9001')
})

test('shell in clear: INS DA/FF runs one line, and 6F00 stands for a killed session', () => {
  const session = new CardSession()
  const line = (text: string) => {
    const hex = Buffer.from(text, 'latin1').toString('hex')
    return session.apdu(`00 da 00 ff ${hexOf(Uint8Array.of(text.length))} ${hex}`)
  }
  assert.equal(line('?00\r\n'), '6380')
  session.apdu(VERIFY_ADMIN)
  assert.equal(line('?00\r\n'), `${hexOf(Buffer.from('Ethertrust keystore 1.3\r\n'))}9000`)
  assert.equal(line('?02\r\n'), '6F00')
  assert.equal(line('c001'), '6F00')
  assert.equal(session.apdu('00 da 00 fe 01 | 00'), '6A86')
})
