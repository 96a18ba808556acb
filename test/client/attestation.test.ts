// Attestation on both sides against the simulated application: what is genuine passes, what is not does not, and
// wherever the session ends, what the report says of the element is so.

import assert from 'node:assert/strict'
import { type KeyObject, randomBytes, sign } from 'node:crypto'
import test from 'node:test'
import { bytesOfHex, hexOf } from '../../src/base/hex.ts'
import { isCertified, isSignedBy, pointOf } from '../../src/client/attestation/keys.ts'
import type { Ask, Report } from '../../src/client/attestation/procedure.ts'
import { certify } from '../../src/client/attestation/provider.ts'
import { ClientError } from '../../src/client/errors.ts'
import { Bench, endingAt, FRESH, issuer, stranger } from '../support/attestation-bench.ts'
import { DEFAULT_PSK } from '../support/tls-client.ts'

/** Answers to lines that start so come out changed. */
function changing(ask: Ask, start: string, change: (answer: string) => string): Ask {
  return async (line) => {
    const answer = await ask(line)
    return line.startsWith(start) ? change(answer) : answer
  }
}

function lastOf({ checks }: Report): string {
  const last = checks.at(-1)
  return `${last?.check ?? ''}: ${last?.why ?? 'passed'}`
}

test('attestation: a provider certifies an element, and the second time finds it certified', async () => {
  const { ask, told } = new Bench()
  const first = await certify(ask, issuer.privateKey)
  assert.equal(first.outcome, 'passed')
  assert.deepEqual(
    first.checks.map(({ check }) => check),
    ['public-key', 'certificate-before', 'certificate-written', 'certificate-after'],
  )
  told.length = 0
  const second = await certify(ask, issuer.privateKey)
  assert.equal(second.outcome, 'passed')
  assert.deepEqual(told, ['?0A', '?0B'])
})

test('attestation: an element that somebody else has certified is left alone', async () => {
  const bench = await new Bench().certified()
  const report = await certify(bench.ask, stranger.privateKey)
  assert.equal(report.outcome, 'failed')
  assert.match(lastOf(report), /certificate-before: it has a certificate that is not by this issuer/)
  assert.deepEqual(bench.told, ['?0A', '?0B'])
})

test('attestation: a certified element passes, and its evidence can be verified by somebody else', async () => {
  const bench = await new Bench().certified()
  const report = await bench.attested()
  assert.equal(report.outcome, 'passed', lastOf(report))
  const evidence = Object.assign({}, ...report.checks.map((check) => check.evidence)) as Record<
    string,
    string
  >
  const point = bytesOfHex(evidence['publicKey']!)!
  assert.equal(evidence['issuer'], hexOf(pointOf(issuer.publicKey)))
  assert.ok(isCertified(point, bytesOfHex(evidence['certificate']!)!, issuer.publicKey))
  const message = Buffer.concat([bench.handshakeSecret, bytesOfHex(evidence['nonce']!)!])
  assert.ok(isSignedBy(point, message, bytesOfHex(evidence['signature']!)!))
  assert.ok(!JSON.stringify(report).includes(hexOf(bench.handshakeSecret)), 'the secret of the session')
})

test('attestation: each way of not being genuine is found, and named', async () => {
  const bench = await new Bench().certified()
  const other = await new Bench().certified()
  const bare = new Bench()
  /** Of the element, signed in a session before. */
  const replayed = await bench.ask(`?0C${hexOf(randomBytes(32))}`)
  const rows: readonly (readonly [string, Promise<Report>, RegExp])[] = [
    ['no certificate', bare.attested(), /^certificate: it has no certificate/],
    [
      'wrong issuer',
      bench.attested(bench.ask, { issuer: stranger.publicKey }),
      /^certificate: its certificate is not by this issuer/,
    ],
    [
      'a man in the middle who knows the PSK',
      bench.attested(bench.ask, { handshakeSecret: randomBytes(32) }),
      /^session: its signature is not over this session: somebody is in between/,
    ],
    [
      'a replayed signature',
      bench.attested(changing(bench.ask, '?0C', () => replayed)),
      /^session: .*replays what was signed before/,
    ],
    [
      'the signature of another element',
      bench.attested(changing(bench.ask, '?0C', () => signatureOf(stranger.privateKey))),
      /^session: its signature is not over this session/,
    ],
    [
      'another element of the same provider',
      bench.attested(bench.ask, { expected: other.applet.attestation!.publicKey }),
      /^public-key: it is another element/,
    ],
    [
      'a point that is none',
      bench.attested(changing(bench.ask, '?0A', (answer) => `${answer.slice(0, -2)}00`)),
      /^public-key: its public key is no point of secp256k1/,
    ],
    [
      'an element that does not know attestation',
      bench.attested(() => Promise.resolve('ERROR')),
      /^public-key: the element answers ERROR: it does not know attestation/,
    ],
    [
      'an element that sends back what it hears',
      bench.attested((line) => Promise.resolve(line)),
      /^public-key: the element answers "\?0A" in the place of 130 hex digits/,
    ],
  ]
  for (const [name, run, why] of rows) {
    const report = await run
    assert.equal(report.outcome, 'failed', name)
    assert.match(lastOf(report), why, name)
    assert.ok(report.next.length > 0 && report.state.length > 0, name)
  }
})

