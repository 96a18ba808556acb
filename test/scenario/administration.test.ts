// The administration plane of the whole gateway: names that stay, files that change, a first start.

import assert from 'node:assert/strict'
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { pathToFileURL } from 'node:url'
import { makeDevelopmentPki } from '../../src/pki/development.ts'
import { TestCa } from '../support/certificates.ts'
import { Gateway, makeState } from '../support/gateway.ts'
import { askOnce, shell } from '../support/peers.ts'
import { certificateOf, RacsPeer } from '../support/racs-plane.ts'

const SELECT = '00A4040006010203040500'

test('a name given by SEN routes at once, and after a SIGKILL', async () => {
  await using first = await Gateway.start()
  await using racs = await RacsPeer.open(first.racsPort, 'operator')
  assert.deepEqual(await racs.ask('SEN sim1 vault.example.com'), [
    '+010 001 SEN= vault.example.com AID= default',
  ])
  assert.equal(await askOnce(first.port, 'vault.example.com'), 'hello')
  await assert.rejects(askOnce(first.port, 'key1.com'), /unrecognized name/)
  await using second = await first.restart('SIGKILL')
  assert.equal(await askOnce(second.port, 'vault.example.com'), 'hello')
  await using again = await RacsPeer.open(second.racsPort, 'operator')
  assert.deepEqual(await again.ask('SEN sim2 vault.example.com'), ['-410 001 the name belongs to sim1'])
  assert.deepEqual(await again.ask('SEN sim1'), ['+010 001 SEN= key1.com AID= default'])
  assert.equal(await askOnce(second.port, 'key1.com'), 'hello')
})

test('an application given by SEN is selected, and AID 00 takes the element off the service plane', async () => {
  await using gateway = await Gateway.start()
  await using racs = await RacsPeer.open(gateway.racsPort, 'operator')
  await racs.ask('SEN sim1 key1.com 010203040500')
  assert.equal(await askOnce(gateway.port, 'key1.com'), 'hello')
  await racs.ask('SEN sim5 blank.com 010203040500')
  await assert.rejects(askOnce(gateway.port, 'blank.com'), /internal error/)
  await gateway.logged('session.closed', { cause: /SELECT answered 6A82/ })
  assert.deepEqual(await racs.ask('SEN sim1 key1.com 00'), ['+010 001 SEN= key1.com AID= 00'])
  await assert.rejects(askOnce(gateway.port, 'key1.com'), /unrecognized name/)
  assert.deepEqual(await racs.ask('SEN sim1 null'), ['+010 001 SEN= null AID= default'])
  await assert.rejects(askOnce(gateway.port, 'key1.com'), /unrecognized name/)
})

test('a file of names that nobody wrote so stops the start, with the name of the file', async () => {
  await using gateway = await Gateway.start()
  const file = join(gateway.stateDir, 'bindings.json')
  for (const text of [
    '{',
    '[]x',
    '{"sim1":{"sen":7}}',
    '{"sim1":{"sen":"a b"}}',
    '{"s 1":{"sen":"a"}}',
    '{"sim1":null}',
  ]) {
    writeFileSync(file, text)
    const said = await shell(`XDG_STATE_HOME=/nowhere ${gateway.commandLine}; echo exit $?`)
    assert.match(said, /bindings\.json: names of elements/, text)
    assert.match(said, /exit 78/, text)
  }
})

test('SIGHUP reads users again, and sessions that run feel it at their next line', async () => {
  await using gateway = await Gateway.start()
  const users = join(gateway.stateDir, 'users.toml')
  await using racs = await RacsPeer.open(gateway.racsPort, 'client')
  assert.deepEqual(await racs.ask('LIST'), ['+004 001 sim1 sim3'])
  writeFileSync(users, '[users.client]\ncn = "client"\nseids = ["sim2"]\n')
  assert.deepEqual(await racs.ask('LIST'), ['+004 001 sim1 sim3'])
  gateway.signal('SIGHUP')
  await gateway.logged('config.reloaded')
  assert.deepEqual(await racs.ask('LIST'), ['+004 001 sim2'])
  writeFileSync(users, '[users.client]\ncn = "client"\nseids = "all"\n')
  gateway.signal('SIGHUP')
  const { cause } = await gateway.logged('config.reload-failed')
  assert.match(String(cause), /users\.toml: users\.client\.seids/)
  assert.deepEqual(await racs.ask('LIST'), ['+004 001 sim2'])
})

