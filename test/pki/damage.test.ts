import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { Authority } from '../../src/pki/authority.ts'
import { makeDevelopmentPki } from '../../src/pki/development.ts'
import { fails, modeOf, NOW, newAuthority, temporaryDirectory } from '../support/pki.ts'

const EC = { algorithm: 'ec', now: NOW } as const

test('pki: an init that was interrupted is done again, one whose authority was used is not', async () => {
  // The order of writing is the opposite.
  const files = ['ca.pem', 'ca.key', 'crl.pem', 'index.json']
  const { directory } = await newAuthority()
  for (const count of [1, 2, 3, 4]) {
    for (const file of files.slice(0, count)) rmSync(join(directory, file))
    const name = `again, with ${readdirSync(directory).join()}`
    await Authority.create(directory, { name, now: NOW })
    assert.equal((await (await Authority.open(directory)).list(NOW))[0]?.name, name)
  }
  const used = await newAuthority()
  await used.authority.issueServer({ hosts: ['localhost'], ...EC })
  rmSync(join(used.directory, 'ca.pem'))
  rmSync(join(used.directory, 'ca.key'))
  await fails(Authority.create(used.directory, { name: 'x', now: NOW }), 'pki.exists', /index\.json/)
})

test('pki: files that are gone, cut short or of somebody else are named', async () => {
  await fails(Authority.open(join(temporaryDirectory(), 'nowhere')), 'pki.missing', /ca\.pem/)
  const other = (await newAuthority()).directory
  for (const file of ['ca.pem', 'ca.key', 'index.json']) {
    const { directory } = await newAuthority()
    const path = join(directory, file)
    const message = new RegExp(file.replace('.', '\\.'))
    const content = readFileSync(path, 'utf8')
    rmSync(path)
    await fails(Authority.open(directory), 'pki.missing', message)
    for (const length of [0, 1, 40, content.length - 60]) {
      writeFileSync(path, content.slice(0, length))
      const error = await fails(Authority.open(directory), 'pki.invalid', message)
      assert.doesNotMatch(String(error.stack) + String(error.cause), /PRIVATE|MIGH/)
    }
    writeFileSync(path, readFileSync(join(other, file)))
    await fails(Authority.open(directory), 'pki.invalid', message)
    rmSync(path)
    mkdirSync(path)
    await fails(Authority.open(directory), 'pki.invalid', /cannot read/)
  }
})

test('pki: an index with a row that cannot be read is refused, above all a revocation', async () => {
  const { directory, authority } = await newAuthority()
  const path = join(directory, 'index.json')
  const text = readFileSync(path, 'utf8')
  const spoilt: [RegExp, string][] = [
    [/"version": 1/, '"version": 2'],
    [/"number": 1/, '"number": "1"'],
    [/"serial": "/, '"serial": "0'],
    [/"kind": "ca"/, '"kind": "god"'],
    [/"notAfter": "[^"]*"/, '"notAfter": "soon"'],
    [/"kind":/, '"revokedAt": "once", "kind":'],
    [/"certificates": \[[^]*\]/, '"certificates": []'],
    [/^[^]*$/, 'null'],
  ]
  for (const [what, by] of spoilt) {
    writeFileSync(path, text.replace(what, by))
    await fails(authority.list(NOW), 'pki.invalid', /index\.json/)
  }
})

test('pki: nothing is handed out that cannot be entered into the index', async () => {
  const { authority, directory } = await newAuthority()
  const out = temporaryDirectory()
  const index = readFileSync(join(directory, 'index.json'))
  rmSync(join(directory, 'index.json'))
  const issue = (outDirectory: string) => authority.issueClient({ name: 'alice', outDirectory, ...EC })
  await fails(issue(out), 'pki.missing', /index\.json/)
  assert.deepEqual(readdirSync(out), [])
  writeFileSync(join(directory, 'index.json'), index)
  writeFileSync(join(out, 'file'), '')
  await fails(issue(join(out, 'file/x')), 'pki.unwritable')
  assert.equal((await authority.list(NOW)).length, 1)
})

test('pki: certificates for development are made once, and completed after a crash', async () => {
  const directory = join(temporaryDirectory(), 'pki')
  const make = () => makeDevelopmentPki(directory, { hosts: ['0.0.0.0', '192.0.2.7'], now: NOW })
  assert.deepEqual(await make(), { client: join(directory, 'operator.pem') })
  const read = (name: string) => readFileSync(join(directory, name), 'utf8')
  assert.equal(modeOf(join(directory, 'operator.key')), '600')
  const san = new X509Certificate(read('server.pem')).subjectAltName ?? ''
  assert.match(
    san,
    /DNS:localhost, IP Address:127\.0\.0\.1, IP Address:0:0:0:0:0:0:0:1, IP Address:192\.0\.2\.7$/,
  )
  const before = readdirSync(directory).map((name) => read(name))
  await make()
  assert.deepEqual(
    readdirSync(directory).map((name) => read(name)),
    before,
  )

  // After the key of the client, after its row in the index, before the server.
  rmSync(join(directory, 'operator.pem'))
  rmSync(join(directory, 'server.pem'))
  await make()
  const operator = new X509Certificate(read('operator.pem'))
  assert.ok(operator.checkPrivateKey(createPrivateKey(read('operator.key'))))
  const rows = (await (await Authority.open(directory)).list(NOW)).map(
    ({ name, status }) => `${name} ${status}`,
  )
  assert.deepEqual(rows.slice(1), [
    'operator revoked',
    'localhost valid',
    'operator valid',
    'localhost valid',
  ])

  // Taken elsewhere, and not to be revoked for that.
  rmSync(join(directory, 'operator.pem'))
  rmSync(join(directory, 'operator.key'))
  await make()
  assert.ok(!existsSync(join(directory, 'operator.pem')))
})

test('pki: a CRL that is gone or old is written again by the next change', async () => {
  const { authority, directory } = await newAuthority()
  const path = join(directory, 'crl.pem')
  const issue = (name: string) => authority.issueClient({ name, outDirectory: temporaryDirectory(), ...EC })
  await issue('alice')
  const old = readFileSync(path)
  await authority.revoke('alice', NOW)
  const current = readFileSync(path)
  for (const crash of [() => writeFileSync(path, old), () => truncateSync(path, 10), () => rmSync(path)]) {
    crash()
    await fails(authority.revoke('nobody', NOW), 'pki.unknown')
    assert.ok(readFileSync(path).length >= current.length - 6)
  }
})
