// Several observers of the planes, as one.

import assert from 'node:assert/strict'
import test from 'node:test'
import { type PlaneEvent, type PlaneObserver, UNOBSERVED } from '../../src/base/plane-events.ts'
import { observersOf } from '../../src/bin/iosed/observers.ts'

const EVENT: PlaneEvent = {
  ...{ kind: 'session.opened', peer: '192.0.2.7:1', sen: 'key1.com', pool: undefined },
  ...{ seid: 'sim1', slot: 1, waitedMs: 1 },
}

test('observers: all are told at once and in their order, and all are waited for', async () => {
  const told: string[] = []
  let release = (): void => undefined
  const slow: PlaneObserver = {
    ...UNOBSERVED,
    tell: () => {
      told.push('slow')
      return new Promise((resolve) => (release = resolve))
    },
  }
  const quick: PlaneObserver = { ...UNOBSERVED, tell: () => Promise.resolve(void told.push('quick')) }
  let isKept = false
  const kept = observersOf(slow, quick)
    .tell(EVENT)
    .then(() => (isKept = true))
  assert.deepEqual(told, ['slow', 'quick'])
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(isKept, false)
  release()
  await kept
})

test('observers: one that cannot keep it speaks for all, when all are done', async () => {
  const full = new Error('the disk is full')
  let isTold = false
  const failing: PlaneObserver = {
    tell: () => Promise.reject(full),
    check() {
      throw full
    },
  }
  const late: PlaneObserver = {
    ...UNOBSERVED,
    tell: () => new Promise((resolve) => setImmediate(() => resolve(void (isTold = true)))),
  }
  await assert.rejects(observersOf(failing, late).tell(EVENT), full)
  assert.ok(isTold)
  assert.throws(() => observersOf(UNOBSERVED, failing).check(), full)
  observersOf(UNOBSERVED, late).check()
})
