import assert from 'node:assert/strict'
import test from 'node:test'
import { silentLog } from '../../src/base/log.ts'
import type { Arrival } from '../../src/drivers/driver.ts'
import { ElementError, LinkError } from '../../src/drivers/errors.ts'
import { Inventory } from '../../src/slots/inventory.ts'
import type { Lease, Slot } from '../../src/slots/slot.ts'
import { hex } from '../support/hex-fields.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'
import { NAMED_ATR, ScriptedElement } from '../support/scripted-element.ts'

const never = new AbortController().signal
const NAMELESS_ATR = '3B 80 80 01 | 01'

interface Rig {
  clock: ManualClock
  inventory: Inventory
  element: ScriptedElement
  slot: Slot
  acquire: (holder?: string, signal?: AbortSignal) => Promise<Lease>
}

async function rig(changes: Partial<Arrival> = {}, element = new ScriptedElement()): Promise<Rig> {
  const clock = new ManualClock()
  const inventory = new Inventory({ clock, log: silentLog, queueLength: 8 })
  await inventory.arrive({ element, seid: 'sim1', aliases: ['999'], maxRecordBytes: 512, ...changes })
  const slot = inventory.bySeid('sim1')!
  const acquire = (holder = 'h', signal = never) =>
    slot.acquire({ holder, deadline: clock.now() + 1000 }, signal)
  return { clock, inventory, element, slot, acquire }
}

const send = (lease: Lease, text = '00 D8 00 00 00'): Promise<number> =>
  lease.transmit(hex(text), new Uint8Array(258), Infinity)

test('slot: an arriving element is reset twice, for its name may show one reset late', async () => {
  const element = new ScriptedElement()
  element.atr = NAMELESS_ATR
  let resets = 0
  element.beforeReset = () => {
    if (++resets === 2) element.atr = NAMED_ATR
    return Promise.resolve()
  }
  const { slot } = await rig({}, element)
  assert.deepEqual(element.journal, ['reset cold', 'reset warm'])
  assert.deepEqual([slot.state, slot.sen, slot.atr], ['ready', 'key1.com', '3B8880016B6579312E636F6D00'])
})

test('slot: a configured name overrides the ATR, a nameless element has none', async () => {
  assert.equal((await rig({ sen: 'other.example' })).slot.sen, 'other.example')
  const nameless = new ScriptedElement()
  nameless.atr = NAMELESS_ATR
  assert.equal((await rig({}, nameless)).slot.sen, undefined)
})

test('slot: the element is reset after every lease that used it, before the next holder has it', async () => {
  const { element, slot, acquire } = await rig()
  element.journal.length = 0
  const first = await acquire('first')
  const second = acquire('second')
  await send(first)
  assert.deepEqual([slot.state, slot.holder, slot.waiting], ['leased', 'first', 1])
  await first[Symbol.asyncDispose]()
  await send(await second)
  assert.deepEqual(element.journal, ['00D8000000', 'reset warm', '00D8000000'])
  assert.equal(slot.holder, 'second')
})

test('slot: a lease that sent nothing needs no reset', async () => {
  const { element, acquire } = await rig()
  element.journal.length = 0
  await (await acquire())[Symbol.asyncDispose]()
  assert.deepEqual(element.journal, [])
})

test('slot: after a command that failed the reset is a cold one', async () => {
  const { element, acquire } = await rig()
  const lease = await acquire()
  element.journal.length = 0
  element.answer = () => {
    throw new LinkError('link.timeout', 'no answer')
  }
  await assert.rejects(send(lease), { code: 'link.timeout' })
  await lease[Symbol.asyncDispose]()
  assert.deepEqual(element.journal, ['00D8000000', 'reset cold'])
})

test('slot: a warm reset that fails is followed by a cold one', async () => {
  const { element, slot, acquire } = await rig()
  const lease = await acquire()
  await send(lease)
  element.journal.length = 0
  element.beforeReset = () => {
    element.atr =
      element.journal.at(-1) === 'reset cold' ? NAMED_ATR : new ElementError('element.mute', 'silent')
    return Promise.resolve()
  }
  await lease[Symbol.asyncDispose]()
  assert.deepEqual([element.journal, slot.state], [['reset warm', 'reset cold'], 'ready'])
})

test('slot: a mute element is tried again by the next client, and each is told', async () => {
  const { element, slot, acquire } = await rig()
  const lease = await acquire()
  await send(lease)
  element.atr = new ElementError('element.mute', 'silent')
  await lease[Symbol.asyncDispose]()
  assert.equal(slot.state, 'mute')
  await assert.rejects(acquire(), { code: 'element.mute' })
  assert.equal(slot.state, 'mute')
  element.atr = NAMED_ATR
  element.journal.length = 0
  assert.equal((await acquire()).slot, slot)
  assert.deepEqual([element.journal, slot.state], [['reset cold'], 'leased'])
})

