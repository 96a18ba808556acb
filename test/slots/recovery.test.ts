import assert from 'node:assert/strict'
import test from 'node:test'
import { Recovery, type Verdict } from '../../src/slots/recovery.ts'

/** Fails again and again, each time when it is tried. @returns instants and verdicts */
function failing(recovery: Recovery, from: number, until: number): { at: number; verdict: Verdict }[] {
  const tries: { at: number; verdict: Verdict }[] = []
  for (let at = from; at <= until; ) {
    const verdict = recovery.failed(at, false)
    tries.push({ at, verdict })
    at += verdict.delayMs
  }
  return tries
}

test('recovery: an element that is mute is tried soon, at least once a second, for a minute', () => {
  const tries = failing(new Recovery(), 0, 59_999)
  assert.deepEqual(
    tries.slice(0, 6).map(({ verdict }) => verdict.delayMs),
    [100, 200, 400, 800, 1_000, 1_000],
  )
  assert.ok(tries.every(({ verdict }) => verdict.state === 'mute'))
})

test('recovery: after a minute it is set aside, and tried after pauses that double up to five minutes', () => {
  const recovery = new Recovery()
  failing(recovery, 0, 59_999)
  const verdict = recovery.failed(60_000, false)
  assert.deepEqual(verdict, { state: 'quarantined', delayMs: 5_000, why: 'mute for 60 s' })
  const delays = failing(recovery, 65_000, 3_000_000).map(({ verdict: { delayMs } }) => delayMs / 1_000)
  assert.deepEqual(delays.slice(0, 8), [10, 20, 40, 80, 160, 300, 300, 300])
})

test('recovery: who falls mute for the fifth time in ten minutes is set aside at once, and on probation then', () => {
  const recovery = new Recovery()
  const fall = (at: number): Verdict => {
    const verdict = recovery.failed(at, false)
    recovery.answered(at + 50)
    return verdict
  }
  for (let n = 0; n < 4; n++) assert.equal(fall(n * 1_000).state, 'mute')
  const why = 'fell mute 5 times in 10 min'
  assert.deepEqual(fall(4_000), { state: 'quarantined', delayMs: 5_000, why })
  assert.deepEqual(fall(5_000), { state: 'quarantined', delayMs: 10_000, why })
  // A fall counts for ten minutes, and not a millisecond longer.
  assert.equal(fall(601_999).state, 'quarantined')
  assert.equal(fall(1_201_999).state, 'mute')
})

test('recovery: a clean record of ten minutes makes the pauses short again', () => {
  const recovery = new Recovery()
  failing(recovery, 0, 100_000)
  recovery.answered(200_000)
  recovery.answered(700_000)
  failing(recovery, 800_000, 859_999)
  assert.equal(recovery.failed(860_000, false).delayMs, 5_000)
})

test('recovery: a way that is stuck is asked each second, whatever the record', () => {
  const recovery = new Recovery()
  for (let at = 0; at < 300_000; at += 1_000) {
    assert.deepEqual(recovery.failed(at, true), { state: 'quarantined', delayMs: 1_000, why: 'stuck' })
  }
})

test('recovery: resets and losses of power are tried in turn', () => {
  const recovery = new Recovery()
  const rungs = [1, 2, 3].map((at) => {
    recovery.failed(at, false)
    return recovery.rung
  })
  assert.deepEqual(rungs, ['cold', 'power', 'cold'])
})
