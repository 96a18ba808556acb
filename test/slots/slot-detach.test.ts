import assert from 'node:assert/strict'
import test from 'node:test'
import type { ElementError } from '../../src/drivers/errors.ts'
import { settle } from '../support/manual-clock.ts'
import { arrivalOf, atrNamed, ScriptedElement } from '../support/scripted-element.ts'
import { bench, command, gate, MUTE, NEVER } from '../support/slot-bench.ts'

test('slot: an empty slot says so', async () => {
  const { slot, acquire } = await bench()
  slot.detach('pulled')
  assert.equal(slot.state, 'absent')
  assert.deepEqual([slot.atr, slot.sen, slot.aid, slot.maxRecordBytes], [undefined, undefined, undefined, 0])
  await assert.rejects(acquire('a'), { code: 'element.absent' })
})

test('slot: when its element is pulled, holder and waiters are told, and nothing more reaches the element', async () => {
  const { slot, element, acquire } = await bench()
  const lease = await acquire('a')
  await command(lease)
  const waiting = acquire('b')
  slot.detach('pulled')
  assert.equal((lease.revoked.reason as ElementError).code, 'element.gone')
  await assert.rejects(waiting, { code: 'element.gone' })
  await assert.rejects(command(lease), { code: 'element.gone' })
  await lease[Symbol.asyncDispose]()
  assert.deepEqual(element.takeCalls(), ['00D80000'])
  assert.equal(slot.state, 'absent')
})

test('slot: an element that comes back while its old lease lasts waits for the end of its last command', async () => {
  const { slot, element, acquire } = await bench()
  const lease = await acquire('a')
  const answer = gate<Uint8Array>()
  element.onTransmit = () => answer.promise
  const last = command(lease)
  await settle()
  slot.detach('pulled')
  const other = new ScriptedElement('sim1', 'key2.com')
  const attached = slot.attach(arrivalOf(other))
  const second = acquire('b')
  await settle()
  assert.deepEqual(other.calls, [])
  answer.fail(MUTE)
  await assert.rejects(last, MUTE)
  await attached
  assert.equal(slot.sen, 'key2.com')
  assert.deepEqual(other.takeCalls(), ['cold', 'warm'])
  await command(await second)
  assert.deepEqual(other.takeCalls(), ['00D80000'])
  assert.deepEqual(element.takeCalls(), ['00D80000'])
})

test('slot: an element pulled while it is reset for the next holder is not leased to him', async () => {
  const { slot, element, acquire } = await bench()
  const first = await acquire('a')
  await command(first)
  const reset = gate<Uint8Array>()
  element.onReset = () => reset.promise
  const ending = first[Symbol.asyncDispose]()
  const second = acquire('b')
  await settle()
  slot.detach('pulled')
  reset.open(atrNamed('key1.com'))
  await assert.rejects(second, { code: 'element.gone' })
  await ending
  assert.equal(slot.state, 'absent')
  assert.equal(slot.sen, undefined)
  assert.equal(slot.holder, undefined)
})

test('slot: an element pulled while it arrives leaves no name behind', async () => {
  const { slot } = await bench()
  slot.detach('pulled')
  const reset = gate<Uint8Array>()
  const second = new ScriptedElement('sim1')
  second.onReset = () => reset.promise
  const attached = slot.attach(arrivalOf(second))
  await settle()
  slot.detach('pulled')
  reset.open(atrNamed('ghost'))
  await attached
  assert.equal(slot.sen, undefined)
  assert.equal(slot.atr, undefined)
  assert.equal(slot.state, 'absent')
  assert.deepEqual(second.takeCalls(), ['cold'])
})

test('slot: a late reset of the element before does not make the present one fresh', async () => {
  const { slot } = await bench()
  slot.detach('pulled')
  const reset = gate<Uint8Array>()
  const second = new ScriptedElement('sim1')
  second.onReset = () => reset.promise
  const attached = slot.attach(arrivalOf(second))
  await settle()
  slot.detach('pulled')
  const third = new ScriptedElement('sim1')
  third.onReset = () => Promise.reject(MUTE)
  const again = slot.attach(arrivalOf(third))
  reset.open(atrNamed('ghost'))
  await Promise.all([attached, again])
  assert.equal(slot.state, 'mute')
  assert.equal(slot.sen, undefined)
  third.takeCalls()
  await assert.rejects(slot.acquire({ holder: 'a', deadline: Infinity }, NEVER), { code: 'element.mute' })
})

test('slot: an arrival that is pulled while it waits for the old lease to end is not an error', async () => {
  const { slot, acquire } = await bench()
  const lease = await acquire('a')
  slot.detach('pulled')
  const other = new ScriptedElement('sim1')
  const attached = slot.attach(arrivalOf(other))
  slot.detach('pulled again')
  await attached
  await lease[Symbol.asyncDispose]()
  assert.equal(slot.state, 'absent')
  assert.deepEqual(other.calls, [])
})

test('slot: a second element in an occupied slot is a bug of ours', async () => {
  const { slot } = await bench()
  await assert.rejects(slot.attach(arrivalOf(new ScriptedElement('sim1'))), { code: 'internal.unreachable' })
})
