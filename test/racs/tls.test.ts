// Who gets in, with real certificates and real TLS.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import test from 'node:test'
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls'
import { TestCa } from '../support/certificates.ts'
import { RawPeer, shell } from '../support/peers.ts'
import { certificateOf, credentialsOf, RacsPeer, RacsPlane } from '../support/racs-plane.ts'
import { userOf } from '../support/rules.ts'
import { until } from '../support/until.ts'

const DAY_MS = 86_400_000
const USERS = [{ name: 'client', cn: 'client', role: 'user', seids: '*', ...noRules() }] as const

function noRules() {
  return { aids: undefined, filters: [], elements: new Map() }
}

function planeOf(ca: TestCa, options: { legacyRsa?: boolean; maxConnections?: number } = {}) {
  return RacsPlane.start({ users: USERS, elements: [], ca, ...options })
}

/** What a client with this certificate is told, or the error of its handshake. */
async function told(plane: RacsPlane, options: ConnectionOptions): Promise<string> {
  const socket = connectTls({ host: '127.0.0.1', port: plane.port, servername: 'localhost', ...options })
  let said = ''
  socket.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const error = await new Promise<Error | undefined>((resolve) => {
    socket.on('error', resolve)
    socket.on('end', () => resolve(undefined))
    socket.on('secureConnect', () => socket.write('BEGIN\r\nECHO in\r\nEND\r\nBEGIN\r\nQUIT\r\nEND\r\n'))
  })
  socket.destroy()
  return error === undefined ? said : error.message
}

test('racs: a certificate that is wrong in any way is refused with a word, and one log line', async () => {
  using ca = new TestCa().issue('server').issue('client')
  ca.issue('old', { from: new Date(Date.now() - 9 * DAY_MS), until: new Date(Date.now() - DAY_MS) })
  ca.issue('early', { from: new Date(Date.now() + DAY_MS) })
    .issue('stolen')
    .revoke('stolen')
  using other = new TestCa('test CA').issue('client')
  await using plane = await planeOf(ca)
  const root = { ca: ca.read('ca.pem') }
  const refused: [string, ConnectionOptions, string][] = [
    ['expired', certificateOf('old', ca), 'CERT_HAS_EXPIRED'],
    ['not valid yet', certificateOf('early', ca), 'CERT_NOT_YET_VALID'],
    ['revoked', certificateOf('stolen', ca), 'CERT_REVOKED'],
    ['of another CA with the same name', { ...certificateOf('client', other), ...root }, 'SIGNATURE'],
    ['none at all', root, 'UNABLE_TO_GET_ISSUER_CERT'],
  ]
  for (const [what, options, reason] of refused) {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const before = plane.log.lines.length
      const said = await told(plane, { ...options, minVersion: version, maxVersion: version })
      assert.match(
        said,
        new RegExp(`^BEGIN\\r\\n-600 000 client certificate refused: .*${reason}.*\\r\\nEND\\r\\n$`),
        what,
      )
      const lines = plane.log.lines.slice(before)
      assert.deepEqual(
        lines.map(({ event }) => event),
        ['racs.refused'],
        what,
      )
    }
  }
  assert.match(await told(plane, certificateOf('client', ca)), /\+009 001 in/)
})

test('racs: what else the machine trusts is not asked about client certificates', async () => {
  // The reference server asks the trust store of the system: any of its hundred CAs can issue a client there.
  using ca = new TestCa('own').issue('server')
  using trusted = new TestCa('public').issue('client')
  await using plane = await planeOf(ca)
  const options = { ...certificateOf('client', trusted), ca: ca.read('ca.pem') }
  assert.match(await told(plane, options), /^BEGIN\r\n-600 000 /)
})

test('racs: TLS 1.3 and 1.2 with forward secrecy are spoken, nothing older or weaker', async () => {
  using ca = new TestCa().issue('server', { key: 'rsa' }).issue('client')
  await using plane = await planeOf(ca)
  const identity = certificateOf('client', ca)
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    assert.match(await told(plane, { ...identity, minVersion: version, maxVersion: version }), /\+009 001 in/)
  }
  const weak = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const
  assert.match(await told(plane, { ...identity, ...weak }), /alert protocol version/)
  const staticRsa = { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256' } as const
  assert.match(await told(plane, { ...identity, ...staticRsa }), /alert handshake failure/)
})

