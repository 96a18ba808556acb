import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import { CardSession, VERIFY_ADMIN, VERIFY_USER } from '../support/card-session.ts'
import { DEFAULT_PSK, TlsClient } from '../support/tls-client.ts'
import { bytes, keystoreSession } from '../support/vectors.ts'

test('helpers: HMAC, SHA-512 HMAC and iterated SHA-256 agree with node:crypto', () => {
  const session = new CardSession()
  session.apdu(VERIFY_USER)
  const key = bytes('0a0b0c')
  const text = bytes('0102030405')
  const mac = (hash: string) => hexOf(createHmac(hash, key).update(text).digest())
  const sha = hexOf(createHash('sha256').update(text).update(text).digest())
  session.check([
    ['00 85 00 02 0a | 03 0a0b0c | 05 0102030405', `${mac('sha256')} 9000`],
    ['00 85 00 00 0a | 03 0a0b0c | 05 0102030405', `${mac('sha512')} 9000`],
    ['00 85 01 16 05 | 0102030405', `${sha} 9000`],
    ['00 85 00 02 0a | 03 0a0b0c | 06 0102030405', '6C00'],
    ['00 85 00 02 0a | 03 0a0b0c | 04 0102030405', '6C00'],
    ['00 85 00 02 00', '6C00'],
    ['00 85 00 10 01 | 00', '6985'],
    ['00 85 00 33 01 | 00', '6A86'],
  ])
  const echo = new CardSession({ applet: 'echo' })
  echo.apdu(VERIFY_USER)
  echo.check([['00 85 00 00 0a | 03 0a0b0c | 05 0102030405', '6A86']])
})

test('helpers: scalars add up modulo the order of secp256k1', () => {
  const session = new CardSession()
  session.apdu(VERIFY_USER)
  const order = '00fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141'
  const two = '02'.padStart(66, '0')
  session.check([[`00 85 00 01 42 | ${order} | ${two}`, `${two} 9000`]])
})

test('helpers: AES-CCM seals with the tag last and opens with the tag first', () => {
  const session = new CardSession()
  session.apdu(VERIFY_USER)
  const prefix = `${'11'.repeat(16)} | ${'22'.repeat(12)} | 17 0303 0015`
  const sealed = session.apdu(`00 85 00 05 26 | ${prefix} | 68656c6c6f`)
  const [text, tag] = [sealed.slice(0, 10), sealed.slice(10, -4)]
  assert.equal(tag.length, 32)
  session.check([
    [`00 85 00 06 36 | ${prefix} | ${tag} | ${text}`, '68656C6C6F 9000'],
    [`00 85 00 06 36 | ${prefix} | ${text}${tag}`, '6D14'],
  ])
})

test('helpers: the key schedule of INS 85 is that of the recorded session', () => {
  const session = new CardSession()
  session.apdu(VERIFY_USER)
  const { earlySecret, ecdhX, handshakeSecret } = keystoreSession
  assert.equal(
    session.apdu(`00 85 ff 0a 23 | 01 00 | 20 ${DEFAULT_PSK.toString('hex')}`).slice(0, 64),
    earlySecret,
  )
  assert.equal(session.apdu(`00 85 00 0e 20 | ${ecdhX}`), `${handshakeSecret}9000`)
  session.apdu(VERIFY_ADMIN)
  assert.equal(
    session.apdu(`00 da 00 ff 05 | ${Buffer.from('?0D\r\n').toString('hex')}`),
    `${hexOf(Buffer.from(`${handshakeSecret}\r\n`))}9000`,
  )
})

test('helpers: 0C is the binder of a ClientHello, so the card serves as an identity module', () => {
  const session = new CardSession()
  session.apdu(VERIFY_USER)
  const hello = new TlsClient().clientHelloMessage()
  const truncatedHash = createHash('sha256').update(hello.subarray(0, -35)).digest('hex')
  assert.equal(session.apdu(`00 85 00 0c 20 | ${truncatedHash}`), `${hexOf(hello.subarray(-32))}9000`)
})

test('helpers: 0B derives early secrets with the output length in the label only', () => {
  const session = new CardSession()
  session.apdu(VERIFY_USER)
  const early = bytes(keystoreSession.earlySecret)
  const hash = '33'.repeat(32)
  for (const [p1, label] of ['c e traffic', 'e exp master'].entries()) {
    const info = Buffer.concat([
      bytes('0010'),
      Uint8Array.of(6 + label.length),
      Buffer.from(`tls13 ${label}`),
      bytes(`20${hash}01`),
    ])
    const expected = createHmac('sha256', early).update(info).digest('hex').toUpperCase()
    assert.equal(session.apdu(`00 85 0${p1} 0b 23 | 0010 | 20 ${hash}`), `${expected}9000`)
  }
  assert.equal(session.apdu(`00 85 02 0b 23 | 0010 | 20 ${hash}`), '6A86')
})
