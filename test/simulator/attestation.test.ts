import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import test from 'node:test'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { CardSession, VERIFY_ADMIN, VERIFY_USER } from '../support/card-session.ts'
import { bytes } from '../support/vectors.ts'

const ISSUER = new Uint8Array(32).fill(0x33)
const ISSUER_PUBLIC = secp256k1.getPublicKey(ISSUER, false)
const CERTIFICATE = `${'12'.repeat(32)}${'34'.repeat(32)}`

function attestationKeyOf(session: CardSession): Uint8Array {
  return bytes(session.say('?0A\r\n').trim())
}

/** Whether a DER signature is ECDSA-SHA256 over the handshake secret and the padded nonce. */
function isAttested(session: CardSession, signature: string, nonce: Uint8Array): boolean {
  const message = Buffer.concat([session.client.handshakeSecret, new Uint8Array(32 - nonce.length), nonce])
  const digest = createHash('sha256').update(message).digest()
  const options = { prehash: false, format: 'der', lowS: false } as const
  return secp256k1.verify(bytes(signature.trim()), digest, attestationKeyOf(session), options)
}

test('attestation: signs the handshake secret of this very session and the nonce, short nonces padded on the left', () => {
  const session = new CardSession().open()
  for (const length of [1, 16, 31, 32]) {
    const nonce = new Uint8Array(length).fill(0xa0 + length)
    const signature = session.say(`?0C${Buffer.from(nonce).toString('hex')}\r\n`)
    assert.ok(isAttested(session, signature, nonce))
    assert.ok(!isAttested(session, signature, new Uint8Array(32)))
  }
  const signature = session.say(`?0C${'55'.repeat(32)}\r\n`)
  session.open({})
  assert.ok(!isAttested(session, signature, bytes('55'.repeat(32))))
})

test('attestation: ?0D, and ?0C with no nonce or too long a one, show the handshake secret', () => {
  const session = new CardSession().open()
  const secret = `${Buffer.from(session.client.handshakeSecret).toString('hex').toUpperCase()}\r\n`
  for (const line of ['?0D', '?0C', `?0C${'00'.repeat(33)}`]) assert.equal(session.say(`${line}\r\n`), secret)
})

test('attestation: INS 85/0E replaces the secret that is signed', () => {
  const session = new CardSession().open()
  session.apdu(VERIFY_USER)
  const secret = session.apdu(`00 85 00 0e 20 | ${'66'.repeat(32)}`).slice(0, -4)
  assert.equal(session.say('?0D\r\n'), `${secret}\r\n`)
})

test('attestation: the pair is made at install, and stays', () => {
  const session = new CardSession().open()
  const publicKey = attestationKeyOf(session)
  assert.ok(secp256k1.utils.isValidPublicKey(publicKey, false))
  session.card.reset()
  assert.deepEqual(attestationKeyOf(session.open({})), publicKey)
  assert.notDeepEqual(attestationKeyOf(new CardSession().open()), publicKey)
})

test('attestation: the certificate is zeros until it is set once, in the session', () => {
  const session = new CardSession().open()
  assert.equal(session.say('?0B\r\n'), `${'00'.repeat(64)}\r\n`)
  assert.equal(session.say(`?0E${CERTIFICATE}\r\n`), 'OK\r\n')
  assert.equal(session.say(`?0E${CERTIFICATE}\r\n`), 'ERROR\r\n')
  assert.equal(session.say('?0B\r\n'), `${CERTIFICATE}\r\n`)
  session.card.reset()
  session.check([
    [VERIFY_ADMIN, '9000'],
    [`00 8f 00 00 40 | ${CERTIFICATE}`, '6984'],
    ['00 8e 00 00 40', `${CERTIFICATE} 9000`],
    ['00 8e 00 00 00', '6C40'],
  ])
  assert.equal(session.open({}).say('?0E00\r\n'), '6D16')
})

test('attestation: the certificate is set once by INS 8F', () => {
  const session = new CardSession()
  session.check([
    [VERIFY_ADMIN, '9000'],
    [`00 8f 00 00 3f | ${CERTIFICATE.slice(2)}`, '6700'],
    [`00 8f 00 00 40 | ${CERTIFICATE}`, '9000'],
    [`00 8f 00 00 40 | ${CERTIFICATE}`, '6984'],
  ])
  assert.equal(session.open().say('?0B\r\n'), `${CERTIFICATE}\r\n`)
})

test('attestation: the card certifies itself with the issuer key in a slot, over X and Y', () => {
  const session = new CardSession()
  session.check([
    [VERIFY_ADMIN, '9000'],
    ['00 8f ff 01 00', '6402'],
    ['00 89 ff 01 00', '9000'],
    [`00 88 07 01 20 | ${Buffer.from(ISSUER).toString('hex')}`, '9000'],
    ['00 8f ff 01 00', '9000'],
    ['00 81 00 01 00', '9000'],
    ['00 8f ff 01 00', '6984'],
  ])
  session.open()
  const digest = createHash('sha256').update(attestationKeyOf(session).subarray(1)).digest()
  const certificate = bytes(session.say('?0B\r\n').trim())
  assert.ok(secp256k1.verify(certificate, digest, ISSUER_PUBLIC, { prehash: false, lowS: false }))
})
