import assert from 'node:assert/strict'
import test from 'node:test'
import { ElementError } from '../../src/drivers/errors.ts'
import { type Seid, seidOf, senOfBytes } from '../../src/slots/identity.ts'
import { Inventory } from '../../src/slots/inventory.ts'
import { hex } from '../support/hex-fields.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { RecordedLog } from '../support/recorded-log.ts'
import { arrivalOf, ScriptedElement } from '../support/scripted-element.ts'
import { slotEnvironment } from '../support/slot-environment.ts'

const NEVER = new AbortController().signal

function bench() {
  const log = new RecordedLog()
  const inventory = new Inventory(slotEnvironment({ clock: new ManualClock(), log, queueLength: 2 }))
  const namesOf = (sen: string): string[] =>
    inventory.bySen(senOfBytes(Buffer.from(sen, 'latin1'))!).map(({ seid }) => seid)
  return { log, inventory, namesOf }
}

test('inventory: numbers slots in order of arrival and finds them by name, SEID and alias', async () => {
  const { inventory, namesOf } = bench()
  await inventory.arrive(arrivalOf(new ScriptedElement('sim1', 'key1.com')), 'simulator')
  await inventory.arrive(
    arrivalOf(new ScriptedElement('sim2', 'key2.com'), { aliases: ['999', '998'] }),
    'simulator',
  )
  assert.deepEqual(
    inventory.slots.map(({ id, seid, state }) => ({ id, seid, state })),
    [
      { id: 1, seid: 'sim1', state: 'ready' },
      { id: 2, seid: 'sim2', state: 'ready' },
    ],
  )
  assert.deepEqual(namesOf('key2.com'), ['sim2'])
  assert.deepEqual(namesOf('KEY2.com'), [])
  assert.equal(inventory.bySeid('sim1')?.id, 1)
  assert.equal(inventory.bySeid('998')?.id, 2)
  assert.equal(inventory.bySeid('key1.com'), undefined)
})

test('inventory: a configured name is the one that routes, that of the ATR no more', async () => {
  const { inventory, namesOf } = bench()
  await inventory.arrive(
    arrivalOf(new ScriptedElement('sim1', 'key1.com'), { sen: 'signer.example' }),
    'simulator',
  )
  assert.deepEqual(namesOf('signer.example'), ['sim1'])
  assert.deepEqual(namesOf('key1.com'), [])
})

test('inventory: a configured name routes to an element that was mute from the start, so that it is tried', async () => {
  const { inventory, namesOf } = bench()
  const element = new ScriptedElement('sim1')
  element.onReset = () => Promise.reject(new ElementError('element.mute', 'no answer to reset'))
  await inventory.arrive(arrivalOf(element, { sen: 'signer.example' }), 'simulator')
  assert.equal(inventory.slots[0]?.state, 'mute')
  assert.deepEqual(namesOf('signer.example'), ['sim1'])
})

test('inventory: an element that comes back under its SEID gets its old slot, with its new name', async () => {
  const { inventory, namesOf } = bench()
  const element = new ScriptedElement('sim1', 'key1.com')
  await inventory.arrive(arrivalOf(element), 'simulator')
  inventory.leave(element, 'pulled')
  assert.equal(inventory.slots[0]?.state, 'absent')
  assert.deepEqual(namesOf('key1.com'), [])
  await inventory.arrive(arrivalOf(new ScriptedElement('sim1', 'key3.com')), 'simulator')
  assert.equal(inventory.slots.length, 1)
  assert.equal(inventory.slots[0].state, 'ready')
  assert.deepEqual(namesOf('key3.com'), ['sim1'])
})

test('inventory: the same element object may leave and come back', async () => {
  const { inventory } = bench()
  const element = new ScriptedElement('sim1')
  for (let time = 0; time < 3; time++) {
    await inventory.arrive(arrivalOf(element), 'simulator')
    assert.deepEqual(element.takeCalls(), ['cold', 'warm'])
    inventory.leave(element, 'pulled')
  }
  assert.equal(inventory.slots.length, 1)
})

test('inventory: an element that leaves twice, or was never there, changes nothing', async () => {
  const { inventory } = bench()
  const element = new ScriptedElement('sim1')
  await inventory.arrive(arrivalOf(element), 'simulator')
  inventory.leave(element, 'pulled')
  await inventory.arrive(arrivalOf(new ScriptedElement('sim1')), 'simulator')
  inventory.leave(element, 'pulled')
  inventory.leave(new ScriptedElement('sim2'), 'pulled')
  assert.equal(inventory.slots[0]?.state, 'ready')
})

