import assert from 'node:assert/strict'
import test from 'node:test'
import { LeaseError } from '../../src/slots/errors.ts'
import { LeaseQueue } from '../../src/slots/lease-queue.ts'
import type { Priority } from '../../src/slots/turn-order.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'

const NEVER = new AbortController().signal

/** A queue, and the order in which names got the right or were refused. */
function bench(capacity = 3) {
  const clock = new ManualClock()
  const queue = new LeaseQueue(clock, capacity)
  const events: string[] = []
  const enter = (
    holder: string,
    { deadline = Infinity, signal = NEVER, priority, address }: Options = {},
  ): Promise<unknown> =>
    queue.enter({ holder, deadline, priority, address }, signal).then(
      () => events.push(holder),
      (error: unknown) =>
        events.push(`${holder} ${error instanceof LeaseError ? error.code : String(error)}`),
    )
  return { clock, queue, events, enter }
}

interface Options {
  deadline?: number
  signal?: AbortSignal
  priority?: Priority
  address?: string
}

test('lease queue: gives the right to the first at once and to the others in the order they came', async () => {
  const { queue, events, enter } = bench()
  const all = ['a', 'b', 'c', 'd'].map((name) => enter(name))
  await settle()
  assert.deepEqual(events, ['a'])
  assert.equal(queue.waiters.length, 3)
  for (const expected of ['b', 'c', 'd']) {
    queue.leave()
    await settle()
    assert.equal(events.at(-1), expected)
    assert.equal(queue.holder, expected)
  }
  queue.leave()
  await Promise.all(all)
  assert.equal(queue.holder, undefined)
  assert.equal(queue.waiters.length, 0)
  assert.deepEqual(events, ['a', 'b', 'c', 'd'])
})

test('lease queue: refuses the one over its capacity at once, and takes the next when a place is free', async () => {
  const { queue, events, enter } = bench(2)
  for (const name of ['a', 'b', 'c', 'd']) enter(name).catch(() => undefined)
  await settle()
  assert.deepEqual(events, ['a', 'd lease.queue-full'])
  assert.equal(queue.waiters.length, 2)
  queue.leave()
  enter('e').catch(() => undefined)
  enter('f').catch(() => undefined)
  await settle()
  assert.deepEqual(events.slice(2).sort(), ['b', 'f lease.queue-full'])
})

test('lease queue: a capacity of 0 lets nobody wait, but still one hold', async () => {
  const { events, enter } = bench(0)
  await enter('a')
  await enter('b')
  assert.deepEqual(events, ['a', 'b lease.queue-full'])
})

test('lease queue: a wait ends exactly at its deadline, not a millisecond before', async () => {
  const { clock, queue, events, enter } = bench()
  await clock.advanceTo(1000)
  enter('a').catch(() => undefined)
  enter('b', { deadline: 1500 }).catch(() => undefined)
  enter('c', { deadline: 1499.5 }).catch(() => undefined)
  await clock.advanceTo(1499)
  assert.deepEqual(events, ['a'])
  await clock.advanceTo(1499.5)
  assert.deepEqual(events, ['a', 'c lease.expired'])
  await clock.advanceTo(1500)
  assert.deepEqual(events, ['a', 'c lease.expired', 'b lease.expired'])
  assert.equal(queue.waiters.length, 0)
  assert.equal(queue.holder, 'a')
})

test('lease queue: says how long was waited and who holds it when a wait expires', async () => {
  const { clock, queue } = bench()
  await queue.enter({ holder: 'a', deadline: Infinity }, NEVER)
  const waiting = assert.rejects(queue.enter({ holder: 'b', deadline: 250 }, NEVER), {
    name: 'LeaseError',
    code: 'lease.expired',
    message: 'waited 250 ms, still held by a',
  })
  await clock.advanceTo(250)
  await waiting
})

test('lease queue: a wait that was granted cannot expire or be aborted any more, and leaves no timer', async () => {
  const { clock, queue, events, enter } = bench()
  const controller = new AbortController()
  enter('a').catch(() => undefined)
  enter('b', { deadline: 100, signal: controller.signal }).catch(() => undefined)
  queue.leave()
  controller.abort(new Error('late'))
  assert.equal(clock.pending, 0)
  await clock.advanceTo(1000)
  assert.deepEqual(events, ['a', 'b'])
  assert.equal(queue.holder, 'b')
})

test('lease queue: who gives up while waiting is rejected with the reason, and loses the place only', async () => {
  const { clock, queue, events, enter } = bench()
  const controller = new AbortController()
  enter('a').catch(() => undefined)
  enter('b', { signal: controller.signal, deadline: 100 }).catch(() => undefined)
  enter('c').catch(() => undefined)
  controller.abort(new Error('gone'))
  assert.equal(queue.waiters.length, 1)
  assert.equal(clock.pending, 0)
  queue.leave()
  await settle()
  assert.deepEqual(events, ['a', 'b Error: gone', 'c'])
})

