import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'
import { type Failures, failedIn, NO_FAILURES, withFailure } from '../../src/access/failures.ts'
import { openTries } from '../../src/bin/iosed/tries-file.ts'
import type { Seid } from '../../src/slots/identity.ts'

const directory = mkdtempSync(join(tmpdir(), 'tries-'))
after(() => rmSync(directory, { recursive: true }))

const SEID = 'sim1' as Seid
const KEYS = [
  'A000000151000000 key 00 v01',
  'default key 00 p30',
  '010203040500/0123456789ABCDEF pin 81',
  '? pin 01 of A02000',
  `${'A0'.repeat(16)} code 01`,
]

test('tries file: every form of a key comes back after a restart, in a directory that was not there', async () => {
  const path = join(directory, 'new/tries.json')
  let failures: Failures = NO_FAILURES
  for (const key of [...KEYS, ...KEYS.slice(1)]) failures = withFailure(failures, 'verification', key)
  await (await openTries(path)).set(SEID, failures)
  assert.deepEqual((await openTries(path)).get(SEID), failures)
})

test('tries file: of many changes at once the last one stays, and no file besides it', async () => {
  const path = join(directory, 'many/tries.json')
  const store = await openTries(path)
  let failures: Failures = NO_FAILURES
  const writes: Promise<void>[] = []
  for (let n = 0; n < 20; n++) {
    failures = withFailure(failures, 'authentication', 'default key 00')
    writes.push(store.set(SEID, failures))
    assert.equal(failedIn(store.get(SEID), 'authentication'), n + 1, 'at once')
  }
  await Promise.all(writes)
  assert.equal(failedIn((await openTries(path)).get(SEID), 'authentication'), 20)
  assert.deepEqual(readdirSync(join(directory, 'many')), ['tries.json'])
  await store.set(SEID, NO_FAILURES)
  assert.equal(readFileSync(path, 'utf8'), '{}\n')
})

test('tries file: what cannot be written is counted, and goes with what can be written later', async () => {
  const place = join(directory, 'blocked')
  const store = await openTries(join(place, 'tries.json'))
  writeFileSync(place, 'a file where the directory should be')
  const failures = withFailure(NO_FAILURES, 'verification', 'default pin 00')
  await assert.rejects(store.set(SEID, failures), { code: 'EEXIST' })
  assert.equal(store.get(SEID), failures)
  rmSync(place)
  await store.set('sim2' as Seid, failures)
  assert.deepEqual((await openTries(join(place, 'tries.json'))).get(SEID), failures)
})

test('tries file: one that cannot be read stops the start', async () => {
  await assert.rejects(openTries(directory), { code: 'config.missing' })
})
