// Keys of issuers from files, and what is made with them.

import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import {
  certificateFor,
  isCertified,
  issuerKeyOf,
  issuerPublicKeyOf,
  pointOf,
} from '../../src/client/attestation/keys.ts'
import { issuer, keyPair, stranger } from '../support/attestation-bench.ts'

test('issuer keys: PEM of both kinds and hex are taken; other curves and the wrong half are not', () => {
  const pkcs8 = issuer.privateKey.export({ type: 'pkcs8', format: 'pem' })
  const sec1 = issuer.privateKey.export({ type: 'sec1', format: 'pem' })
  const spki = issuer.publicKey.export({ type: 'spki', format: 'pem' })
  const point = hexOf(pointOf(issuer.publicKey))
  for (const pem of [pkcs8, sec1]) assert.equal(hexOf(pointOf(issuerKeyOf(Buffer.from(pem)))), point)
  for (const text of [spki, point, `${point.toLowerCase()}\n`])
    assert.equal(hexOf(pointOf(issuerPublicKeyOf(Buffer.from(text)))), point)
  const locked = issuer.privateKey.export({
    ...{ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open' },
  } as const)
  assert.equal(hexOf(pointOf(issuerKeyOf(Buffer.from(locked), 'open'))), point)
  const p256 = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const rows: readonly (readonly [() => KeyObject, RegExp])[] = [
    [() => issuerKeyOf(Buffer.from(locked)), /is encrypted, and the passphrase is missing or wrong/],
    [() => issuerKeyOf(Buffer.from(locked), 'shut'), /is encrypted, and the passphrase is missing or wrong/],
    [() => issuerKeyOf(Buffer.from(spki)), /is no PEM of a key/],
    [() => issuerKeyOf(Buffer.from('nothing')), /is no PEM of a key/],
    [
      () => issuerKeyOf(Buffer.from(pemOf(p256.privateKey))),
      /is of the kind prime256v1; elements know secp256k1/,
    ],
    [() => issuerPublicKeyOf(Buffer.from(pkcs8)), /is a private key/],
    [() => issuerPublicKeyOf(Buffer.from(point.slice(0, -2))), /is no point of secp256k1/],
    [() => issuerPublicKeyOf(Buffer.from('')), /is no point of secp256k1/],
    [() => issuerPublicKeyOf(Buffer.from('nothing')), /is no PEM of a key/],
  ]
  for (const [read, message] of rows) assert.throws(read, { code: 'client.request', message })
})

test('issuer keys: a certificate is r||s over X||Y, as an element makes it itself', () => {
  const element = keyPair()
  const point = pointOf(element.publicKey)
  const certificate = certificateFor(point, issuer.privateKey)
  assert.equal(certificate.length, 64)
  assert.ok(isCertified(point, certificate, issuer.publicKey))
  assert.ok(!isCertified(point, certificate, stranger.publicKey))
  for (const length of [0, 63, 65]) {
    const cut = Buffer.concat([certificate, Buffer.alloc(1)]).subarray(0, length)
    assert.ok(!isCertified(point, cut, issuer.publicKey), `${length} bytes`)
  }
})

function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}
