// How the administration plane takes a slot: at once or not at all; and resets within a lease.

import assert from 'node:assert/strict'
import test from 'node:test'
import { LinkError } from '../../src/drivers/errors.ts'
import type { Seid, SlotId } from '../../src/slots/identity.ts'
import type { Lease } from '../../src/slots/lease.ts'
import { Slot } from '../../src/slots/slot.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'
import { arrivalOf, atrNamed, ScriptedElement } from '../support/scripted-element.ts'
import { bench, command, gate, MUTE, NEVER } from '../support/slot-bench.ts'
import { slotEnvironment } from '../support/slot-environment.ts'

const SILENT = new LinkError('link.timeout', 'no answer')
const BUSY = { name: 'LeaseError', code: 'lease.busy' }

test('slot: a free slot is had at once, with a fresh element', async () => {
  const { slot, element } = await bench()
  slot.checkFree()
  const lease = await slot.tryAcquire('a', NEVER)
  assert.equal(slot.holder, 'a')
  assert.deepEqual(element.takeCalls(), [])
  await command(lease)
  await lease[Symbol.asyncDispose]()
  assert.deepEqual(element.takeCalls(), ['00D80000', 'warm'])
})

test('slot: a held slot is busy at once, with holder, seconds and how many wait', async () => {
  const { slot, acquire, clock } = await bench()
  const lease = await acquire('tls-se 192.0.2.7:40112')
  await clock.advanceBy(1_001)
  const held = 'held by tls-se 192.0.2.7:40112 for 2 s'
  await assert.rejects(slot.tryAcquire('b', NEVER), { ...BUSY, message: held })
  const waiting = [acquire('c'), acquire('d')]
  await assert.rejects(slot.tryAcquire('b', NEVER), { ...BUSY, message: `${held}, 2 waiting` })
  assert.throws(() => slot.checkFree(), { ...BUSY, message: `${held}, 2 waiting` })
  assert.equal(slot.waiting, 2)
  await lease[Symbol.asyncDispose]()
  for (const next of waiting) await (await next)[Symbol.asyncDispose]()
  slot.checkFree()
})

test('slot: who tries waits for the reset after the lease before, and for nothing else', async () => {
  const { slot, element, acquire } = await bench()
  const lease = await acquire('a')
  await command(lease)
  const reset = gate<Uint8Array>()
  element.onReset = () => reset.promise
  const ending = lease[Symbol.asyncDispose]()
  let granted: Lease | undefined
  const trying = slot.tryAcquire('b', NEVER).then((next) => (granted = next))
  await settle()
  assert.equal(granted, undefined)
  // One who comes second finds the slot promised.
  await assert.rejects(slot.tryAcquire('c', NEVER), BUSY)
  reset.open(atrNamed('key1.com'))
  await ending
  assert.equal(await trying, granted)
  assert.equal(slot.holder, 'b')
  assert.deepEqual(element.takeCalls(), ['00D80000', 'warm'])
})

test('slot: while somebody waits for the reset after a lease, the slot is busy', async () => {
  const { slot, element, acquire } = await bench()
  const lease = await acquire('a')
  await command(lease)
  const next = acquire('b')
  const reset = gate<Uint8Array>()
  element.onReset = () => reset.promise
  const ending = lease[Symbol.asyncDispose]()
  await assert.rejects(slot.tryAcquire('c', NEVER), BUSY)
  reset.open(atrNamed('key1.com'))
  await ending
  await (await next)[Symbol.asyncDispose]()
})

test('slot: who tries is served although nobody may wait, and goes before who comes later', async () => {
  const identity = { id: 1 as SlotId, seid: 'sim1' as Seid, aliases: [], driver: 'simulator' }
  const slot = new Slot(identity, slotEnvironment({ clock: new ManualClock(), queueLength: 0 }))
  const element = new ScriptedElement('sim1')
  await slot.attach(arrivalOf(element))
  const lease = await slot.tryAcquire('a', NEVER)
  await command(lease)
  const reset = gate<Uint8Array>()
  element.onReset = () => reset.promise
  const ending = lease[Symbol.asyncDispose]()
  const trying = slot.tryAcquire('b', NEVER)
  await assert.rejects(slot.acquire({ holder: 'c', deadline: Infinity }, NEVER), { code: 'lease.queue-full' })
  reset.open(atrNamed('key1.com'))
  await ending
  await trying
  assert.equal(slot.holder, 'b')
})

