import assert from 'node:assert/strict'
import test from 'node:test'
import type { Sen } from '../../src/slots/identity.ts'
import { Inventory } from '../../src/slots/inventory.ts'
import { hex } from '../support/hex-fields.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'
import { end, grantsOf, poolBench } from '../support/pool-bench.ts'
import { arrivalOf, atrNamed, ScriptedElement } from '../support/scripted-element.ts'
import { NEVER } from '../support/slot-bench.ts'
import { slotEnvironment } from '../support/slot-environment.ts'

test('pool: elements with another application are left out, with one warning for each change', async () => {
  const { arrive, leave, pool, log } = await poolBench(['a', 'b', 'c'], ['a'])
  const seids = () => pool.members.map(({ seid }) => seid)
  const warnings = () => log.of('pool.mixed').map(({ fields }) => fields)
  const aid = hex('01 02 03 04 05')
  await arrive('b', { aid })
  assert.deepEqual(seids(), ['a'])
  assert.deepEqual(warnings(), [{ pool: 'signer', seids: ['b'], cause: 'a has the AID default' }])
  await arrive('c', { aid })
  assert.deepEqual(warnings()[1]?.['seids'], ['b', 'c'])
  leave('a')
  assert.deepEqual(seids(), ['b', 'c'])
  await arrive('a')
  assert.deepEqual(warnings()[2], { pool: 'signer', seids: ['b', 'c'], cause: 'a has the AID default' })
  assert.equal(warnings().length, 3)
})

test('pool: a binding brings an element into the pool and out of it', async () => {
  const { inventory, pool, slot, acquire } = await poolBench(['bound.com', 'b'], ['a', 'b'])
  const seids = () => pool.members.map(({ seid }) => seid)
  await acquire('1')
  const grants = await grantsOf([acquire('2')])
  await inventory.bind(slot('a'), { sen: 'bound.com' as Sen, aid: undefined })
  await settle()
  assert.deepEqual(seids(), ['a', 'b'])
  assert.deepEqual(grants(), ['0:a'])
  await inventory.bind(slot('b'), { sen: null, aid: undefined })
  assert.deepEqual(seids(), ['a'])
  await inventory.bind(slot('a'), { sen: 'other.com' as Sen, aid: undefined })
  assert.deepEqual(seids(), [])
})

test('pool: a name that a reset changes brings an element into the pool', async () => {
  const { pool, slot, element, acquire } = await poolBench(['new.com', 'b'], ['a', 'b'])
  await acquire('1')
  const grants = await grantsOf([acquire('2')])
  const lease = await slot('a').acquire({ holder: 'admin', deadline: Infinity }, NEVER)
  element('a').onReset = () => atrNamed('new.com')
  await lease.reset('cold')
  assert.deepEqual(
    pool.members.map(({ seid }) => seid),
    ['a', 'b'],
  )
  await end(lease)
  assert.deepEqual(grants(), ['0:a'])
})

test('pool: an element that has the name of the pool for its own is reported once for each change', async () => {
  const { arrive, log } = await poolBench(['a'])
  await arrive('b', { sen: 'signer' })
  await arrive('c')
  await arrive('d', { sen: 'signer' })
  assert.deepEqual(
    log.of('pool.shadows').map(({ fields }) => fields),
    [
      { pool: 'signer', seids: ['b'] },
      { pool: 'signer', seids: ['b', 'd'] },
    ],
  )
})

test('pool: elements of one name that a pool takes are no ambiguity, others are', async () => {
  const { arrive, log, pool } = await poolBench(['twin'], [])
  for (const name of ['a', 'b']) await arrive(name, { sen: 'twin' })
  assert.equal(pool.members.length, 2)
  assert.deepEqual(log.of('slot.name-duplicated'), [])
  for (const name of ['c', 'd']) await arrive(name, { sen: 'other' })
  assert.deepEqual(log.of('slot.name-duplicated')[0]?.fields, { sen: 'other', seids: ['c', 'd'] })
})

test('pool: one element in two pools goes to whoever has waited longest', async () => {
  const clock = new ManualClock()
  const pools = ['first', 'second'].map((sen) => ({ sen, members: ['a'] }))
  const inventory = new Inventory(slotEnvironment({ clock, queueLength: 2 }), undefined, pools)
  await inventory.arrive(arrivalOf(new ScriptedElement('a')), 'simulator')
  const acquire = (sen: string) =>
    inventory.pool(sen as Sen)!.acquire({ holder: sen, deadline: Infinity }, 300, NEVER)
  const lease = await acquire('first')
  const waiting = [acquire('second')]
  await clock.advanceBy(1)
  waiting.push(acquire('first'))
  const grants = await grantsOf(waiting)
  assert.equal(inventory.bySeid('a')!.waiting, 2)
  await end(lease)
  assert.deepEqual(grants(), ['0:a'])
  await end((await waiting[0])!)
  assert.deepEqual(grants(), ['1:a'])
})
