// `iose attest` as provider and user run it, against a running gateway, and with somebody in between.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after, before } from 'node:test'
import { createServer } from 'node:tls'
import { issuer, keyPair, stranger } from '../support/attestation-bench.ts'
import { Gateway } from '../support/gateway.ts'
import { iose, type Said } from '../support/iose.ts'
import { askOnce, NodePeer } from '../support/peers.ts'
import { DEFAULT_PSK } from '../support/tls-client.ts'

const directory = mkdtempSync(join(tmpdir(), 'iose-attest-'))
const psk = written('psk', DEFAULT_PSK)
const issuerKey = written('issuer.key', issuer.privateKey.export({ type: 'pkcs8', format: 'pem' }))
const issuerPub = written('issuer.pub', issuer.publicKey.export({ type: 'spki', format: 'pem' }))
const strangerPub = written('stranger.pub', stranger.publicKey.export({ type: 'spki', format: 'pem' }))
let gateway: Gateway

before(async () => {
  gateway = await Gateway.start()
})
after(async () => {
  await gateway[Symbol.asyncDispose]()
  rmSync(directory, { recursive: true })
})

function written(name: string, content: string | Uint8Array): string {
  const path = join(directory, name)
  writeFileSync(path, content, { mode: 0o600 })
  return path
}

function attest(name: string, args: readonly string[], port = gateway.port): Promise<Said> {
  return iose(['attest', `shellS://${name}@127.0.0.1:${port}`, ...args])
}

const asProvider = ['--psk-file', psk, '--role', 'provider', '--issuer-key', issuerKey]
const asUser = ['--psk-file', psk, '--role', 'user', '--issuer-pub', issuerPub]

interface Told {
  readonly outcome: string
  readonly checks: readonly { readonly check: string; readonly passed: boolean; readonly evidence: object }[]
  readonly state: string
  readonly psk?: string
}

function reportOf({ stdout }: Said): Told {
  return JSON.parse(stdout) as Told
}

/** Speaks TLS with a client by the key of the element, and with the element itself, and passes on all that is said. */
async function manInTheMiddle(sen: string) {
  const server = createServer(
    { pskCallback: () => DEFAULT_PSK, ciphers: 'TLS_AES_128_CCM_SHA256' },
    (socket) => {
      socket.on('error', () => undefined)
      const inside = NodePeer.open(gateway.port, sen)
      socket.on('data', (line: Buffer) => {
        inside
          .then((peer) => peer.ask(line.toString('latin1').trimEnd()))
          .then((answer) => socket.write(`${answer}\r\n`, 'latin1'))
          .catch(() => socket.destroy())
      })
      socket.on('close', () => {
        inside.then((peer) => peer[Symbol.asyncDispose]()).catch(() => undefined)
      })
    },
  ).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, [Symbol.dispose]: () => server.close() }
}

test('iose attest: certified, attested, owned; the old key then opens nothing', async () => {
  assert.equal((await attest('key1.com', asProvider)).exitCode, 0)
  const attested = await attest('key1.com', [...asUser, '--json'])
  assert.equal(attested.exitCode, 0, attested.stderr)
  assert.deepEqual(
    reportOf(attested).checks.map(({ check }) => check),
    ['public-key', 'certificate', 'session'],
  )
  const mine = join(directory, 'mine')
  const owned = await attest('key1.com', [...asUser, '--take-ownership', '--psk-out', mine])
  assert.equal(owned.exitCode, 0, owned.stderr)
  const fresh = readFileSync(mine, 'utf8')
  assert.match(fresh, /^[0-9A-F]{64}\n$/)
  assert.equal(statSync(mine).mode & 0o777, 0o600)
  assert.ok(!owned.stdout.includes(fresh.trim()), 'the key is printed')
  await assert.rejects(askOnce(gateway.port, 'key1.com'), /handshake failure/)
  assert.equal(await askOnce(gateway.port, 'key1.com', Buffer.from(fresh.trim(), 'hex')), 'hello')
  const late = await attest('key1.com', asUser)
  assert.equal(late.exitCode, 1)
  assert.match(late.stderr, /handshake_failure[^]*State: the element is as it was/)
})

test('iose attest: the key of the issuer may come from standard input', async () => {
  const uri = `shellS://key3.com@127.0.0.1:${gateway.port}`
  const args = ['attest', uri, '--psk-file', psk, '--role', 'provider', '--issuer-key', '-']
  const input = readFileSync(issuerPub, 'utf8')
  assert.match((await iose(args, { input })).stderr, /the issuer key is no PEM of a key/)
  const report = await iose([...args, '--json'], { input: readFileSync(issuerKey, 'utf8') })
  assert.deepEqual([report.exitCode, report.stderr], [0, ''])
})

