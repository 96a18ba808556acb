import assert from 'node:assert/strict'
import test from 'node:test'
import { ResetBudget } from '../../src/slots/reset-budget.ts'

test('reset budget: a tenth of a minute comes at once, the rest evenly', () => {
  const budget = new ResetBudget(60)
  const waits = Array.from({ length: 9 }, () => budget.book(0))
  assert.deepEqual(waits, [0, 0, 0, 0, 0, 0, 1_000, 2_000, 3_000])
  // Who waits as he is told finds the debt paid.
  assert.equal(budget.book(4_000), 0)
  assert.equal(budget.book(4_000), 1_000)
})

test('reset budget: rest fills it again, up to what may come at once', () => {
  const budget = new ResetBudget(60)
  for (let n = 0; n < 6; n++) budget.book(0)
  for (let n = 0; n < 6; n++) assert.equal(budget.book(3_600_000), 0)
  assert.equal(budget.book(3_600_000), 1_000)
})

test('reset budget: no client gets more than the limit out of any minute after the first', () => {
  const budget = new ResetBudget(600)
  let now = 0
  const at: number[] = []
  while (now < 300_000) {
    now += budget.book(now)
    at.push(now)
  }
  for (let minute = 1; minute < 5; minute++) {
    const count = at.filter((instant) => instant >= minute * 60_000 && instant < (minute + 1) * 60_000).length
    assert.ok(count >= 599 && count <= 601, `${count} resets in minute ${minute}`)
  }
})

test('reset budget: a limit below ten still lets one come at once', () => {
  const budget = new ResetBudget(1)
  assert.equal(budget.book(0), 0)
  assert.equal(budget.book(30_000), 30_000)
})
