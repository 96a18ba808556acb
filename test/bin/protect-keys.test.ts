// `iose protect-keys` with the real systemd-creds.

import assert from 'node:assert/strict'
import {
  chownSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { credentialObstacle } from '../support/credential-bench.ts'
import { AUDIT_KEY, checkIsSilent, keyBench, newKey, OWNER, put, withKiller } from '../support/key-bench.ts'

const skip = credentialObstacle()

test('iose protect-keys: keys become credentials for the gateway, the plain files go, a second run changes nothing', {
  skip,
}, async () => {
  using made = keyBench()
  const { place, serverKey, file } = made
  const dry = await place.protect('--dry-run')
  assert.equal(dry.exitCode, 0, dry.stderr)
  assert.match(dry.stdout, /^racs-key: would have moved .*\naudit-key: would have moved .*\n$/)
  assert.ok(!existsSync(place.store) && !existsSync(place.hostSecret) && existsSync(file('server.key')))

  const said = await place.protect()
  assert.deepEqual([said.exitCode, said.stderr], [0, ''])
  assert.match(
    said.stdout,
    /^racs-key: moved .*\/pki\/server\.key into \/etc\/credstore\.encrypted\/racs-key, encrypted\naudit-key: moved .*\nNext: systemctl restart iosed\n$/,
  )
  assert.deepEqual(
    [await place.decrypted('racs-key'), await place.decrypted('audit-key')],
    [serverKey, AUDIT_KEY],
  )
  assert.deepEqual(readdirSync(file('')), [])
  assert.equal(statSync(join(place.store, 'racs-key')).mode & 0o777, 0o600)
  assert.equal(statSync(place.store).mode & 0o777, 0o700)

  const again = await place.protect()
  assert.deepEqual([again.exitCode, again.stderr], [0, ''])
  assert.match(again.stdout, /^racs-key: .* has the key already\naudit-key: .* has the key already\n$/)
  checkIsSilent(said, serverKey, AUDIT_KEY)
})

test('iose protect-keys --undo: plain files again, of the owner of the directory and for the owner alone', {
  skip,
}, async () => {
  using made = keyBench()
  const { place, serverKey, file } = made
  await place.protect()
  const dry = await place.protect('--undo', '--dry-run')
  assert.match(dry.stdout, /racs-key: would have moved \/etc/)
  assert.ok(!existsSync(file('server.key')))
  const said = await place.protect('--undo')
  assert.deepEqual([said.exitCode, said.stderr], [0, ''])
  assert.match(
    said.stdout,
    /racs-key: moved \/etc\/credstore.* into .*server\.key, mode 0600\n[^]*Next: systemctl/,
  )
  assert.deepEqual(
    [readFileSync(file('server.key'), 'utf8'), readFileSync(file('audit.key'), 'utf8')],
    [serverKey, AUDIT_KEY],
  )
  const { uid, gid, mode } = statSync(file('server.key'))
  assert.deepEqual([uid, gid, mode & 0o777], [OWNER, OWNER, 0o600])
  assert.deepEqual(readdirSync(place.store), [])
  const again = await place.protect('--undo')
  assert.equal(again.exitCode, 0)
  // Killed when the file was there, and the credential still was: both ways complete that.
  await place.protect()
  for (const way of [['--undo'], []]) {
    put(file('server.key'), serverKey)
    const completed = await place.protect(...way)
    assert.deepEqual([completed.exitCode, completed.stderr], [0, ''])
    assert.equal(existsSync(join(place.store, 'racs-key')), way.length === 0)
    assert.equal(existsSync(file('server.key')), way.length > 0)
  }
  assert.match(again.stdout, /racs-key: there is no \/etc/)
  checkIsSilent(said, serverKey, AUDIT_KEY)
})

test('iose protect-keys: killed at any step, each key is there whole, and the next run completes', {
  skip,
}, async () => {
  for (const way of [[], ['--undo']]) {
    for (let step = 1; step <= 12; step++) {
      using made = keyBench()
      const { place, serverKey, file } = made
      if (way.length > 0) await place.protect()
      // It looks whether there is a systemd-creds, then two to four times at each key.
      const killed = await withKiller(place, step, way)
      for (const [name, plain, key] of [
        ['racs-key', 'server.key', serverKey],
        ['audit-key', 'audit.key', AUDIT_KEY],
      ] as const) {
        const credential = await place.decrypted(name)
        if (credential !== undefined) assert.equal(credential, key, `${name} at ${step}`)
        if (existsSync(file(plain)))
          assert.equal(readFileSync(file(plain), 'utf8'), key, `${plain} at ${step}`)
        assert.ok(credential !== undefined || existsSync(file(plain)), `${name} is lost at ${step}`)
      }
      const next = await place.protect(...way)
      assert.deepEqual([next.exitCode, next.stderr], [0, ''], `${step}: ${killed.stderr}`)
      const [left, empty] = way.length > 0 ? [file(''), place.store] : [place.store, file('')]
      assert.deepEqual(readdirSync(left).length, 2, `at ${step}`)
      assert.deepEqual(readdirSync(empty), [], `at ${step}`)
      if (killed.exitCode === 0) {
        assert.ok(step > 3)
        break
      }
    }
  }
})

test('iose protect-keys: what files a killed writer left goes with the key, and nothing else', {
  skip,
}, async () => {
  using made = keyBench()
  const { place, serverKey, file } = made
  const [half, foreign, other] = ['0', '1', '2'].map((digit) => file(`server.key.${digit.repeat(12)}.tmp`))
  for (const [path, text] of [
    [half, serverKey.slice(0, 40)],
    [foreign, newKey().slice(30)],
  ] as const) {
    writeFileSync(path ?? '', text)
    chownSync(path ?? '', OWNER, OWNER)
  }
  symlinkSync('/etc/passwd', other ?? '')
  assert.equal((await place.protect()).exitCode, 0)
  assert.deepEqual(
    [half, foreign].map((path) => existsSync(path ?? '')),
    [false, true],
  )
  assert.deepEqual(readdirSync(file('')).length, 2)
})