for (const { what, seid, aliases, cause } of [
  { what: 'the SEID of a slot in use', seid: 'sim1', aliases: [], cause: /'sim1' already belongs to slot 1/ },
  { what: 'an alias of another slot as SEID', seid: '999', aliases: [], cause: /'999' already belongs/ },
  { what: 'the SEID of another slot as alias', seid: 'x', aliases: ['sim1'], cause: /'sim1' already/ },
  { what: 'an alias of another slot as alias', seid: 'x', aliases: ['y', '999'], cause: /'999' already/ },
  { what: 'a SEID with a blank', seid: 'a b', aliases: [], cause: /'a b' is no SEID/ },
  { what: 'its own SEID as alias', seid: 'own', aliases: ['own'], cause: /'own' is there twice/ },
  { what: 'an empty SEID', seid: '', aliases: [], cause: /'' is no SEID/ },
  { what: 'a bad alias', seid: 'x', aliases: ['b\u00fcro'], cause: /is no SEID/ },
]) {
  test(`inventory: refuses ${what}, in the log, without touching the element`, async () => {
    const { inventory, log } = bench()
    await inventory.arrive(arrivalOf(new ScriptedElement('sim1'), { aliases: ['999'] }), 'simulator')
    const element = new ScriptedElement('late')
    await inventory.arrive(arrivalOf(element, { seid, aliases }), 'simulator')
    assert.equal(inventory.slots.length, 1)
    assert.deepEqual(element.calls, [])
    const [line, ...more] = log.of('slot.refused')
    assert.equal(more.length, 0)
    assert.equal(line?.fields['seid'], seid)
    assert.match(String(line.fields['cause']), cause)
  })
}

test('inventory: a name that two elements have is reported with both', async () => {
  const { inventory, log, namesOf } = bench()
  await inventory.arrive(arrivalOf(new ScriptedElement('sim1', 'key1.com')), 'simulator')
  await inventory.arrive(arrivalOf(new ScriptedElement('sim2', 'key1.com')), 'simulator')
  assert.deepEqual(namesOf('key1.com'), ['sim1', 'sim2'])
  assert.deepEqual(log.of('slot.name-duplicated'), [
    { level: 'warn', event: 'slot.name-duplicated', fields: { sen: 'key1.com', seids: ['sim1', 'sim2'] } },
  ])
})

test('inventory: two elements without a name are no namesakes', async () => {
  const { inventory, log } = bench()
  for (const name of ['sim1', 'sim2']) {
    const element = new ScriptedElement(name)
    element.onReset = () => hex('3B 00')
    await inventory.arrive(arrivalOf(element), 'simulator')
  }
  assert.deepEqual(log.of('slot.name-duplicated'), [])
})

test('inventory: revokeAll takes every slot from holders and waiters', async () => {
  const { inventory } = bench()
  await inventory.arrive(arrivalOf(new ScriptedElement('sim1')), 'simulator')
  await inventory.arrive(arrivalOf(new ScriptedElement('sim2')), 'simulator')
  const leases = await Promise.all(
    inventory.slots.map((slot) => slot.acquire({ holder: 'a', deadline: Infinity }, NEVER)),
  )
  const waiting = inventory.slots[1]!.acquire({ holder: 'b', deadline: Infinity }, NEVER)
  inventory.revokeAll('the gateway is stopping')
  await assert.rejects(waiting, { code: 'lease.revoked', message: 'the gateway is stopping' })
  assert.ok(leases.every(({ revoked }) => revoked.aborted))
})

test('identity: a SEID is 1 to 63 printable characters without a blank', () => {
  const good: string[] = ['a', '~!', 'i2c-1-48', 'x'.repeat(63)]
  assert.deepEqual(
    good.map((text) => seidOf(text)),
    good as Seid[],
  )
  const bad = ['', 'x'.repeat(64), 'a b', 'a\n', '\u007f', 'b\u00fcro']
  assert.deepEqual(
    bad.filter((text) => seidOf(text) !== undefined),
    [],
  )
})

test('identity: a SEN is compared byte by byte, non-ASCII bytes, case and trailing dots included', () => {
  assert.equal(senOfBytes(hex('')), undefined)
  assert.equal(senOfBytes(hex('6B C3 BC 00')), 'k\u00c3\u00bc\u0000')
  assert.equal(senOfBytes(hex('00 6B 2E 00').subarray(1, 3)), 'k.')
})