test('attestation: every answer, cut by one digit or two, or longer by two, is refused', async () => {
  const bench = await new Bench().certified()
  for (const line of ['?0A', '?0B', '?0C']) {
    for (const change of [
      (text: string) => text.slice(0, -1),
      (text: string) => text.slice(0, -2),
      (text: string) => `${text}00`,
      (text: string) => `${text.slice(0, -1)}g`,
      () => '',
    ]) {
      const report = await bench.attested(changing(bench.ask, line, change))
      assert.equal(report.outcome, 'failed', `${line} ${String(change)}`)
    }
  }
})

test('attestation: one changed bit in key, certificate or signature is enough', async () => {
  const bench = await new Bench().certified()
  for (const line of ['?0A', '?0B', '?0C']) {
    for (let bit = 0; bit < 64; bit++) {
      const flipped = (answer: string): string => {
        const bytes = bytesOfHex(answer)!
        const index = Math.floor((bit / 64) * bytes.length)
        bytes[index]! ^= 1 << (bit % 8)
        return hexOf(bytes)
      }
      const report = await bench.attested(changing(bench.ask, line, flipped))
      assert.notEqual(report.outcome, 'passed', `${line} bit ${bit}`)
    }
  }
})

test('attestation: a provider whose session ends at any line is told what the element has, and may go on', async () => {
  for (const when of ['before', 'after'] as const) {
    for (let index = 0; index < 4; index++) {
      const bench = new Bench()
      const report = await certify(endingAt(bench.ask, index, when), issuer.privateKey)
      assert.equal(report.outcome, 'broken', `${when} ${index}`)
      const isUntouched = /as it was/.test(report.state)
      assert.equal(isUntouched, index < 2, report.state)
      if (isUntouched) assert.equal(bench.applet.attestation!.hasCertificate, false)
      const again = await certify(bench.ask, issuer.privateKey)
      assert.equal(again.outcome, 'passed', `${when} ${index}: ${lastOf(again)}`)
    }
  }
})

test('ownership: the element has the new key, which was kept before', async () => {
  const bench = await new Bench().certified()
  const kept: string[] = []
  const ask: Ask = (line) => {
    if (line.startsWith('?AA')) assert.deepEqual(kept, ['keep'])
    return bench.ask(line)
  }
  const report = await bench.owned(ask, kept)
  assert.equal(report.outcome, 'passed', lastOf(report))
  assert.equal(bench.psk, hexOf(FRESH))
  assert.deepEqual(kept, ['keep'])
  assert.match(report.state, /has the new key, which is in mine\.psk/)
  assert.ok(!JSON.stringify(report).includes(hexOf(FRESH)), 'the key is in the report')
})

test('ownership: nothing is changed in an element that is not genuine', async () => {
  const bench = new Bench()
  const report = await bench.owned(bench.ask)
  assert.equal(report.outcome, 'failed')
  assert.equal(bench.psk, hexOf(DEFAULT_PSK))
})

test('ownership: whether the session ends before or after the key is replaced, that is found out', async () => {
  for (const when of ['before', 'after'] as const) {
    const bench = await new Bench().certified()
    const kept: string[] = []
    const report = await bench.owned(endingAt(bench.ask, 3, when), kept)
    if (when === 'after') {
      assert.equal(report.outcome, 'passed', lastOf(report))
      assert.equal(bench.psk, hexOf(FRESH))
    } else {
      assert.equal(report.outcome, 'failed')
      assert.match(report.state, /the old key opens a session, the new one in mine\.psk does not/)
      assert.match(report.next, /keep mine\.psk/)
      assert.equal(bench.psk, hexOf(DEFAULT_PSK))
    }
    assert.deepEqual(kept, ['keep'])
  }
})

test('ownership: an element that cannot be reached any more is said to have either key, and the file stays', async () => {
  const bench = await new Bench().certified()
  const kept: string[] = []
  const report = await bench.owned(endingAt(bench.ask, 3, 'after'), kept, {
    opens: () => Promise.reject(new ClientError('client.transport', 'connection refused')),
  })
  assert.equal(report.outcome, 'broken')
  assert.match(report.state, /the old key or the new one, which is in mine\.psk/)
  assert.match(report.next, /try both/)
  assert.deepEqual(kept, ['keep'])
})

test('ownership: an element that goes on with the old key, or with both, is not owned', async () => {
  const lying: Ask = async (line) => (line.startsWith('?AA') ? hexOf(FRESH) : bench.ask(line))
  const bench = await new Bench().certified()
  const unchanged = await bench.owned(lying)
  assert.match(lastOf(unchanged), /^new-key-opens: the new key opens no session/)
  const both = await bench.owned(bench.ask, [], { opens: () => Promise.resolve(true) })
  assert.match(lastOf(both), /^old-key-refused: the old key still opens a session/)
  assert.match(both.state, /not yours alone/)
  assert.deepEqual([unchanged.outcome, both.outcome], ['failed', 'failed'])
})

test('ownership: a key that cannot be kept is not given to the element', async () => {
  const bench = await new Bench().certified()
  const report = await bench.owned(bench.ask, [], {
    keep: () => Promise.reject(new ClientError('client.request', 'no space left on device')),
  })
  assert.equal(report.outcome, 'broken')
  assert.match(report.state, /has the old key/)
  assert.ok(!bench.told.some((line) => line.startsWith('?AA')))
})

function signatureOf(key: KeyObject): string {
  return hexOf(sign('sha256', randomBytes(64), { key, dsaEncoding: 'der' }))
}
