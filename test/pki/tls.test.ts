// The certificates in use: a gateway that asks for a client's, and clients that look at the gateway's.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import test from 'node:test'
import { type ConnectionOptions, connect, createServer, type SecureVersion, type TLSSocket } from 'node:tls'
import { NOW, newAuthority, temporaryDirectory } from '../support/pki.ts'

const EC = { algorithm: 'ec', now: NOW } as const
const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const

async function certified(algorithm: 'ec' | 'rsa' = 'ec') {
  const { authority, directory } = await newAuthority()
  await authority.issueServer({ hosts: ['localhost', '127.0.0.1'], algorithm, now: NOW })
  const clients = temporaryDirectory()
  for (const name of ['alice', 'bob']) await authority.issueClient({ name, outDirectory: clients, ...EC })
  return { authority, directory, clients }
}

interface Setting {
  readonly version: SecureVersion
  /** A gateway that insists breaks off; one that asks says what it thinks of the client. */
  readonly policy?: 'ask' | 'insist'
}

/** What a client gets from a gateway that greets users by their name, or why the connection failed. */
async function greeting(
  directory: string,
  client: ConnectionOptions,
  { version, policy = 'ask' }: Setting,
): Promise<string> {
  const read = (file: string) => readFileSync(join(directory, file))
  const server = createServer({
    ...{ ca: read('ca.pem'), crl: read('crl.pem'), cert: read('server.pem'), key: read('server.key') },
    ...{ requestCert: true, rejectUnauthorized: policy === 'insist' },
    ...{ minVersion: version, maxVersion: version },
  })
  server.on('secureConnection', (socket) => {
    if (socket.authorized) socket.end(`hello ${String(socket.getPeerCertificate().subject.CN)}`)
    else socket.end(`refused: ${String(socket.authorizationError)}`)
  })
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  try {
    return await answerOf(connect({ host: '127.0.0.1', port, timeout: 5_000, ...client }))
  } finally {
    server.close()
  }
}

function answerOf(socket: TLSSocket): Promise<string> {
  let text = ''
  return new Promise((resolve) => {
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
    socket.on('error', (error: Error & { code?: string }) => resolve(error.code ?? error.message))
    socket.on('timeout', () => socket.destroy(new Error('silence')))
    socket.on('close', () => resolve(text))
  })
}

function credentials(directory: string, name: string): ConnectionOptions {
  const read = (file: string) => readFileSync(join(directory, file))
  return { ca: read('ca.pem'), cert: read(`${name}.pem`), key: read(`${name}.key`) }
}

test('pki: mutual TLS 1.2 and 1.3 by name and by address, until the client is revoked', async () => {
  const { authority, directory, clients } = await certified()
  const alice = credentials(clients, 'alice')
  for (const version of VERSIONS) {
    for (const servername of ['localhost', ''])
      assert.equal(await greeting(directory, { ...alice, servername }, { version }), 'hello alice')
    const elsewhere = await greeting(directory, { ...alice, servername: 'elsewhere.example' }, { version })
    assert.equal(elsewhere, 'ERR_TLS_CERT_ALTNAME_INVALID')
  }
  await authority.revoke('alice', NOW)
  for (const version of VERSIONS) {
    assert.equal(await greeting(directory, alice, { version }), 'refused: CERT_REVOKED')
    assert.doesNotMatch(await greeting(directory, alice, { version, policy: 'insist' }), /hello/)
    const bob = credentials(clients, 'bob')
    assert.equal(await greeting(directory, bob, { version, policy: 'insist' }), 'hello bob')
  }
})

test('pki: an RSA gateway serves clients with nothing but static RSA', async () => {
  const { directory, clients } = await certified('rsa')
  const alice = { ...credentials(clients, 'alice'), ciphers: 'AES128-SHA256' }
  assert.equal(await greeting(directory, alice, { version: 'TLSv1.2' }), 'hello alice')
})

test('pki: a gateway refuses a client of another authority, a server as a client, and nobody', async () => {
  const [{ directory, clients }, other] = await Promise.all([certified(), certified()])
  const ca = readFileSync(join(directory, 'ca.pem'))
  const stranger = { ...credentials(other.clients, 'alice'), ca }
  const asServer = credentials(directory, 'server')
  for (const version of VERSIONS) {
    assert.match(await greeting(directory, stranger, { version }), /^refused: UNABLE_TO/)
    assert.equal(await greeting(directory, asServer, { version }), 'refused: INVALID_PURPOSE')
    assert.match(await greeting(directory, { ca }, { version }), /^refused: UNABLE_TO/)
    for (const client of [stranger, asServer, { ca }])
      assert.doesNotMatch(await greeting(directory, client, { version, policy: 'insist' }), /hello/)
    const doubting = { ...credentials(clients, 'alice'), ca: readFileSync(join(other.clients, 'ca.pem')) }
    assert.match(await greeting(directory, doubting, { version }), /UNABLE_TO|SELF_SIGNED|CERT_SIGNATURE/)
  }
})
