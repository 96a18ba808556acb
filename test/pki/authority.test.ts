import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { Authority } from '../../src/pki/authority.ts'
import { daysLater, fails, modeOf, NOW, newAuthority, temporaryDirectory } from '../support/pki.ts'

const EC = { algorithm: 'ec', now: NOW } as const

test('pki: a new authority is four files, the key for its owner alone, and opens again', async () => {
  const { directory } = await newAuthority()
  assert.deepEqual(readdirSync(directory).sort(), ['ca.key', 'ca.pem', 'crl.pem', 'index.json'])
  assert.deepEqual(
    ['', 'ca.key', 'index.json', 'ca.pem', 'crl.pem'].map((name) => modeOf(join(directory, name))),
    ['700', '600', '600', '644', '644'],
  )
  const [row, ...more] = await (await Authority.open(directory)).list(NOW)
  assert.deepEqual(more, [])
  const certificate = new X509Certificate(readFileSync(join(directory, 'ca.pem')))
  assert.deepEqual(row, {
    serial: certificate.serialNumber.toLowerCase(),
    name: 'test CA',
    kind: 'ca',
    notBefore: daysLater(-1),
    notAfter: daysLater(3650),
    status: 'valid',
    fingerprint: certificate.fingerprint256.replaceAll(':', ''),
  })
  assert.equal(new Date(certificate.validFrom).getTime(), daysLater(-1).getTime())
  assert.equal(new Date(certificate.validTo).getTime(), daysLater(3650).getTime())
})

test('pki: an authority is not made where there is one, or the key of one', async () => {
  const { directory } = await newAuthority()
  const create = () => Authority.create(directory, { name: 'other', now: NOW })
  const key = readFileSync(join(directory, 'ca.key'), 'utf8')
  await fails(create(), 'pki.exists', /ca\.pem/)
  rmSync(join(directory, 'ca.pem'))
  rmSync(join(directory, 'index.json'))
  await fails(create(), 'pki.exists', /ca\.key/)
  assert.equal(readFileSync(join(directory, 'ca.key'), 'utf8'), key)
})

test('pki: a client gets its certificate, its key and the authority, and the index has it', async () => {
  const { authority, directory } = await newAuthority()
  const out = join(temporaryDirectory(), 'deep/er')
  await authority.issueClient({ name: 'a.b_c@d-E1', outDirectory: out, ...EC })
  await authority.issueClient({ name: 'bob', outDirectory: out, algorithm: 'rsa', now: NOW })
  assert.deepEqual(readdirSync(out).sort(), [
    'a.b_c@d-E1.key',
    'a.b_c@d-E1.pem',
    'bob.key',
    'bob.pem',
    'ca.pem',
  ])
  assert.equal(modeOf(join(out, 'bob.key')), '600')
  assert.equal(readFileSync(join(out, 'ca.pem'), 'utf8'), readFileSync(join(directory, 'ca.pem'), 'utf8'))
  for (const name of ['a.b_c@d-E1', 'bob']) {
    const certificate = new X509Certificate(readFileSync(join(out, `${name}.pem`)))
    assert.equal(certificate.subject, `CN=${name}`)
    assert.ok(certificate.checkPrivateKey(createPrivateKey(readFileSync(join(out, `${name}.key`)))))
    const row = (await authority.list(NOW)).find((one) => one.name === name)
    assert.deepEqual([row!.kind, row!.serial], ['client', certificate.serialNumber.toLowerCase()])
    assert.equal(row!.fingerprint, certificate.fingerprint256.replaceAll(':', ''))
    assert.deepEqual([row!.notBefore, row!.notAfter], [daysLater(-1), daysLater(730)])
  }
  const key = createPrivateKey(readFileSync(join(out, 'bob.key')))
  assert.deepEqual([key.asymmetricKeyType, key.asymmetricKeyDetails?.modulusLength], ['rsa', 3072])
})

test('pki: names that could be paths, options, files of the authority or too long are refused', async () => {
  const { authority } = await newAuthority()
  const out = temporaryDirectory()
  const names = [
    '',
    '.',
    '..',
    '../x',
    'a/b',
    '/etc/x',
    '.hidden',
    '-rf',
    'a b',
    'a\0b',
    'a\nb',
    'é',
    'аlice',
    '名',
  ]
  for (const name of [...names, 'a'.repeat(65), 'a\\b', 'ca', 'CA', 'server', 'crl', 'alice\n'])
    await fails(authority.issueClient({ name, outDirectory: out, ...EC }), 'pki.name')
  assert.deepEqual(readdirSync(out), [])
  await authority.issueClient({ name: 'a'.repeat(64), outDirectory: out, ...EC })
  for (const name of ['', 'x'.repeat(65), 'a\nb', 'a\0'])
    await fails(Authority.create(join(out, 'x'), { name, now: NOW }), 'pki.name')
})

