import assert from 'node:assert/strict'
import { createECDH, createHash } from 'node:crypto'
import test from 'node:test'
import { p256 } from '@noble/curves/nist.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { CardSession, VERIFY_ADMIN, VERIFY_USER } from '../support/card-session.ts'
import { bytes } from '../support/vectors.ts'

const DIGEST = createHash('sha256').update('signed').digest()
const SCALAR = '11'.repeat(32)

function adminSession(applet: 'keystore' | 'echo' = 'keystore'): CardSession {
  const session = new CardSession({ applet })
  assert.equal(session.apdu(VERIFY_ADMIN), '9000')
  return session
}

/** The value behind a two-byte length, of a response that ends in 9000. */
function value(response: string): Uint8Array {
  assert.match(response, /9000$/)
  const field = bytes(response.slice(0, -4))
  assert.equal(Buffer.from(field).readUInt16BE(0), field.length - 2)
  return field.subarray(2)
}

for (const { name, p1, curve } of [
  { name: 'secp256k1', p1: 'ff', curve: secp256k1 },
  { name: 'secp256r1', p1: '00', curve: p256 },
]) {
  test(`keys: a generated ${name} pair signs a hash, and data to be hashed`, () => {
    const session = adminSession()
    session.check([
      [`00 89 ${p1} 02 00`, '9000'],
      ['00 82 00 02 00', '9000'],
    ])
    const publicKey = value(session.apdu('00 84 06 02 00'))
    const verify = (response: string) =>
      curve.verify(value(response), DIGEST, publicKey, { prehash: false, format: 'der', lowS: false })
    assert.ok(verify(session.apdu(`00 80 00 02 20 | ${DIGEST.toString('hex')}`)))
    assert.ok(verify(session.apdu(`00 80 21 02 06 | ${Buffer.from('signed').toString('hex')}`)))
    assert.deepEqual(curve.getPublicKey(value(session.apdu('00 84 07 02 00')), false), publicKey)
  })

  test(`keys: ECDH on ${name} yields X of the shared point, and refuses bad points and G`, () => {
    const session = adminSession()
    session.check([
      [`00 89 ${p1} 00 00`, '9000'],
      [`00 88 07 00 20 | ${SCALAR}`, '9000'],
    ])
    const peer = createECDH(name === 'secp256r1' ? 'prime256v1' : name)
    const point = peer.generateKeys()
    const x = peer
      .computeSecret(curve.getPublicKey(bytes(SCALAR), false))
      .toString('hex')
      .toUpperCase()
    const off = Buffer.from(point)
    off[64]! ^= 1
    session.check([
      [`00 8a 00 00 41 | ${point.toString('hex')}`, `${x} 9000`],
      [`00 8a 00 00 41 | ${off.toString('hex')}`, '6D50'],
      [`00 8a 00 00 21 | ${point.toString('hex').slice(0, 66)}`, '6D50'],
      [`00 8a 00 00 41 | ${curve.Point.BASE.toHex(false)}`, '6D50'],
    ])
  })

  test(`keys: the domain parameters of ${name} are readable, and restore the curve when set one by one`, () => {
    const session = adminSession()
    session.apdu(`00 89 ${p1} 00 00`)
    for (let index = 0; index <= 5; index += 1) {
      const parameter = Buffer.from(value(session.apdu(`00 84 0${index} 00 00`)))
      const length = parameter.length.toString(16).padStart(2, '0')
      assert.equal(session.apdu(`00 88 0${index} 01 ${length} | ${parameter.toString('hex')}`), '9000')
    }
    assert.equal(session.apdu('00 82 00 01 00'), '9000')
    assert.ok(curve.utils.isValidPublicKey(value(session.apdu('00 84 06 01 00')), false))
  })
}

