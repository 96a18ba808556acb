// What the other commands of `iose` make of keys that are credentials, with the real systemd-creds.

import assert from 'node:assert/strict'
import { chmodSync, copyFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { protectionFindings } from '../../src/bin/iose/doctor/key-protection.ts'
import { AuditBench, KEY } from '../support/audit-bench.ts'
import { sharedCa, TestCa } from '../support/certificates.ts'
import { type CredentialBench, credentialObstacle } from '../support/credential-bench.ts'
import { check } from '../support/finding.ts'
import { makeState } from '../support/gateway.ts'
import { IOSE, type Said } from '../support/iose.ts'
import { checkIsSilent, keyBench, OWNER, put } from '../support/key-bench.ts'

const skip = credentialObstacle()

/** `iose` there as somebody who is not root. */
function asUser(place: CredentialBench, ...args: string[]): Promise<Said> {
  chmodSync(place.directory, 0o755)
  const become = ['setpriv', '--reuid', String(OWNER), '--regid', String(OWNER), '--clear-groups']
  return place.run([...become, process.execPath, IOSE, ...args])
}

test('iose audit verify: has the key of a credential decrypted as root, and sends others there', {
  skip,
}, async () => {
  using made = keyBench()
  const { place, file } = made
  const log = new AuditBench()
  await log.fill(3)
  const key = Buffer.from(KEY).toString('hex')
  put(file('audit.key'), `${key}\n`)
  await place.protect()
  const args = ['audit', 'verify', '--dir', log.path, '--state-dir', place.stateDir]
  const said = await place.iose([...args, '--json'])
  assert.deepEqual([said.exitCode, said.stderr], [0, ''])
  const { isGood, isKeyChecked } = JSON.parse(said.stdout) as { isGood: boolean; isKeyChecked: boolean }
  assert.deepEqual([isGood, isKeyChecked], [true, true])
  log.writeLines(log.lines().slice(0, 2))
  for (const directory of [log.path, join(log.path, '..')]) chmodSync(directory, 0o755)
  chmodSync(join(log.path, 'audit-000001.jsonl'), 0o644)
  const user = await asUser(place, ...args)
  assert.equal(user.exitCode, 0, user.stderr)
  assert.match(user.stderr, /CANNOT be seen.*\nNext: it may be a credential of this machine, .* with sudo/)
  put(join(place.handedOver, 'audit-key'), `${key}\n`)
  assert.deepEqual((await asUser(place, ...args)).stderr, '')
  rmSync(join(place.handedOver, 'audit-key'))
  writeFileSync(join(place.store, 'audit-key'), 'AAAA')
  const broken = await place.iose(args)
  assert.equal(broken.exitCode, 78)
  assert.match(broken.stderr, /audit-key cannot be decrypted here: /)
  checkIsSilent(said, key)
})

test('iose pki server: says what makes the new key the one that the gateway uses', { skip }, async () => {
  using made = keyBench()
  const { place } = made
  const pki = (...args: string[]) => place.iose(['pki', ...args, '--state-dir', place.stateDir])
  await pki('init')
  assert.match((await pki('server')).stdout, /Next: restart the gateway, if it runs\.\n$/)
  await place.protect()
  const said = await pki('server')
  const command = `sudo iose protect-keys --replace --state-dir ${place.stateDir} && sudo systemctl restart iosed`
  assert.ok(said.stdout.includes(`Next: ${command}\n`), said.stdout)
  const replaced = await place.protect('--replace')
  assert.deepEqual([replaced.exitCode, replaced.stderr], [0, ''])
})

test('iose doctor: a credential is compared with the certificate by root, and told to others', {
  skip,
}, async () => {
  using made = keyBench()
  const { place, file } = made
  makeState(place.stateDir)
  put(file('server.key'), sharedCa().read('server.key'))
  const config = join(place.directory, 'gateway.toml')
  writeFileSync(config, `gateway.state_dir = "${place.stateDir}"\nstatus.listen = "127.0.0.1:1"\n`)
  const args = ['doctor', '--config', config]
  const plain = await place.iose(args)
  assert.match(
    plain.stdout,
    /^ok +key +.*server\.key is a plain file: .*\n +mend: sudo iose protect-keys --config/m,
  )
  await place.protect()
  const kept = await place.iose(args)
  assert.match(kept.stdout, /^ok +key +\/etc\/credstore\.encrypted\/racs-key$/m)
  assert.ok(!kept.stdout.includes('plain file'))
  chmodSync(place.stateDir, 0o700)
  assert.match(
    (await asUser(place, ...args)).stdout,
    /^warning +key +.*may be a credential, which .* cannot see/m,
  )
  put(join(place.handedOver, 'racs-key'), sharedCa().read('server.key'))
  assert.match(
    (await asUser(place, ...args)).stdout,
    /^ok +key +\/run\/credentials\/iosed\.service\/racs-key$/m,
  )
  rmSync(join(place.handedOver, 'racs-key'))
  using ca = new TestCa()
  copyFileSync(ca.issue('server').path('server.pem'), file('server.pem'))
  assert.match((await place.iose(args)).stdout, /^wrong +key +.*racs-key is not the key of .*server\.pem/m)
  checkIsSilent(kept, sharedCa().read('server.key'))
})

test('doctor: plain keys are no fault, those beside a credential are told', () => {
  const key = { name: 'racs-key', path: '/s/pki/server.key' } as const
  const [alone] = protectionFindings([{ ...key, credential: 'missing' }], '')
  const [both] = protectionFindings([{ ...key, credential: 'there' }], ' --config /c')
  assert.ok(alone !== undefined && both !== undefined)
  check('alone', alone, ['ok', /plain file\|.*backup.*\|sudo iose protect-keys && sudo systemctl/])
  check('both', both, ['warning', /too\|.*uses the credential.*\|sudo iose protect-keys --config \/c &&/])
})