test('pki: nothing is overwritten: neither a valid certificate nor a file of that name', async () => {
  const { authority } = await newAuthority()
  const out = temporaryDirectory()
  writeFileSync(join(out, 'alice.key'), 'mine')
  const issue = (name: string, now = NOW) =>
    authority.issueClient({ name, algorithm: 'ec', outDirectory: out, now })
  await fails(issue('alice'), 'pki.exists', /alice\.key/)
  assert.equal(readFileSync(join(out, 'alice.key'), 'utf8'), 'mine')
  assert.equal((await authority.list(NOW)).length, 1)
  rmSync(join(out, 'alice.key'))
  await issue('alice')
  rmSync(join(out, 'alice.key'))
  rmSync(join(out, 'alice.pem'))
  await fails(issue('alice'), 'pki.exists', /valid until/)
  await fails(issue('alice', daysLater(730)), 'pki.exists')
  await issue('alice', daysLater(731))
  writeFileSync(join(out, 'ca.pem'), 'of another')
  await fails(issue('bob'), 'pki.exists', /ca\.pem/)
  assert.ok(!existsSync(join(out, 'bob.key')))
})

test('pki: revoking takes all of a name or one serial, keeps the time, and says when there is nothing', async () => {
  const { authority } = await newAuthority()
  const out = temporaryDirectory()
  await authority.issueClient({ name: 'alice', outDirectory: out, ...EC })
  await authority.issueClient({ name: 'bob', outDirectory: out, ...EC })
  await authority.issueServer({ hosts: ['localhost'], ...EC })
  const statuses = async () => (await authority.list(NOW)).map(({ name, status }) => `${name} ${status}`)
  await authority.revoke('alice', NOW)
  assert.deepEqual(await statuses(), ['test CA valid', 'alice revoked', 'bob valid', 'localhost valid'])
  await fails(authority.revoke('alice', daysLater(1)), 'pki.unknown', /revoked on/)
  await fails(authority.revoke('carol', NOW), 'pki.unknown', /'carol'/)
  await fails(authority.revoke('test CA', NOW), 'pki.unknown')
  await fails(authority.revoke('localhost', NOW), 'pki.unknown')
  await fails(authority.revoke('bob', daysLater(731)), 'pki.unknown', /expired on/)
  const [root, , bob, server] = await authority.list(NOW)
  await fails(authority.revoke(root?.serial ?? '', NOW), 'pki.unknown')
  await authority.revoke((bob?.serial ?? '').toUpperCase(), NOW)
  await authority.revoke(server?.serial ?? '', NOW)
  assert.deepEqual(await statuses(), ['test CA valid', 'alice revoked', 'bob revoked', 'localhost revoked'])
  assert.equal((await authority.list(daysLater(4000)))[0]?.status, 'expired')
})

test('pki: no certificate outlives its authority, and none is made outside its time', async () => {
  const { authority } = await newAuthority()
  const out = temporaryDirectory()
  const issue = (name: string, days: number) =>
    authority.issueClient({ name, algorithm: 'ec', outDirectory: out, now: daysLater(days) })
  await issue('late', 3_649)
  const { validTo } = new X509Certificate(readFileSync(join(out, 'late.pem')))
  assert.equal(new Date(validTo).getTime(), daysLater(3_650).getTime())
  await fails(issue('after', 3_651), 'pki.invalid', /valid from .* until/)
  await fails(issue('before', -2), 'pki.invalid')
})

test('pki: a server needs hosts that a certificate can name', async () => {
  const { authority, directory } = await newAuthority()
  const hosts = [
    '',
    'a b',
    '-a',
    'a-',
    'a..b',
    '1.2.3.400',
    'fe80::1%lo',
    'a_b',
    '*',
    'x'.repeat(64),
    'é.fr',
    '[::1]',
  ]
  for (const host of hosts)
    await fails(authority.issueServer({ hosts: ['localhost', host], ...EC }), 'pki.name')
  await fails(authority.issueServer({ hosts: [], ...EC }), 'pki.name')
  const long = Array(4).fill('a'.repeat(62)).join('.')
  await authority.issueServer({ hosts: [long, 'LocalHost', '192.0.2.1', '2001:db8::1', '192.0.2.1'], ...EC })
  const certificate = new X509Certificate(readFileSync(join(directory, 'server.pem')))
  assert.equal(
    certificate.subjectAltName,
    `DNS:${long}, DNS:LocalHost, IP Address:192.0.2.1, IP Address:2001:DB8:0:0:0:0:0:1`,
  )
  assert.equal(modeOf(join(directory, 'server.key')), '600')
  await authority.issueServer({ hosts: ['localhost'], algorithm: 'rsa', now: NOW })
  const again = new X509Certificate(readFileSync(join(directory, 'server.pem')))
  assert.ok(again.checkPrivateKey(createPrivateKey(readFileSync(join(directory, 'server.key')))))
  assert.equal(again.publicKey.asymmetricKeyType, 'rsa')
})
