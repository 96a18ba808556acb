import assert from 'node:assert/strict'
import test from 'node:test'
import {
  failedIn,
  failureKeyOf,
  isClean,
  MemoryFailures,
  NO_FAILURES,
  withFailure,
  withoutFailures,
} from '../../src/access/failures.ts'
import type { Seid } from '../../src/slots/identity.ts'

const AID = '010203040500'
const SEID = 'sim1' as Seid

function at(aids: readonly string[], path = '') {
  return { candidates: new Set(aids), path }
}

test('failures: a key is the application and the secret', () => {
  assert.equal(failureKeyOf(at([AID]), 'pin 00'), `${AID} pin 00`)
  assert.equal(failureKeyOf(at(['']), 'key 01'), 'default key 01')
  assert.equal(failureKeyOf(at(['A0'.repeat(16)]), 'pin 00'), `${'A0'.repeat(16)} pin 00`)
})

test('failures: what was chosen within the application is a part of the key', () => {
  assert.equal(failureKeyOf(at([AID], '0123456789ABCDEF'), 'pin 00'), `${AID}/0123456789ABCDEF pin 00`)
})

test('failures: when it is not sure which application is selected, the key says so', () => {
  for (const candidates of [
    'unknown',
    new Set([AID, 'A0']),
    new Set<string>(),
    new Set(['A0'.repeat(17)]),
  ] as const) {
    assert.equal(failureKeyOf({ candidates, path: '' }, 'pin 00'), '? pin 00')
  }
})

test('failures: those of a kind are summed over all keys, and the other kind has its own', () => {
  let failures = NO_FAILURES
  for (const key of [`${AID} pin 00`, `${AID} pin 01`, '? pin 00', `${AID} pin 00`]) {
    failures = withFailure(failures, 'verification', key)
  }
  assert.deepEqual([failedIn(failures, 'verification'), failedIn(failures, 'authentication')], [4, 0])
  assert.equal(failedIn(NO_FAILURES, 'verification'), 0, 'what was there before is left alone')
})

test('failures: a success takes away those of its key and of no other', () => {
  let failures = withFailure(NO_FAILURES, 'verification', `${AID} pin 00`)
  failures = withFailure(failures, 'verification', `${AID} pin 01`)
  failures = withFailure(failures, 'authentication', `${AID} pin 00`)
  const left = withoutFailures(failures, 'verification', `${AID} pin 00`)
  assert.deepEqual([failedIn(left, 'verification'), failedIn(left, 'authentication')], [1, 1])
  assert.equal(withoutFailures(left, 'verification', `${AID} pin 00`), left)
})

test('failures: a success of who knows which application takes nothing away', () => {
  const failures = withFailure(NO_FAILURES, 'verification', '? pin 00')
  assert.equal(withoutFailures(failures, 'verification', '? pin 00'), failures)
})

test('failures: a store keeps nothing of elements without any', async () => {
  const store = new MemoryFailures()
  const failures = withFailure(NO_FAILURES, 'authentication', 'default key 00')
  await store.set(SEID, failures)
  assert.equal(store.get(SEID), failures)
  assert.ok(!isClean(store.get(SEID)))
  await store.set(SEID, withoutFailures(failures, 'authentication', 'default key 00'))
  assert.deepEqual([...store.entries], [])
  assert.equal(store.get(SEID), NO_FAILURES)
})