test('slot: an ATR that cannot be parsed leaves the slot mute, not the gateway', async () => {
  const element = new ScriptedElement()
  element.atr = '3B 8F 80'
  const { slot, acquire } = await rig({}, element)
  assert.equal(slot.state, 'mute')
  await assert.rejects(acquire(), { code: 'atr.malformed' })
})

test('slot: an element that leaves takes the lease and all who wait with it', async () => {
  const { inventory, element, slot, acquire } = await rig()
  const lease = await acquire('holder')
  const waiting = assert.rejects(acquire('waiter'), { code: 'element.gone' })
  inventory.leave(element, 'pulled')
  await waiting
  assert.equal(lease.revoked.aborted, true)
  await assert.rejects(send(lease), { code: 'element.gone' })
  assert.deepEqual([slot.state, slot.sen], ['absent', undefined])
  await assert.rejects(acquire(), { code: 'element.absent' })
  element.journal.length = 0
  await lease[Symbol.asyncDispose]()
  assert.deepEqual(element.journal, [])
})

test('slot: an element that comes back under its SEID gets its slot, when the old lease is over', async () => {
  const { inventory, element, slot, acquire } = await rig()
  const lease = await acquire('old holder')
  inventory.leave(element, 'pulled')
  const again = new ScriptedElement()
  const back = inventory.arrive({ element: again, seid: 'sim1', aliases: [], maxRecordBytes: 512 })
  await settle()
  assert.deepEqual([again.journal, slot.holder], [[], 'old holder'])
  await lease[Symbol.asyncDispose]()
  await back
  assert.deepEqual([again.journal, slot.state], [['reset cold', 'reset warm'], 'ready'])
  assert.equal(inventory.slots.length, 1)
})

test('slot: a revoked lease sends nothing more, and ends like any other', async () => {
  const { inventory, element, acquire } = await rig()
  const lease = await acquire()
  await send(lease)
  inventory.revokeAll('stopping')
  await assert.rejects(send(lease), { code: 'lease.revoked', message: 'stopping' })
  element.journal.length = 0
  await lease[Symbol.asyncDispose]()
  await lease[Symbol.asyncDispose]()
  assert.deepEqual(element.journal, ['reset warm'])
  await assert.rejects(send(lease), { code: 'internal.unreachable' })
})

test('slot: a client that goes while its element is being reset gets no lease, and the next one does', async () => {
  const { element, slot, acquire } = await rig()
  const lease = await acquire()
  await send(lease)
  element.atr = new ElementError('element.mute', 'silent')
  await lease[Symbol.asyncDispose]()
  element.atr = NAMED_ATR
  const controller = new AbortController()
  element.beforeReset = () => {
    controller.abort(new Error('went away'))
    return Promise.resolve()
  }
  await assert.rejects(acquire('gone', controller.signal), /went away/)
  assert.equal(slot.holder, undefined)
  await acquire('next')
})

test('inventory: refuses a SEID or alias that is taken or malformed, and goes on', async () => {
  const { inventory } = await rig()
  for (const seid of ['sim1', '999', '', 'has blank', 'x'.repeat(64), 'ümlaut']) {
    await inventory.arrive({ element: new ScriptedElement(), seid, aliases: [], maxRecordBytes: 512 })
  }
  await inventory.arrive({
    element: new ScriptedElement(),
    seid: 'new',
    aliases: ['sim1'],
    maxRecordBytes: 512,
  })
  assert.equal(inventory.slots.length, 1)
  await inventory.arrive({
    element: new ScriptedElement(),
    seid: 'x'.repeat(63),
    aliases: [],
    maxRecordBytes: 512,
  })
  assert.equal(inventory.slots.length, 2)
})

test('inventory: names are found byte-exact, and all who share one are returned', async () => {
  const { inventory } = await rig()
  const named = (name: string) => inventory.bySen(name as never).map((slot) => slot.seid)
  assert.deepEqual(named('key1.com'), ['sim1'])
  assert.deepEqual([named('KEY1.com'), named('key1.com.'), named('')], [[], [], []])
  await inventory.arrive({ element: new ScriptedElement(), seid: 'twin', aliases: [], maxRecordBytes: 512 })
  assert.deepEqual(named('key1.com'), ['sim1', 'twin'])
})