test('SIGHUP reads the revocation list again: the revoked stay out, who is in stays in', async () => {
  using ca = new TestCa().issue('server').issue('client').issue('operator')
  await using first = await Gateway.start()
  makeState(first.stateDir, ca)
  await using gateway = await first.restart('SIGTERM')
  await using racs = await RacsPeer.open(gateway.racsPort, 'client', certificateOf('client', ca))
  ca.revoke('client')
  makeState(gateway.stateDir, ca)
  gateway.signal('SIGHUP')
  await gateway.logged('config.reloaded')
  await using late = await RacsPeer.open(gateway.racsPort, 'client', certificateOf('client', ca))
  assert.match(
    await late.response(),
    /^BEGIN\r\n-600 000 client certificate refused: CERT_REVOKED\r\nEND\r\n$/,
  )
  await gateway.logged('racs.refused', { cause: /CERT_REVOKED/ })
  assert.deepEqual(await racs.ask(`APDU sim1 ${SELECT}`), ['+006 001 9000'])
})

test('a first start makes certificates for development, says so, and the next one loads no X.509 library', async () => {
  await using first = await Gateway.start()
  rmSync(first.stateDir, { recursive: true })
  const deny = pathToFileURL(join(import.meta.dirname, '../support/deny-x509.js')).href
  await using second = await first.restart('SIGTERM')
  const { client } = await second.logged('pki.created')
  assert.equal(client, join(second.stateDir, 'pki/operator.pem'))
  for (const file of ['pki/ca.key', 'pki/server.key', 'pki/operator.key']) {
    assert.equal(statSync(join(second.stateDir, file)).mode & 0o777, 0o600, file)
  }
  const read = (file: string): Buffer => readFileSync(join(second.stateDir, 'pki', file))
  const operator = { ca: read('ca.pem'), cert: read('operator.pem'), key: read('operator.key') }
  {
    await using racs = await RacsPeer.open(second.racsPort, 'operator', operator)
    assert.deepEqual(await racs.ask('LIST'), ['+004 001 sim1 sim2 sim3 sim4 sim5'])
  }
  await using third = await second.restart('SIGTERM', { NODE_OPTIONS: `--import=${deny}` })
  await using racs = await RacsPeer.open(third.racsPort, 'operator', operator)
  assert.deepEqual(await racs.ask('ECHO same'), ['+009 001 same'])
  assert.deepEqual(third.all('pki.created'), [])
  // The test itself must be able to fail.
  rmSync(third.stateDir, { recursive: true })
  assert.match(
    await shell(`NODE_OPTIONS=--import=${deny} ${third.commandLine}`),
    /the X\.509 library was loaded/,
  )
})

test('a box that nobody looked after for two years still has a certificate that clients accept', async () => {
  await using first = await Gateway.start()
  rmSync(first.stateDir, { recursive: true })
  const pki = join(first.stateDir, 'pki')
  const twoYearsAgo = new Date(Date.now() - 740 * 86_400_000)
  await makeDevelopmentPki(pki, { hosts: [], now: twoYearsAgo })
  await using second = await first.restart('SIGTERM')
  const renewed = second.all('pki.renewed').map(({ path }) => path)
  assert.deepEqual(renewed, [join(pki, 'server.pem'), join(pki, 'operator.pem')])
  const read = (file: string): Buffer => readFileSync(join(pki, file))
  const operator = { ca: read('ca.pem'), cert: read('operator.pem'), key: read('operator.key') }
  await using racs = await RacsPeer.open(second.racsPort, 'operator', operator)
  assert.deepEqual(await racs.ask('ECHO same'), ['+009 001 same'])
})

