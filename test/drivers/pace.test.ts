import assert from 'node:assert/strict'
import test from 'node:test'
import { Pace } from '../../src/drivers/pace.ts'

/** How long a question takes, pool thread and wire together. */
const ASK_MS = 0.1

/** Plays one command of `tookMs` with timers that are `lateMs` late. */
function play(pace: Pace, tookMs: number, lateMs = 0.9): { doneMs: number; asked: number } {
  let now = 0
  let asked = 0
  for (;;) {
    const wait = pace.next(now)
    if (wait > 0) now += wait + lateMs
    const isReady = now >= tookMs
    now += ASK_MS
    asked++
    if (isReady) {
      pace.learn(now)
      return { doneMs: now, asked }
    }
  }
}

for (const tookMs of [0, 0.2, 1, 5, 9, 20, 50, 400]) {
  test(`pace: once it knows a command of ${tookMs} ms, it has the answer within 0.5 ms, with few questions`, () => {
    const pace = new Pace()
    for (let n = 0; n < 30; n++) play(pace, tookMs)
    for (let n = 0; n < 20; n++) {
      const { doneMs, asked } = play(pace, tookMs, (n % 10) / 10)
      assert.ok(doneMs - tookMs <= 0.5, `${doneMs - tookMs} ms late`)
      assert.ok(asked <= 25, `${asked} questions`)
    }
  })
}

test('pace: an unknown command is asked about at once, then once a millisecond', () => {
  const pace = new Pace()
  assert.equal(pace.next(0), 0)
  assert.equal(pace.next(1.9), 0)
  assert.equal(pace.next(2), 1)
  assert.equal(pace.next(500), 1)
})

test('pace: a command that takes ever different times is never waited for longer than it ever took', () => {
  const pace = new Pace()
  let seed = 1
  for (let n = 0; n < 2_000; n++) {
    seed = (seed * 48_271) % 2_147_483_647
    const tookMs = seed % 60
    const { doneMs } = play(pace, tookMs)
    assert.ok(doneMs - tookMs <= 60, `${doneMs - tookMs} ms late`)
  }
})

test('pace: a command that has become slower is not asked about without a pause', () => {
  const pace = new Pace()
  for (let n = 0; n < 30; n++) play(pace, 1)
  const { asked } = play(pace, 300)
  assert.ok(asked < 200, `${asked} questions`)
  for (let n = 0; n < 30; n++) play(pace, 300)
  assert.ok(play(pace, 300).asked <= 25)
})
