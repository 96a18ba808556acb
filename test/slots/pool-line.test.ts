import assert from 'node:assert/strict'
import test from 'node:test'
import { LinkError } from '../../src/drivers/errors.ts'
import { settle } from '../support/manual-clock.ts'
import { end, grantsOf, poolBench } from '../support/pool-bench.ts'
import { atrNamed } from '../support/scripted-element.ts'
import { command, gate, NEVER } from '../support/slot-bench.ts'

test('pool: clients go round the idle members, also when each is done before the next comes', async () => {
  const { acquire } = await poolBench(['a', 'b', 'c'])
  const taken: string[] = []
  for (let time = 0; time < 6; time++) {
    const lease = await acquire(`client ${time}`)
    taken.push(lease.slot.seid)
    await end(lease)
  }
  assert.deepEqual(taken, ['a', 'b', 'c', 'a', 'b', 'c'])
})

test('pool: a member that somebody else holds is passed over', async () => {
  const { acquire, slot } = await poolBench(['a', 'b', 'c'])
  await using direct = await slot('a').acquire({ holder: 'direct', deadline: Infinity }, NEVER)
  assert.equal((await acquire('one')).slot.seid, 'b')
  assert.equal((await acquire('two')).slot.seid, 'c')
  assert.equal(direct.slot.seid, 'a')
})

test('pool: who waits gets the member that is first given back, in the order of arrival', async () => {
  const { acquire } = await poolBench(['a', 'b', 'c'])
  const [a, b, c] = [await acquire('1'), await acquire('2'), await acquire('3')]
  const grants = await grantsOf([acquire('4'), acquire('5')])
  assert.deepEqual(grants(), [])
  await end(c)
  assert.deepEqual(grants(), ['0:c'])
  await end(a)
  assert.deepEqual(grants(), ['1:a'])
  await end(b)
})

test('pool: a client of a member itself and those of the pool are served as they came', async () => {
  const { acquire, slot, clock } = await poolBench(['a', 'b'])
  const [a] = [await acquire('1'), await acquire('2')]
  const direct = (holder: string) => slot('a').acquire({ holder, deadline: Infinity }, NEVER)
  const waiting = []
  for (const ask of [() => acquire('3'), () => direct('4'), () => acquire('5')]) {
    waiting.push(ask())
    await clock.advanceBy(1)
  }
  const grants = await grantsOf(waiting)
  await end(a)
  for (const expected of ['0:a', '1:a', '2:a']) {
    assert.deepEqual(grants(), [expected])
    await end((await waiting.shift())!)
  }
})

test('pool: as many may wait as for its members one by one, and the members own lines stay free', async () => {
  const { acquire, slot, clock } = await poolBench(['a', 'b'])
  const holders = [await acquire('1'), await acquire('2')]
  const waiting = [3, 4, 5, 6].map((number) => acquire(String(number)))
  await assert.rejects(acquire('7'), {
    code: 'lease.queue-full',
    message: "all 2 elements of pool 'signer' are held, and 4 wait already",
  })
  assert.equal(slot('a').waiting, 4)
  await clock.advanceBy(1)
  const direct = slot('a').acquire({ holder: 'direct', deadline: Infinity }, NEVER)
  const grants = await grantsOf([...waiting, direct])
  await end(holders[0]!)
  assert.deepEqual(grants(), ['0:a'])
})

test('pool: a wait ends at its deadline, and leaves neither a place nor a timer', async () => {
  const { acquire, clock, pool } = await poolBench(['a'])
  const holder = await acquire('1')
  const grants = await grantsOf([acquire('2', 150)])
  await clock.advanceTo(149)
  assert.deepEqual(grants(), [])
  await clock.advanceTo(150)
  assert.deepEqual(grants(), ['0:lease.expired'])
  assert.deepEqual([pool.waiting, clock.pending], [0, 0])
  await end(holder)
  assert.equal((await acquire('3')).slot.seid, 'a')
  assert.equal(clock.pending, 0)
})

test('pool: who gives up while waiting, or before asking, gets nothing and keeps nothing', async () => {
  const { acquire, clock, pool } = await poolBench(['a'])
  const holder = await acquire('1')
  const controller = new AbortController()
  const quitter = acquire('2', 1000, controller.signal)
  const grants = await grantsOf([quitter, acquire('3')])
  controller.abort(new LinkError('link.closed', 'gone'))
  await settle()
  assert.deepEqual(grants(), ['0:link.closed'])
  assert.equal(clock.pending, 0)
  await end(holder)
  assert.deepEqual(grants(), ['1:a'])
  await assert.rejects(acquire('4', 1000, controller.signal), { code: 'link.closed' })
  assert.equal(pool.waiting, 0)
})

test('pool: a hello that only one member takes waits for that one, and lets others go by', async () => {
  const { arrive, acquire, pool } = await poolBench(['a', 'b'], ['a'])
  await arrive('b', { maxRecordBytes: 800 })
  const large = (holder: string) => pool.acquire({ holder, deadline: Infinity }, 800, NEVER)
  assert.equal(pool.maxRecordBytes, 800)
  const [a, b] = [await acquire('1'), await large('2')]
  assert.deepEqual([a.slot.seid, b.slot.seid], ['a', 'b'])
  const grants = await grantsOf([large('3'), acquire('4')])
  await end(a)
  assert.deepEqual(grants(), ['1:a'])
  await end(b)
  assert.deepEqual(grants(), ['0:b'])
})

test('pool: while its clients wait for the reset after a lease, an administrator finds the member busy', async () => {
  const { acquire, element, slot } = await poolBench(['a'])
  const lease = await acquire('1')
  await command(lease)
  const reset = gate<Uint8Array>()
  element('a').onReset = () => reset.promise
  const ending = lease[Symbol.asyncDispose]()
  const grants = await grantsOf([acquire('2')])
  await assert.rejects(slot('a').tryAcquire('racs', NEVER), { code: 'lease.busy', message: /1 waiting/ })
  reset.open(atrNamed('a.com'))
  await ending
  await settle()
  assert.deepEqual(grants(), ['0:a'])
})

test('pool: revokeAll sends away who waits for a pool, and gives nothing to them', async () => {
  const { inventory, acquire, clock } = await poolBench(['a'])
  const lease = await acquire('1')
  const waiting = acquire('2', 1000)
  inventory.revokeAll('the gateway is stopping')
  await assert.rejects(waiting, { code: 'lease.revoked', message: 'the gateway is stopping' })
  assert.ok(lease.revoked.aborted)
  assert.equal(clock.pending, 0)
})