test('a first start that was cut short is completed by the next, and certificates of an own make are left alone', async () => {
  await using first = await Gateway.start()
  rmSync(first.stateDir, { recursive: true })
  await using second = await first.restart('SIGTERM')
  for (const file of ['users.toml', 'pki/server.pem']) rmSync(join(second.stateDir, file))
  await using third = await second.restart('SIGTERM')
  await third.logged('pki.created')
  makeState(third.stateDir)
  for (const file of ['users.toml', 'pki/server.pem']) rmSync(join(third.stateDir, file))
  const said = await shell(`${third.commandLine}; echo exit $?`)
  assert.match(said, /racs\.cert: cannot read .*exit 78/s)
})

test('certificates that are missing, strange or do not fit are errors of configuration with a next step', async () => {
  await using gateway = await Gateway.start()
  const path = (file: string): string => join(gateway.stateDir, file)
  const broken: [() => void, RegExp][] = [
    [() => rmSync(path('pki/server.key')), /racs\.key: cannot read .*server\.key; `iose pki --help`/],
    [() => writeFileSync(path('pki/server.key'), 'no key'), /racs\.key: .*server\.key is not usable/],
    [() => writeFileSync(path('pki/ca.pem'), 'no certificate'), /racs\.ca: .*ca\.pem is not usable/],
    [() => writeFileSync(path('pki/crl.pem'), 'no list'), /racs\.crl: .*crl\.pem is not usable/],
    [() => rmSync(path('users.toml')), /racs\.users: cannot read .*users\.toml/],
    [() => writeFileSync(path('users.toml'), '[users.x]\n'), /users\.toml: /],
    [() => writeFileSync(path('pki/server.key'), new TestCa().issue('x').read('x.key')), /is not the key of/],
  ]
  for (const [damage, message] of broken) {
    makeState(gateway.stateDir)
    damage()
    const said = await shell(`${gateway.commandLine}; echo exit $?`)
    assert.match(said, message)
    assert.match(said, /exit 78/, said)
  }
})

test('legacy_rsa without an RSA certificate is an error of configuration; with one it is warned about', async () => {
  using ca = new TestCa().issue('server', { key: 'rsa' }).issue('client', { key: 'rsa' })
  await using first = await Gateway.start()
  first.configure('racs.legacy_rsa = true')
  assert.match(
    await shell(first.commandLine),
    /racs\.legacy_rsa needs an RSA certificate.*iose pki server --rsa/,
  )
  makeState(first.stateDir, ca)
  await using second = await first.restart('SIGTERM')
  await second.logged('racs.legacy-enabled', { level: 'warn' })
  const legacy = { ciphers: 'AES128-GCM-SHA256', maxVersion: 'TLSv1.2' } as const
  await using racs = await RacsPeer.open(second.racsPort, 'client', {
    ...certificateOf('client', ca),
    ...legacy,
  })
  assert.equal(racs.socket.getCipher().name, 'AES128-GCM-SHA256')
  assert.deepEqual(await racs.ask('LIST'), ['+004 001 sim1 sim3'])
})

test('a state directory that cannot be written is an error of configuration with a next step', async () => {
  await using gateway = await Gateway.start()
  gateway.configure('gateway.state_dir = "/dev/null/state"')
  const said = await shell(`${gateway.commandLine}; echo exit $?`)
  assert.match(said, /cannot make certificates in \/dev\/null\/state\/pki; set gateway\.state_dir/)
  assert.match(said, /exit 78/)
})

test('a key that others can read is warned about', async () => {
  await using first = await Gateway.start()
  await shell(`chmod 644 ${join(first.stateDir, 'pki/server.key')}`)
  await using second = await first.restart('SIGTERM')
  await second.logged('racs.key-exposed', { path: /server\.key$/ })
})