test('racs: legacy_rsa admits what clients of the reference server speak', async () => {
  using ca = new TestCa().issue('server', { key: 'rsa' }).issue('client', { key: 'rsa' })
  await using plane = await planeOf(ca, { legacyRsa: true })
  const staticRsa = { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256' } as const
  assert.match(await told(plane, { ...certificateOf('client', ca), ...staticRsa }), /\+009 001 in/)
  const modern = { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' } as const
  assert.match(await told(plane, { ...certificateOf('client', ca), ...modern }), /in/)
})

test('racs: openssl s_client lists its elements over TLS 1.2 and 1.3', async () => {
  using ca = new TestCa().issue('server').issue('client')
  await using plane = await planeOf(ca)
  for (const version of ['-tls1_2', '-tls1_3']) {
    const files = `-CAfile ${ca.path('ca.pem')} -cert ${ca.path('client.pem')} -key ${ca.path('client.key')}`
    const peer = `openssl s_client -quiet -verify_return_error -connect 127.0.0.1:${plane.port} ${version} ${files}`
    const said = await shell(
      `(printf 'BEGIN a\\r\\nLIST\\r\\nQUIT APPEND\\r\\nEND\\r\\n'; sleep 1) | ${peer}`,
    )
    assert.match(said, /BEGIN a\r\n\+012 002 QUIT\r\nEND\r\n/, said)
  }
})

test('racs: a TLS session is not resumed, for its certificate would not be asked for again', async () => {
  using ca = new TestCa().issue('server').issue('client')
  await using plane = await planeOf(ca)
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const options = { ...certificateOf('client', ca), minVersion: version, maxVersion: version } as const
    const first = await open(plane, options)
    const session = await Promise.race([once(first, 'session'), once(first, 'data')]).then(() =>
      first.getSession(),
    )
    first.destroy()
    const second = await open(plane, { ...options, session })
    assert.equal(second.isSessionReused(), false, version)
    second.destroy()
  }
})

async function open(plane: RacsPlane, options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connectTls({ host: '127.0.0.1', port: plane.port, servername: 'localhost', ...options })
  await once(socket, 'secureConnect')
  socket.write('BEGIN\r\nEND\r\n')
  return socket
}

test('racs: a revocation that is reloaded stops new sessions and spares those that run', async () => {
  using ca = new TestCa().issue('server').issue('client')
  await using plane = await planeOf(ca)
  await using peer = await RacsPeer.open(plane.port, 'client', certificateOf('client', ca))
  assert.deepEqual(await peer.ask('ECHO before'), ['+009 001 before'])
  ca.revoke('client')
  plane.server.reload(credentialsOf(ca))
  assert.match(await told(plane, certificateOf('client', ca)), /-600 000 .*CERT_REVOKED/)
  assert.deepEqual(await peer.ask('ECHO after'), ['+009 001 after'])
})

test('racs: another server certificate is used from its reload on, a broken one is not', async () => {
  using ca = new TestCa().issue('server').issue('client')
  await using plane = await planeOf(ca)
  const serial = async (): Promise<string> => {
    const socket = await open(plane, certificateOf('client', ca))
    const { serialNumber } = socket.getPeerCertificate()
    socket.destroy()
    return serialNumber
  }
  const before = await serial()
  const { key } = credentialsOf(ca)
  ca.issue('server')
  assert.throws(() => plane.server.reload({ ...credentialsOf(ca), key }), /key values mismatch/)
  assert.throws(() => plane.server.reload({ ...credentialsOf(ca), cert: 'no PEM' }))
  assert.equal(await serial(), before)
  plane.server.reload(credentialsOf(ca))
  assert.notEqual(await serial(), before)
})

test('racs: rights that are taken away end with the next command, not with the next session', async () => {
  using ca = new TestCa().issue('server').issue('client')
  await using plane = await planeOf(ca)
  await using peer = await RacsPeer.open(plane.port, 'client', certificateOf('client', ca))
  assert.match((await peer.ask('POWERON sim1'))[0]!, /^-608/)
  plane.policy = { userOf: () => userOf({ seids: [] }) } as unknown as RacsPlane['policy']
  assert.deepEqual(await peer.ask('LIST'), ['+004 001 '])
})

test('racs: who does not speak TLS, or not soon, is cut off, with one log line', async () => {
  using ca = new TestCa().issue('server').issue('client')
  await using plane = await planeOf(ca)
  for (const bytes of ['GET / HTTP/1.0\r\n\r\n', 'BEGIN\r\nEND\r\n', '\x16\x03\x01\xff\xff']) {
    using peer = await RawPeer.connect(plane.port)
    peer.send(Buffer.from(bytes, 'latin1'))
    await peer.ended()
    await until(() => plane.log.of('racs.refused').some(({ fields }) => fields['peer'] === peer.name))
    assert.equal(plane.log.lines.filter(({ fields }) => fields['peer'] === peer.name).length, 1)
  }
  using silent = await RawPeer.connect(plane.port)
  await silent.ended()
  await until(() => plane.log.of('racs.refused').length === 4)
  assert.match(String(plane.log.of('racs.refused').at(-1)?.fields['cause']), /timeout/i)
  await until(() => plane.server.connections === 0)
})

test('racs: one client over the limit is sent away, and let in when there is room', async () => {
  using ca = new TestCa().issue('server').issue('client')
  await using plane = await planeOf(ca, { maxConnections: 2 })
  const identity = certificateOf('client', ca)
  await using first = await RacsPeer.open(plane.port, 'client', identity)
  {
    await using second = await RacsPeer.open(plane.port, 'client', identity)
    assert.deepEqual(await second.ask('ECHO 2'), ['+009 001 2'])
    await assert.rejects(RacsPeer.open(plane.port, 'client', identity))
    assert.match(
      String(plane.log.of('racs.refused')[0]?.fields['cause']),
      /^2 clients are connected already$/,
    )
  }
  await until(() => plane.server.connections === 1)
  await using third = await RacsPeer.open(plane.port, 'client', identity)
  assert.deepEqual(await third.ask('ECHO 3'), ['+009 001 3'])
  assert.deepEqual(await first.ask('ECHO 1'), ['+009 001 1'])
})
