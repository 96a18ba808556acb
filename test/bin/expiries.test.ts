// When certificates and revocation lists end, as the metrics tell it.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import test from 'node:test'
import { expiriesOf, nextUpdateOf } from '../../src/bin/iosed/expiries.ts'
import { sharedCa } from '../support/certificates.ts'
import { hex } from '../support/hex-fields.ts'
import { isMissing } from '../support/peers.ts'
import { credentialsOf } from '../support/racs-plane.ts'
import { Random } from '../support/random.ts'

test('expiries: server, authority and list end when OpenSSL says so', {
  skip: isMissing('openssl', 'version'),
}, () => {
  const ca = sharedCa()
  const end = (args: string[]): number =>
    Date.parse(spawnSync('openssl', args, { encoding: 'utf8' }).stdout.replace(/^\w+=/, ''))
  const certificate = (file: string) => end(['x509', '-enddate', '-noout', '-in', ca.path(file)])
  assert.deepEqual(expiriesOf(credentialsOf(ca)), [
    { file: 'server', atMs: certificate('server.pem') },
    { file: 'ca', atMs: certificate('ca.pem') },
    { file: 'crl', atMs: end(['crl', '-nextupdate', '-noout', '-in', ca.path('crl.pem')]) },
  ])
})

test('expiries: of several the first to end; without a list there is none; what is no certificate is left out', () => {
  const { ca, cert, key } = credentialsOf(sharedCa())
  const one = expiriesOf({ ca, cert, key, crl: undefined })
  assert.deepEqual(
    one.map(({ file }) => file),
    ['server', 'ca'],
  )
  const [server, authority] = one.map(({ atMs }) => atMs)
  const both = expiriesOf({ ca: `${ca}\n${cert}`, cert: `${cert}\n${ca}`, key, crl: undefined })
  const first = Math.min(server!, authority!)
  assert.deepEqual(
    both.map(({ atMs }) => atMs),
    [server, first],
  )
  const none = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
  assert.deepEqual(expiriesOf({ ca: none, cert: '', key, crl: none }), [])
})

test('expiries: both forms of a time, and a list without a next update (RFC 5280 section 5.1)', () => {
  const list = (times: string): Uint8Array => {
    const inner = hex(`30 00 30 00 ${times}`)
    return Buffer.concat([hex('30'), Buffer.of(inner.length + 2), hex('30'), Buffer.of(inner.length), inner])
  }
  const utc = (text: string): string => `17 0d ${Buffer.from(text).toString('hex')}`
  const from = utc('260101000000Z')
  assert.equal(nextUpdateOf(list(`${from} ${utc('491231235959Z')}`)), Date.UTC(2049, 11, 31, 23, 59, 59))
  assert.equal(nextUpdateOf(list(`${from} ${utc('500101000000Z')}`)), Date.UTC(1950, 0, 1))
  const general = `18 0f ${Buffer.from('20510203040506Z').toString('hex')}`
  assert.equal(nextUpdateOf(list(`${from} ${general}`)), Date.UTC(2051, 1, 3, 4, 5, 6))
  assert.equal(nextUpdateOf(list(from)), Infinity)
  assert.equal(nextUpdateOf(list(`${from} ${utc('not a time at')}`)), Infinity)
})

test('expiries: whatever lies in the place of a list is no reason to fail', () => {
  const random = new Random(1)
  for (let length = 0; length < 600; length++) {
    const bytes = Uint8Array.from({ length: length % 60 }, () => random.u32() & 0xff)
    // Deeper than the first byte: sequences within sequences.
    bytes.fill(0x30, 0, length % 3)
    assert.equal(typeof nextUpdateOf(bytes), 'number')
  }
})
