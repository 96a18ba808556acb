import assert from 'node:assert/strict'
import test from 'node:test'
import { LinkError } from '../../src/drivers/errors.ts'
import { settle } from '../support/manual-clock.ts'
import { end, grantsOf, poolBench } from '../support/pool-bench.ts'
import { atrNamed } from '../support/scripted-element.ts'
import { command, gate, MUTE, NEVER } from '../support/slot-bench.ts'

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

test('pool: a member that dies while it is reset for a client is replaced, the place in line kept', async () => {
  const { acquire, arrive, element, leave, clock } = await poolBench(['a', 'b'], ['a'])
  const lease = await acquire('1')
  await command(lease)
  element('a').onReset = () => Promise.reject(MUTE)
  await end(lease)
  const reset = gate<Uint8Array>()
  element('a').onReset = () => reset.promise
  const early = acquire('2')
  await arrive('b')
  const b = await acquire('3')
  await clock.advanceBy(1)
  const grants = await grantsOf([early, acquire('4')])
  leave('a')
  reset.fail(MUTE)
  await settle()
  assert.equal(b.slot.seid, 'b')
  await end(b)
  assert.deepEqual(grants(), ['0:b'])
})

test('pool: a member that goes mute is passed over as long as another answers, and back when it answers again', async () => {
  const { acquire, element, slot } = await poolBench(['a', 'b'])
  const a = await acquire('1')
  await command(a)
  element('a').onReset = () => Promise.reject(MUTE)
  await end(a)
  assert.equal(slot('a').state, 'mute')
  await acquire('2')
  const grants = await grantsOf([acquire('3')])
  assert.deepEqual(grants(), [])
  element('a').onReset = () => atrNamed('a.com')
  await end(await slot('a').tryAcquire('racs', NEVER))
  assert.deepEqual(grants(), ['0:a'])
})

test('pool: mute members are tried one after the other when none answers, each once', async () => {
  const { acquire, element } = await poolBench(['a', 'b', 'c'])
  for (const name of ['a', 'b', 'c']) {
    const lease = await acquire(name)
    await command(lease)
    element(name).onReset = () => Promise.reject(MUTE)
    await end(lease)
    element(name).takeCalls()
  }
  await assert.rejects(acquire('1'), { code: 'element.mute' })
  const calls = ['a', 'b', 'c'].map((name) => element(name).takeCalls())
  assert.deepEqual(calls, [['cold'], ['cold'], ['cold']])
  element('b').onReset = () => atrNamed('b.com')
  assert.equal((await acquire('2')).slot.seid, 'b')
})

test('pool: who has waited until its deadline is not passed on to further members', async () => {
  const { acquire, element, clock } = await poolBench(['a', 'b'])
  for (const name of ['a', 'b']) {
    const lease = await acquire(name)
    await command(lease)
    element(name).onReset = () => Promise.reject(MUTE)
    await end(lease)
    element(name).takeCalls()
  }
  const reset = gate<Uint8Array>()
  element('a').onReset = () => reset.promise
  const grants = await grantsOf([acquire('1', 100)])
  await clock.advanceTo(100)
  reset.fail(new LinkError('link.timeout', 'no answer'))
  await settle()
  assert.deepEqual(grants(), ['0:link.timeout'])
  assert.deepEqual(element('b').takeCalls(), [])
})

test('pool: when the last member that answers falls silent, the mute ones are tried for all who wait', async () => {
  const { acquire, element } = await poolBench(['a', 'b'])
  const [a, b] = [await acquire('1'), await acquire('2')]
  for (const lease of [a, b]) await command(lease)
  for (const name of ['a', 'b']) element(name).onReset = () => Promise.reject(MUTE)
  await end(b)
  const grants = await grantsOf([acquire('3'), acquire('4')])
  const reset = gate<Uint8Array>()
  element('b').onReset = () => reset.promise
  element('b').takeCalls()
  let lastOfLease = 2
  element('a').onReset = () => (lastOfLease-- > 0 ? Promise.reject(MUTE) : reset.promise)
  await end(a)
  assert.deepEqual(element('b').calls, ['cold'])
  reset.open(atrNamed('b.com'))
  await settle()
  assert.deepEqual(grants(), ['0:b', '1:a'])
})

test('pool: an element that comes back while its old lease lasts is introduced before anybody gets it', async () => {
  const { acquire, arrive, element, leave, clock } = await poolBench(['a', 'b'])
  const [a] = [await acquire('1'), await acquire('2')]
  const grants = await grantsOf([acquire('3')])
  await clock.advanceBy(1)
  leave('a')
  element('a').takeCalls()
  const arrival = arrive('a')
  await end(a)
  await arrival
  await settle()
  assert.deepEqual(grants(), ['0:a'])
  assert.deepEqual(element('a').calls, ['cold', 'warm'])
})

test('pool: who has been let in is not sent away by a full line when a member fails it', async () => {
  const { acquire, arrive, element, clock } = await poolBench(['a', 'b'], ['a'])
  const lease = await acquire('1')
  await command(lease)
  element('a').onReset = () => Promise.reject(MUTE)
  await end(lease)
  const reset = gate<Uint8Array>()
  element('a').onReset = () => reset.promise
  const early = acquire('2')
  await arrive('b')
  const b = await acquire('3')
  await clock.advanceBy(1)
  const grants = await grantsOf([early, acquire('4'), acquire('5')])
  reset.fail(MUTE)
  await settle()
  assert.deepEqual(grants(), [])
  await end(b)
  assert.deepEqual(grants(), ['0:b'])
})