test('iose attest: prints the new key when asked to, and never writes over a file', async () => {
  await attest('key2.com', asProvider)
  const args = [...asUser, '--take-ownership', '--psk-out', join(directory, 'second'), '--print-psk']
  const refused = await attest('key2.com', [...asUser, '--take-ownership', '--psk-out', psk])
  assert.equal(refused.exitCode, 78)
  assert.match(refused.stderr, /is there already, and may hold a key/)
  assert.equal(await askOnce(gateway.port, 'key2.com'), 'hello')
  const owned = await attest('key2.com', [...args, '--json'])
  assert.equal(reportOf(owned).psk, readFileSync(join(directory, 'second'), 'utf8').trim())
})

test('iose attest: a man in the middle who knows the key is found, and gets no new one', async () => {
  await attest('key3.com', asProvider)
  using between = await manInTheMiddle('key3.com')
  const place = join(directory, 'third')
  const found = await attest(
    'key3.com',
    [...asUser, '--take-ownership', '--psk-out', place, '--json'],
    between.port,
  )
  assert.equal(found.exitCode, 1)
  assert.match(found.stderr, /session: its signature is not over this session: somebody is in between/)
  assert.match(found.stderr, /\nState: .*nothing is proven[^]*\nNext: say nothing in this session/)
  const { checks, outcome } = reportOf(found)
  assert.equal(outcome, 'failed')
  assert.deepEqual(
    checks.map(({ check, passed }) => [check, passed]),
    [
      ['public-key', true],
      ['certificate', true],
      ['session', false],
    ],
  )
  assert.ok(!existsSync(place))
  assert.equal(await askOnce(gateway.port, 'key3.com'), 'hello')
})

test('iose attest: the wrong issuer, no certificate, a wrong name and another element', async () => {
  await attest('key3.com', asProvider)
  const other = keyPair()
  const { x = '', y = '' } = other.publicKey.export({ format: 'jwk' })
  const point = `04${[x, y].map((half) => Buffer.from(half, 'base64url').toString('hex')).join('')}`
  const rows: readonly (readonly [string, string[], RegExp])[] = [
    ['key4.com', asUser, /certificate: it has no certificate/],
    [
      'key3.com',
      ['--psk-file', psk, '--role', 'user', '--issuer-pub', strangerPub],
      /certificate: its certificate is not by this issuer[^]*Next: do not trust it/,
    ],
    ['key3.com', [...asUser, '--element-key', point], /public-key: it is another element/],
    ['key33.com', asUser, /unrecognized_name: no element has this name/],
  ]
  for (const [name, args, message] of rows) {
    const { exitCode, stderr } = await attest(name, args)
    assert.equal(exitCode, 1, stderr)
    assert.match(stderr, message)
  }
})

test('iose attest: what it cannot do is said before anything is sent', async () => {
  const already = gateway.all('session.routed').length
  const p256 = written('empty', '')
  const rows: readonly (readonly [string[], number, RegExp])[] = [
    [['--psk-file', psk], 64, /--role is provider or user/],
    [['--psk-file', psk, '--role', 'user'], 64, /--issuer-pub is missing/],
    [[...asUser, '--issuer-key', issuerKey], 64, /--issuer-key is for --role provider, this is user/],
    [[...asUser, '--take-ownership'], 64, /needs --psk-out FILE/],
    [[...asUser, '--psk-out', 'x'], 64, /no new key without --take-ownership/],
    [['--role', 'user', '--issuer-pub', issuerPub], 64, /no key: the URI has none/],
    [['--psk-file', psk, '--role', 'user', '--issuer-pub', p256], 78, /is no point of secp256k1/],
    [['--psk-file', psk, '--role', 'user', '--issuer-pub', issuerKey], 78, /is a private key/],
    [['--psk-file', psk, '--role', 'provider', '--issuer-key', issuerPub], 78, /is no PEM of a key/],
    [[...asUser, '--element-key', 'none'], 78, /--element-key: ENOENT/],
    [
      ['--tls-im', 'sim2', '--role', 'user', '--issuer-pub', issuerPub, '--take-ownership', '--psk-out', 'x'],
      64,
      /the one of --tls-im is in another element/,
    ],
  ]
  for (const [args, code, message] of rows) {
    const { exitCode, stdout, stderr } = await attest('key4.com', args)
    assert.deepEqual([exitCode, stdout], [code, ''], stderr)
    assert.match(stderr, message)
  }
  assert.equal(gateway.all('session.routed').length, already)
})
