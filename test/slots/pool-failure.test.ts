import assert from 'node:assert/strict'
import test from 'node:test'
import { settle } from '../support/manual-clock.ts'
import { end, grantsOf, poolBench } from '../support/pool-bench.ts'
import { atrNamed } from '../support/scripted-element.ts'
import { command, gate, MUTE } from '../support/slot-bench.ts'

test('pool: a member that comes during the wait serves who waits, once it has been introduced', async () => {
  const { acquire, arrive, element } = await poolBench(['a', 'b'], ['a'])
  await acquire('1')
  const grants = await grantsOf([acquire('2'), acquire('3')])
  await arrive('b')
  assert.deepEqual(grants(), ['0:b'])
  assert.deepEqual(element('b').calls, ['cold', 'warm'])
})

test('pool: a member that dies during the wait is waited for no more, another one serves', async () => {
  const { acquire, leave } = await poolBench(['a', 'b'])
  const [, b] = [await acquire('1'), await acquire('2')]
  const grants = await grantsOf([acquire('3')])
  leave('a')
  await settle()
  assert.deepEqual(grants(), [])
  await end(b)
  assert.deepEqual(grants(), ['0:b'])
})

test('pool: when the last member dies, who waits is told so', async () => {
  const { acquire, leave, clock } = await poolBench(['a', 'b'])
  await acquire('1')
  await acquire('2')
  const waiting = acquire('3', 1000)
  leave('a')
  leave('b')
  await assert.rejects(waiting, { code: 'element.gone', message: "pool 'signer' has no element for it now" })
  await assert.rejects(acquire('4'), { code: 'element.absent' })
  assert.equal(clock.pending, 0)
})

test('pool: a member that goes mute is passed over, and serves who waits when it answers again', async () => {
  const { acquire, element, slot, clock } = await poolBench(['a', 'b'])
  const a = await acquire('1')
  await command(a)
  element('a').onReset = () => Promise.reject(MUTE)
  await end(a)
  assert.equal(slot('a').state, 'mute')
  await acquire('2')
  const grants = await grantsOf([acquire('3')])
  assert.deepEqual(grants(), [])
  element('a').onReset = () => atrNamed('a.com')
  await clock.advanceBy(100)
  assert.deepEqual(grants(), ['0:a'])
})

test('pool: when no member answers, who comes is told so at once, and who comes while one is tried waits', async () => {
  const { acquire, element, clock } = await poolBench(['a', 'b'])
  for (const name of ['a', 'b']) {
    const lease = await acquire(name)
    await command(lease)
    element(name).onReset = () => Promise.reject(MUTE)
    await end(lease)
  }
  await assert.rejects(acquire('1'), { code: 'element.absent' })
  const reset = gate<Uint8Array>()
  element('b').onReset = () => reset.promise
  await clock.advanceBy(100)
  const grants = await grantsOf([acquire('2')])
  assert.deepEqual(grants(), [])
  reset.open(atrNamed('b.com'))
  await settle()
  assert.deepEqual(grants(), ['0:b'])
})

test('pool: when the last member that answers falls silent, who waits is told so', async () => {
  const { acquire, element } = await poolBench(['a', 'b'])
  const [a, b] = [await acquire('1'), await acquire('2')]
  for (const lease of [a, b]) await command(lease)
  for (const name of ['a', 'b']) element(name).onReset = () => Promise.reject(MUTE)
  const grants = await grantsOf([acquire('3'), acquire('4')])
  await end(b)
  assert.deepEqual(grants(), [])
  await end(a)
  assert.deepEqual(grants(), ['0:element.gone', '1:element.gone'])
})

test('pool: an element that comes back while its old lease lasts is introduced before anybody gets it', async () => {
  const { acquire, arrive, element, leave, clock } = await poolBench(['a', 'b'])
  const [a] = [await acquire('1'), await acquire('2')]
  const answer = gate<Uint8Array>()
  element('a').onTransmit = () => answer.promise
  const last = command(a)
  const grants = await grantsOf([acquire('3')])
  await clock.advanceBy(1)
  leave('a')
  element('a').takeCalls()
  const arrival = arrive('a')
  await settle()
  assert.deepEqual([grants(), element('a').calls], [[], []])
  answer.fail(MUTE)
  await assert.rejects(last, MUTE)
  await arrival
  await settle()
  assert.deepEqual(grants(), ['0:a'])
  assert.deepEqual(element('a').calls, ['cold', 'warm'])
})

test('pool: who was granted a member that is pulled at that moment gets another, his place in line kept', async () => {
  const { acquire, arrive, leave } = await poolBench(['a', 'b', 'c'], ['a', 'b'])
  const [a, b] = [await acquire('1'), await acquire('2')]
  const grants = await grantsOf([acquire('3'), acquire('4')])
  const ending = a[Symbol.asyncDispose]()
  leave('a')
  await ending
  await settle()
  assert.deepEqual(grants(), [])
  await arrive('c')
  assert.deepEqual(grants(), ['0:c'])
  await end(b)
  assert.deepEqual(grants(), ['1:b'])
})
