import assert from 'node:assert/strict'
import test from 'node:test'
import { Pace } from '../../src/drivers/pace.ts'

/** How long a question takes, pool thread and wire together. */
const ASK_MS = 0.1

/** Plays one command of `tookMs`; a pause ends `lateMs` late, and each question waits `queuedMs` for the bus. */
function play(
  pace: Pace,
  tookMs: number,
  { lateMs = 0, queuedMs = 0 } = {},
): { doneMs: number; asked: number } {
  let now = 0
  let busyMs: number | undefined
  for (let asked = 1; ; asked++) {
    const wait = pace.next(now)
    if (wait > 0) now += wait + lateMs
    now += queuedMs
    const heardMs = now
    now += ASK_MS
    if (heardMs >= tookMs) {
      pace.learn(busyMs, heardMs)
      return { doneMs: now, asked }
    }
    busyMs = heardMs
  }
}

for (const tookMs of [0, 0.2, 1, 5, 9, 20, 50, 400]) {
  test(`pace: once it knows a command of ${tookMs} ms, it has the answer within 0.5 ms, with few questions`, () => {
    const pace = new Pace()
    for (let n = 0; n < 30; n++) play(pace, tookMs)
    for (let n = 0; n < 20; n++) {
      const { doneMs, asked } = play(pace, tookMs, { lateMs: (n % 10) / 20 })
      assert.ok(doneMs - tookMs <= 0.5, `${doneMs - tookMs} ms late`)
      assert.ok(asked <= 25, `${asked} questions`)
    }
  })
}

test('pace: an unknown command is asked about at once, then once a millisecond, then ever more rarely', () => {
  const pace = new Pace()
  assert.equal(pace.next(0), 0)
  assert.equal(pace.next(1.9), 0)
  assert.equal(pace.next(2), 1)
  assert.equal(pace.next(500), 10)
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

test('pace: questions that had to wait for the bus do not make it ask earlier or later', () => {
  const pace = new Pace()
  for (let n = 0; n < 30; n++) play(pace, 20)
  for (let n = 0; n < 100; n++) play(pace, 20, { queuedMs: (n * 7) % 5 })
  const { doneMs, asked } = play(pace, 20)
  assert.ok(doneMs - 20 <= 0.5 && asked <= 20, `${doneMs - 20} ms late after ${asked} questions`)
})
