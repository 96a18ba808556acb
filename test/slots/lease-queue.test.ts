import assert from 'node:assert/strict'
import test from 'node:test'
import { LeaseQueue } from '../../src/slots/lease-queue.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'

const never = new AbortController().signal

function queueOf(capacity: number): {
  clock: ManualClock
  queue: LeaseQueue
  enter: Enter
  granted: string[]
} {
  const clock = new ManualClock()
  const queue = new LeaseQueue(clock, capacity)
  const granted: string[] = []
  const enter: Enter = async (holder, deadline = 1000, signal = never) => {
    await queue.enter({ holder, deadline }, signal)
    granted.push(holder)
  }
  return { clock, queue, enter, granted }
}

type Enter = (holder: string, deadline?: number, signal?: AbortSignal) => Promise<void>

test('lease queue: serves in order of arrival and hands over within leave', async () => {
  const { queue, enter, granted } = queueOf(8)
  await enter('a')
  const [b, c] = [enter('b'), enter('c')]
  assert.deepEqual([queue.holder, queue.waiting], ['a', 2])
  queue.leave()
  // Before any promise reaction has run, the right is b's already: d cannot slip in.
  assert.equal(queue.holder, 'b')
  const d = enter('d')
  await b
  queue.leave()
  await c
  queue.leave()
  await d
  queue.leave()
  assert.deepEqual(granted, ['a', 'b', 'c', 'd'])
  assert.deepEqual([queue.holder, queue.waiting], [undefined, 0])
})

test('lease queue: takes as many waiters as its capacity, and refuses the next at once', async () => {
  for (const capacity of [0, 1, 8]) {
    const { queue, enter } = queueOf(capacity)
    await enter('holder')
    const waiting = Array.from({ length: capacity }, (_, index) => enter(`w${index}`))
    await assert.rejects(enter('one too many'), { code: 'lease.queue-full', message: /held by holder/ })
    assert.equal(queue.waiting, capacity)
    queue.dismiss(new Error('end'))
    await Promise.allSettled(waiting)
  }
})

test('lease queue: the first place is before all others and outside the capacity', async () => {
  const { queue, enter, granted } = queueOf(1)
  await enter('holder')
  const waiting = enter('waiter')
  const first = queue.enter({ holder: 'first', deadline: Infinity }, never, 'first')
  queue.leave()
  await first
  assert.equal(queue.holder, 'first')
  queue.leave()
  await waiting
  assert.deepEqual(granted, ['holder', 'waiter'])
})

test('lease queue: a wait ends at its deadline, not a millisecond before', async () => {
  const { clock, queue, enter } = queueOf(8)
  await enter('holder')
  let ended = false
  const waiting = assert.rejects(enter('late', 500), { code: 'lease.expired', message: /500 ms.*holder/ })
  void waiting.then(() => (ended = true))
  await clock.advanceTo(499)
  assert.equal(ended, false)
  await clock.advanceTo(500)
  await waiting
  assert.deepEqual([queue.waiting, clock.pending], [0, 0])
})

test('lease queue: who gives up is not served, and leaves no timer behind', async () => {
  const { clock, queue, enter, granted } = queueOf(8)
  await enter('holder')
  const controller = new AbortController()
  const gone = assert.rejects(enter('gone', 500, controller.signal), /went away/)
  const next = enter('next', 500)
  controller.abort(new Error('went away'))
  await gone
  queue.leave()
  await next
  assert.deepEqual([granted, clock.pending], [['holder', 'next'], 0])
  await assert.rejects(enter('already gone', 500, controller.signal), /went away/)
})

test('lease queue: a grant and a deadline at the same instant give the right to one only', async () => {
  const { clock, queue, enter, granted } = queueOf(8)
  await enter('holder')
  const waiting = enter('waiter', 100)
  clock.at(100, () => queue.leave())
  const outcome = await Promise.all([waiting.catch(() => 'expired'), clock.advanceTo(100)])
  await settle()
  const isServed = granted.includes('waiter')
  assert.equal(isServed, outcome[0] === undefined)
  assert.equal(queue.holder, isServed ? 'waiter' : undefined)
})