test('keys: what is set, unset or out of range is refused with its own status word', () => {
  const point = createECDH('prime256v1').generateKeys('hex', 'uncompressed')
  adminSession().check([
    ['00 82 00 00 00', '6D10'],
    ['00 84 06 00 00', '6401'],
    ['00 84 07 00 00', '6402'],
    ['00 84 00 00 00', '6D30'],
    ['00 84 08 00 00', '6A86'],
    [`00 80 00 00 20 | ${SCALAR}`, '6402'],
    [`00 88 06 00 41 | ${point}`, '6D40'],
    ['00 89 00 00 00', '9000'],
    [`00 88 06 00 41 | ${point}`, '9000'],
    [`00 88 06 00 41 | ${point}`, '6401'],
    ['00 82 00 00 00', '6401'],
    [`00 88 07 00 20 | ${'00'.repeat(32)}`, '6D40'],
    [`00 88 07 00 20 | ${'ff'.repeat(32)}`, '6D40'],
    [`00 88 07 00 20 | ${SCALAR}`, '9000'],
    [`00 88 07 00 20 | ${SCALAR}`, '6402'],
    [`00 88 08 00 20 | ${SCALAR}`, '6A86'],
    [`00 80 01 00 20 | ${SCALAR}`, '6A86'],
    [`00 80 00 00 21 | ${SCALAR}00`, '6D20'],
    ['00 89 06 00 00', '6401'],
    ['00 89 07 00 00', '6402'],
    ['00 81 00 00 00', '9000'],
    ['00 84 07 00 00', '6402'],
    ['00 89 06 00 00', '9000'],
    ['00 82 00 00 00', '9000'],
    ['00 82 00 00 00', '6401'],
  ])
})

test('keys: a scalar that the curve set after it does not have signs nothing, not even a zero hash', () => {
  for (const scalar of ['00'.repeat(32), 'ff'.repeat(32)]) {
    adminSession().check([
      [`00 88 07 00 20 | ${scalar}`, '9000'],
      ['00 89 ff 00 00', '9000'],
      [`00 80 00 00 20 | ${'00'.repeat(32)}`, '6D20'],
      ['00 8f ff 00 00', '6402'],
    ])
  }
})

test('keys: there are four slots, and any other index is 6985', () => {
  const session = adminSession()
  for (const index of ['04', '7f']) {
    session.check([
      [`00 81 00 ${index} 00`, '6985'],
      [`00 82 00 ${index} 00`, '6985'],
      [`00 84 06 ${index} 00`, '6985'],
      [`00 88 06 ${index} 01 | 00`, '6985'],
      [`00 89 00 ${index} 00`, '6985'],
      [`00 80 00 ${index} 20 | ${SCALAR}`, '6985'],
      [`00 8a 00 ${index} 01 | 00`, '6985'],
      [`00 8f ff ${index} 01 | 00`, '6985'],
    ])
  }
})

test('keys: a pair survives a reset; reading the private half needs the administrator', () => {
  const session = adminSession()
  session.check([
    ['00 89 00 03 00', '9000'],
    [`00 88 07 03 20 | ${SCALAR}`, '9000'],
  ])
  session.card.reset()
  session.check([
    [VERIFY_USER, '9000'],
    ['00 84 07 03 00', '6380'],
    [VERIFY_ADMIN, '9000'],
    ['00 84 07 03 00', `0020 ${SCALAR} 9000`],
  ])
})

test('keys: the pair of the TLS handshake is readable, its private half by the administrator', () => {
  const session = adminSession()
  session.check([['00 84 06 ff 00', '6401']])
  session.serverFlight()
  const publicKey = value(session.apdu('00 84 06 ff 00'))
  assert.deepEqual(p256.getPublicKey(value(session.apdu('00 84 07 ff 00')), false), publicKey)
  const peer = createECDH('prime256v1')
  const x = value(`0020${session.apdu(`00 8a 00 ff 41 | ${peer.generateKeys('hex')}`)}`)
  assert.notDeepEqual(value(session.apdu('00 84 06 ff 00')), publicKey)
  assert.deepEqual(new Uint8Array(peer.computeSecret(value(session.apdu('00 84 06 ff 00')))), x)
})

test('keys: the attestation pair signs and shows its public half, never the private one', () => {
  const session = adminSession()
  const publicKey = value(session.apdu('00 84 06 fe 00'))
  assert.deepEqual(value(session.apdu('00 84 06 05 00')), publicKey)
  session.check([
    ['00 84 07 fe 00', '6985'],
    ['00 84 07 05 00', '6985'],
    ['00 88 07 05 01 | 01', '6985'],
    ['00 81 00 05 00', '6985'],
  ])
  const signature = value(session.apdu(`00 80 00 fe 20 | ${DIGEST.toString('hex')}`))
  assert.ok(secp256k1.verify(signature, DIGEST, publicKey, { prehash: false, format: 'der', lowS: false }))
})

test('keys: the echo applet knows secp256r1 only, and no attestation pair', () => {
  const session = adminSession('echo')
  session.check([
    ['00 89 ff 00 00', '9000'],
    ['00 82 00 00 00', '9000'],
    ['00 84 06 fe 00', '6985'],
  ])
  assert.ok(p256.utils.isValidPublicKey(value(session.apdu('00 84 06 00 00')), false))
  session.check([['00 89 06 00 00', '9000']])
})