test('slot: who tries while an element is introduced gets it when it is ready', async () => {
  const { slot, element } = await bench()
  slot.detach('pulled')
  const resets = [gate<Uint8Array>(), gate<Uint8Array>()]
  let count = 0
  element.onReset = () => resets[count++]!.promise
  const attaching = slot.attach(arrivalOf(element))
  await settle()
  const trying = slot.tryAcquire('b', NEVER)
  resets[0]!.open(atrNamed('key1.com'))
  await settle()
  assert.equal(slot.holder, 'the gateway')
  resets[1]!.open(atrNamed('key1.com'))
  await attaching
  await trying
  assert.equal(slot.holder, 'b')
  assert.deepEqual(element.takeCalls(), ['cold', 'warm'])
})

test('slot: an empty slot, and a client that is gone, are told before anything else', async () => {
  const { slot, element } = await bench()
  const gone = AbortSignal.abort(new Error('gone'))
  await assert.rejects(slot.tryAcquire('a', gone), { message: 'gone' })
  slot.checkFree()
  slot.detach('pulled')
  await assert.rejects(slot.tryAcquire('a', NEVER), { code: 'element.absent' })
  assert.deepEqual(element.takeCalls(), [])
})

test('slot: who tries for an element that stays mute does not keep the slot', async () => {
  const { slot, element } = await bench()
  const lease = await slot.tryAcquire('a', NEVER)
  await command(lease)
  element.onReset = () => Promise.reject(MUTE)
  await lease[Symbol.asyncDispose]()
  await assert.rejects(slot.tryAcquire('b', NEVER), { code: 'element.mute' })
  assert.equal(slot.state, 'mute')
  slot.checkFree()
})

test('slot: a reset within the lease is of the kind that was asked for, and leaves the element fresh', async () => {
  const { slot, element } = await bench()
  const lease = await slot.tryAcquire('a', NEVER)
  for (const kind of ['warm', 'cold'] as const) {
    await command(lease)
    await lease.reset(kind)
    assert.deepEqual(element.takeCalls(), ['00D80000', kind])
  }
  await lease[Symbol.asyncDispose]()
  assert.deepEqual(element.takeCalls(), [])
  await assert.rejects(lease.reset('warm'), { code: 'internal.unreachable' })
})

test('slot: after a command that failed none is sent until a reset, which is cold whatever was asked for', async () => {
  const { slot, element } = await bench()
  const lease = await slot.tryAcquire('a', NEVER)
  element.onTransmit = () => Promise.reject(SILENT)
  assert.ok(!lease.needsReset)
  await assert.rejects(command(lease), SILENT)
  assert.ok(lease.needsReset)
  element.takeCalls()
  await assert.rejects(command(lease), { name: 'ElementError', code: 'element.mute' })
  assert.deepEqual(element.takeCalls(), [])
  element.onTransmit = () => Uint8Array.of(0x90, 0)
  await lease.reset('warm')
  assert.ok(!lease.needsReset)
  await command(lease)
  assert.deepEqual(element.takeCalls(), ['cold', '00D80000'])
})

test('slot: after a reset that failed no command is sent until one succeeds, and that is cold', async () => {
  const { slot, element } = await bench()
  const lease = await slot.tryAcquire('a', NEVER)
  const answer = element.onReset
  element.onReset = () => Promise.reject(MUTE)
  await assert.rejects(lease.reset('warm'), MUTE)
  assert.ok(lease.needsReset)
  assert.deepEqual(element.takeCalls(), ['warm', 'cold'])
  await assert.rejects(command(lease), { code: 'element.mute' })
  element.onReset = answer
  await lease.reset('warm')
  await command(lease)
  assert.deepEqual(element.takeCalls(), ['cold', '00D80000'])
})

test('slot: a lease that ends after a reset that failed resets cold for the next holder', async () => {
  const { slot, element } = await bench()
  const lease = await slot.tryAcquire('a', NEVER)
  element.onReset = () => Promise.reject(MUTE)
  await assert.rejects(lease.reset('cold'), MUTE)
  element.takeCalls()
  await lease[Symbol.asyncDispose]()
  assert.deepEqual(element.takeCalls(), ['cold', 'off', 'cold'])
})

test('slot: an operator goes before those who wait for the reset after a lease', async () => {
  const { slot, element, acquire } = await bench()
  const lease = await acquire('a')
  await command(lease)
  const next = acquire('b')
  const reset = gate<Uint8Array>()
  element.onReset = () => reset.promise
  const ending = lease[Symbol.asyncDispose]()
  const operator = slot.tryAcquire('op', NEVER, 'operator')
  reset.open(atrNamed('key1.com'))
  await ending
  await (await operator)[Symbol.asyncDispose]()
  assert.equal((await next).slot, slot)
})

test('slot: a lease that was taken away resets nothing any more', async () => {
  const { slot, element } = await bench()
  const lease = await slot.tryAcquire('a', NEVER)
  slot.detach('pulled')
  await assert.rejects(lease.reset('cold'), { code: 'element.gone' })
  assert.deepEqual(element.takeCalls(), [])
})