test('lease queue: who gave up before asking gets nothing, even when the right is free', async () => {
  const { queue, events, enter } = bench()
  await enter('a', { signal: AbortSignal.abort(new Error('gone')) })
  assert.deepEqual(events, ['a Error: gone'])
  assert.equal(queue.holder, undefined)
})

test('lease queue: leave hands over within the call, so that nobody slips in between', async () => {
  const { queue, events, enter } = bench()
  enter('a').catch(() => undefined)
  enter('b').catch(() => undefined)
  queue.leave()
  assert.equal(queue.holder, 'b')
  enter('c').catch(() => undefined)
  assert.equal(queue.waiters.length, 1)
  await settle()
  assert.deepEqual(events, ['a', 'b'])
})

test('lease queue: dismiss sends all who wait away and leaves the holder', async () => {
  const { clock, queue, events, enter } = bench()
  for (const name of ['a', 'b', 'c']) enter(name, { deadline: 100 }).catch(() => undefined)
  queue.dismiss(new LeaseError('lease.revoked', 'the gateway is stopping'))
  await settle()
  assert.deepEqual(events, ['a', 'b lease.revoked', 'c lease.revoked'])
  assert.equal(queue.holder, 'a')
  assert.equal(queue.waiters.length, 0)
  assert.equal(clock.pending, 0)
  queue.leave()
  await enter('d')
  assert.equal(queue.holder, 'd')
})

test('lease queue: an operator goes before the others, and is let in when the queue is full', async () => {
  const { queue, events, enter } = bench(1)
  enter('a').catch(() => undefined)
  enter('b').catch(() => undefined)
  enter('c', { priority: 'operator' }).catch(() => undefined)
  enter('d', { priority: 'operator' }).catch(() => undefined)
  assert.equal(queue.waiters.length, 3)
  for (let turn = 0; turn < 3; turn++) {
    queue.leave()
    await settle()
  }
  assert.deepEqual(events, ['a', 'c', 'd', 'b'])
})

test('lease queue: who has waited for five seconds goes before operators, not a millisecond before that', async () => {
  for (const [waitedMs, order] of [
    [4_999, ['a', 'op', 'b']],
    [5_000, ['a', 'b', 'op']],
  ] as const) {
    const { clock, queue, events, enter } = bench()
    enter('a').catch(() => undefined)
    enter('b').catch(() => undefined)
    enter('op', { priority: 'operator' }).catch(() => undefined)
    await clock.advanceTo(waitedMs)
    for (let turn = 0; turn < 2; turn++) {
      queue.leave()
      await settle()
    }
    assert.deepEqual(events, order)
  }
})

test('lease queue: the gateway goes before everybody, is not counted, and is not sent away', async () => {
  const { queue, events, enter } = bench(1)
  enter('a').catch(() => undefined)
  enter('b').catch(() => undefined)
  enter('gateway', { priority: 'gateway' }).catch(() => undefined)
  assert.equal(queue.waiters.length, 1)
  queue.dismiss(new LeaseError('lease.revoked', 'stopping'))
  queue.leave()
  await settle()
  assert.deepEqual(events, ['a', 'b lease.revoked', 'gateway'])
})

test('lease queue: who reconnects again and again gets one turn for each of the others', async () => {
  const { queue, events, enter } = bench(8)
  for (const holder of ['a1', 'a2', 'a3', 'b1', 'a4', 'c1']) {
    enter(holder, { address: holder.charAt(0) }).catch(() => undefined)
  }
  for (let turn = 0; turn < 6; turn++) {
    queue.leave()
    await settle()
  }
  assert.deepEqual(events, ['a1', 'b1', 'c1', 'a2', 'a3', 'a4'])
})

test('lease queue: a full queue makes room for an address that has less of it than another', async () => {
  const { queue, events, enter } = bench(3)
  for (const holder of ['a1', 'a2', 'a3', 'a4', 'b1', 'a5', 'b2', 'c1']) {
    enter(holder, { address: holder.charAt(0) }).catch(() => undefined)
  }
  await settle()
  // b1 displaces a4; a5 has no claim; b2 would have as many as a; c1 displaces a3.
  assert.deepEqual(events.sort(), [
    'a1',
    'a3 lease.queue-full',
    'a4 lease.queue-full',
    'a5 lease.queue-full',
    'b2 lease.queue-full',
  ])
  assert.deepEqual(
    queue.waiters.map(({ holder }) => holder),
    ['a2', 'b1', 'c1'],
  )
})
