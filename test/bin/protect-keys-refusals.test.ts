// What `iose protect-keys` does not do, with the real systemd-creds.

import assert from 'node:assert/strict'
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { TestCa } from '../support/certificates.ts'
import { credentialObstacle } from '../support/credential-bench.ts'
import { IOSE } from '../support/iose.ts'
import { AUDIT_KEY, checkIsSilent, keyBench, OWNER, put } from '../support/key-bench.ts'

const skip = credentialObstacle()

test('iose protect-keys: another key than the credential gives way to nothing but --replace, and only for its certificate', {
  skip,
}, async () => {
  using made = keyBench()
  const { place, serverKey, file } = made
  using ca = new TestCa('authority')
  await place.protect()
  ca.issue('server')
  const renewed = readFileSync(ca.path('server.key'), 'utf8')
  put(file('server.key'), renewed)
  const refused = await place.protect()
  assert.equal(refused.exitCode, 1)
  assert.match(
    refused.stderr,
    /racs-key is another key than .*server\.key\nNext: sudo iose protect-keys --replace/,
  )
  assert.deepEqual(
    [await place.decrypted('racs-key'), readFileSync(file('server.key'), 'utf8')],
    [serverKey, renewed],
  )

  copyFileSync(new TestCa('x').issue('server').path('server.pem'), file('server.pem'))
  const foreign = await place.protect('--replace')
  assert.match(foreign.stderr, /server\.key is not the key of server\.pem beside it: nothing is replaced/)
  copyFileSync(ca.path('server.pem'), file('server.pem'))
  const said = await place.protect('--replace')
  assert.deepEqual([said.exitCode, said.stderr], [0, ''])
  assert.equal(await place.decrypted('racs-key'), renewed)
  assert.ok(!existsSync(file('server.key')))

  // Who replaced the key of a log could never verify it again.
  put(file('audit.key'), `${'cd'.repeat(32)}\n`)
  const audit = await place.protect('--replace')
  assert.equal(audit.exitCode, 1)
  assert.match(audit.stderr, /audit-key is another key than .*\nNext: `iose audit verify --key-file/)
  assert.match((await place.protect('--undo')).stderr, /audit\.key is another key than .*\nNext: mv /)
  assert.equal(await place.decrypted('audit-key'), AUDIT_KEY)
  checkIsSilent(audit, AUDIT_KEY, 'cd'.repeat(32))
})

test('iose protect-keys: touches no links, no files of others, nothing that is no key', {
  skip,
}, async () => {
  const cases: readonly [(file: (name: string) => string) => void, RegExp][] = [
    [(file) => link(file('server.key'), file('moved.key')), /server\.key is a link/],
    [
      (file) => linkSync(file('server.key'), file('second')),
      /server\.key is a link, or no file of the owner/,
    ],
    [(file) => chownSync(file('server.key'), 1, 1), /no file of the owner/],
    [
      (file) => put(file('server.key'), 'root:*:19000:0:99999:7:::\n'),
      /server\.key is no private key in PEM/,
    ],
    [(file) => put(file('audit.key'), 'root:*:19000:0\n'), /audit\.key must hold 64 hex digits/],
    [directoryInstead, /server\.key is a link, or no file/],
    [(file) => link(pkiOf(file), `${pkiOf(file)}.moved`), /pki cannot be opened as a directory/],
    [(file) => chownSync(file(''), 0, 0), /pki belongs to another user/],
  ]
  for (const [spoil, complaint] of cases) {
    using made = keyBench()
    spoil(made.file)
    const said = await made.place.protect()
    assert.equal(said.exitCode, 1, `${complaint.source}: ${said.stdout}${said.stderr}`)
    assert.match(said.stderr, complaint)
    assert.ok(!said.stderr.includes('19000'))
  }
})

test('iose protect-keys: leaves keys where the configuration, the unit or the machine has no use for credentials', {
  skip,
}, async () => {
  using made = keyBench()
  const { place, file } = made
  const config = join(place.directory, 'gateway.toml')
  writeFileSync(config, 'racs.key = "elsewhere.key"\n')
  const configured = await place.protect('--config', config)
  assert.equal(configured.exitCode, 1)
  assert.match(configured.stderr, /names racs\.key = "elsewhere\.key", which goes before a credential/)
  assert.match(configured.stdout, /^audit-key: moved/)
  assert.ok(existsSync(file('server.key')))

  const unit = join(place.directory, 'etc/systemd/system/iosed.service')
  const text = readFileSync(unit, 'utf8')
  writeFileSync(unit, text.replace('LoadCredentialEncrypted=racs-key', ''))
  const untaken = await place.protect()
  assert.equal(untaken.exitCode, 2)
  assert.match(untaken.stderr, /has no LoadCredentialEncrypted=racs-key.*\nthe keys stay files of mode 0600/)
  rmSync(unit)
  assert.match((await place.protect()).stderr, /no unit iosed\.service/)
  writeFileSync(unit, text)

  // A container without a place for the key that encrypts.
  rmSync(place.hostSecret)
  const volatile = await place.run([
    ...['sh', '-c', 'mount -t tmpfs none /var/lib/systemd && exec "$@"', 'sh', process.execPath],
    ...[IOSE, 'protect-keys', '--state-dir', place.stateDir],
  ])
  // The credential that is there already cannot be decrypted any more; the other key is told apart.
  assert.match(volatile.stderr, /audit-key cannot be decrypted here/)
  assert.match(volatile.stderr, /no encryption key available/)
  assert.ok(existsSync(file('server.key')))
  rmSync(join(place.store, 'audit-key'))
  const without = await place.run([
    ...['env', 'PATH=/nowhere', process.execPath, IOSE, 'protect-keys', '--state-dir', place.stateDir],
  ])
  assert.equal(without.exitCode, 2)
  assert.match(
    without.stderr,
    /this machine cannot: there is no systemd-creds\nthe keys stay files of mode 0600/,
  )
  assert.ok(existsSync(file('server.key')))
})

test('iose protect-keys: credentials of another machine are not overwritten unasked, and --undo says where it can be done', {
  skip,
}, async () => {
  using made = keyBench()
  const { place, serverKey, file } = made
  await place.protect()
  rmSync(place.hostSecret)
  const undo = await place.protect('--undo')
  assert.equal(undo.exitCode, 1)
  assert.match(undo.stderr, /racs-key cannot be decrypted here: .*\nNext: on the machine that encrypted it/)
  put(file('server.key'), serverKey)
  assert.match(
    (await place.protect()).stderr,
    /cannot be decrypted: .*\nNext: sudo iose protect-keys --replace/,
  )
  const replaced = await place.protect('--replace')
  assert.match(replaced.stdout, /racs-key: moved/)
  assert.equal(await place.decrypted('racs-key'), serverKey)
})

test('iose protect-keys: misuse, other users, and a machine before its first start', { skip }, async () => {
  using made = keyBench()
  const { place } = made
  assert.equal((await place.protect('--undo', '--replace')).exitCode, 64)
  assert.equal((await place.protect('x')).exitCode, 64)
  chmodSync(place.directory, 0o755)
  const user = await place.run([
    ...['setpriv', '--reuid', String(OWNER), '--clear-groups', process.execPath],
    ...[IOSE, 'protect-keys'],
  ])
  assert.equal(user.exitCode, 1)
  assert.match(user.stderr, /only root may do that\nNext: sudo iose protect-keys/)
  rmSync(join(place.stateDir, 'pki'), { recursive: true })
  const early = await place.protect()
  assert.deepEqual([early.exitCode, early.stderr], [0, ''])
  assert.match(early.stdout, /there is no .*pki yet/)
  assert.equal((await place.protect('--undo')).exitCode, 1)
})

function directoryInstead(file: (name: string) => string): void {
  rmSync(file('server.key'))
  mkdirSync(file('server.key'))
}

function pkiOf(file: (name: string) => string): string {
  return join(file('server.key'), '..')
}

/** Puts a link in the place of something. */
function link(path: string, target: string): void {
  renameSync(path, target)
  symlinkSync(target, path)
}
