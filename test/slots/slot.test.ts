import assert from 'node:assert/strict'
import test from 'node:test'
import { LinkError } from '../../src/drivers/errors.ts'
import { LeaseError } from '../../src/slots/errors.ts'
import { hex } from '../support/hex-fields.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'
import { arrivalOf, atrNamed, ScriptedElement } from '../support/scripted-element.ts'
import { bench, command, emptySlot, gate, MUTE, NEVER } from '../support/slot-bench.ts'

test('slot: an arrival is reset cold, then warm, and has its name, ATR and record limit afterwards', async () => {
  const { slot, element } = await bench({ aid: hex('01 02 03 04 05'), maxRecordBytes: 600 })
  assert.equal(slot.state, 'ready')
  assert.equal(slot.sen, 'key1.com')
  assert.equal(slot.atr, '3B086B6579312E636F6D')
  assert.equal(slot.maxRecordBytes, 600)
  assert.deepEqual(slot.aid, hex('01 02 03 04 05'))
  assert.deepEqual(element.resetDeadlines, [2000, 2000])
  assert.equal(slot.holder, undefined)
})

test('slot: a name that shows one reset late is the one that counts', async () => {
  const element = new ScriptedElement('sim1')
  element.onReset = (kind) => atrNamed(kind === 'cold' ? 'blank' : 'key1.com')
  const slot = emptySlot()
  await slot.attach(arrivalOf(element))
  assert.equal(slot.sen, 'key1.com')
})

test('slot: a name that changes with the reset at the end of a lease is followed', async () => {
  const { slot, element, acquire } = await bench()
  const lease = await acquire('a')
  await command(lease)
  element.onReset = () => atrNamed('key9.com')
  await lease[Symbol.asyncDispose]()
  assert.equal(slot.sen, 'key9.com')
})

test('slot: a configured name overrides that of the ATR, byte for byte', async () => {
  const { slot } = await bench({ sen: 'b\u00fcro' })
  assert.equal(slot.sen, 'b\u00fcro')
})

test('slot: an ATR without historical bytes gives no name', async () => {
  const { slot, element, acquire } = await bench()
  element.onReset = () => hex('3B 00')
  const lease = await acquire('a')
  await command(lease)
  await lease[Symbol.asyncDispose]()
  assert.equal(slot.sen, undefined)
  assert.equal(slot.state, 'ready')
})

test('slot: the first holder after an arrival needs no further reset, the next one gets a warm reset', async () => {
  const { slot, element, acquire } = await bench()
  const lease = await acquire('a')
  assert.equal(slot.state, 'leased')
  assert.equal(slot.holder, 'a')
  await command(lease)
  await lease[Symbol.asyncDispose]()
  assert.equal(slot.state, 'ready')
  assert.deepEqual(element.takeCalls(), ['00D80000', 'warm'])
  await using second = await acquire('b')
  await command(second)
  assert.deepEqual(element.takeCalls(), ['00D80000'])
})

test('slot: a lease that sent no command leaves the element as it was, without a reset', async () => {
  const { element, acquire } = await bench()
  const lease = await acquire('a')
  await lease[Symbol.asyncDispose]()
  assert.deepEqual(element.takeCalls(), [])
})

test('slot: the next holder comes in only when the reset after the one before is done', async () => {
  const { slot, element, acquire } = await bench()
  const lease = await acquire('a')
  await command(lease)
  const reset = gate<Uint8Array>()
  element.onReset = () => reset.promise
  const ending = lease[Symbol.asyncDispose]()
  let isIn = false
  const second = acquire('b').then((granted) => {
    isIn = true
    return granted
  })
  await settle()
  assert.ok(!isIn)
  assert.equal(slot.holder, 'a')
  reset.open(atrNamed('key1.com'))
  await ending
  assert.equal((await second).slot, slot)
  assert.deepEqual(element.takeCalls(), ['00D80000', 'warm'])
})

test('slot: after a failed command the element is reset cold, for it may still be computing', async () => {
  const { element, acquire } = await bench()
  const lease = await acquire('a')
  const broken = new LinkError('link.timeout', 'no answer')
  element.onTransmit = () => Promise.reject(broken)
  await assert.rejects(command(lease), broken)
  await lease[Symbol.asyncDispose]()
  assert.deepEqual(element.takeCalls(), ['00D80000', 'cold'])
})

test('slot: a warm reset that fails is followed by a cold one', async () => {
  const { slot, element, acquire } = await bench()
  const lease = await acquire('a')
  await command(lease)
  element.onReset = (kind) => (kind === 'warm' ? Promise.reject(MUTE) : atrNamed('key1.com'))
  await lease[Symbol.asyncDispose]()
  assert.deepEqual(element.takeCalls(), ['00D80000', 'warm', 'cold'])
  assert.equal(slot.state, 'ready')
})

test('slot: an element that stays mute is given to nobody, and is tried again by itself until it answers', async () => {
  const { slot, element, acquire, clock } = await bench()
  const lease = await acquire('a')
  await command(lease)
  element.onReset = () => Promise.reject(MUTE)
  await lease[Symbol.asyncDispose]()
  assert.equal(slot.state, 'mute')
  assert.deepEqual(element.takeCalls(), ['00D80000', 'warm', 'cold', 'off', 'cold'])
  await assert.rejects(acquire('b'), {
    code: 'element.mute',
    message: 'slot 1 is mute: no answer to reset; next try in 0.1 s',
  })
  assert.equal(slot.holder, undefined)
  await clock.advanceBy(99)
  assert.deepEqual(element.takeCalls(), [])
  await clock.advanceBy(1)
  assert.deepEqual(element.takeCalls(), ['cold'])
  element.onReset = () => atrNamed('key1.com')
  await clock.advanceBy(200)
  assert.deepEqual(element.takeCalls(), ['off', 'cold', 'warm'])
  assert.equal(slot.state, 'ready')
  await using back = await acquire('d')
  assert.equal(back.slot, slot)
  assert.equal(clock.pending, 0)
})

test('slot: an arrival that goes mute at its second reset is introduced anew before anybody gets it', async () => {
  const element = new ScriptedElement('sim1')
  element.onReset = () => (element.calls.length > 1 ? Promise.reject(MUTE) : atrNamed('key1.com'))
  const clock = new ManualClock()
  const slot = emptySlot(clock)
  await slot.attach(arrivalOf(element))
  assert.equal(slot.state, 'mute')
  assert.deepEqual(element.takeCalls(), ['cold', 'warm', 'cold'])
  await assert.rejects(slot.acquire({ holder: 'a', deadline: 100 }, NEVER), { code: 'element.mute' })
  assert.deepEqual(element.takeCalls(), [])
  element.onReset = () => atrNamed('key1.com')
  await clock.advanceBy(100)
  assert.deepEqual([slot.state, ...element.takeCalls()], ['ready', 'cold', 'warm'])
})

test('slot: an element with a malformed ATR is mute, and ready when it has learnt better', async () => {
  const { slot, element, acquire, clock } = await bench()
  const lease = await acquire('a')
  await command(lease)
  element.onReset = () => hex('3B 08 6B')
  await lease[Symbol.asyncDispose]()
  assert.equal(slot.state, 'mute')
  await assert.rejects(acquire('b'), /ATR: 1 of 8 historical bytes/)
  element.onReset = () => atrNamed('key1.com')
  await clock.advanceBy(100)
  await using again = await acquire('c')
  assert.equal(again.slot, slot)
})

test('slot: a lease ends once, and takes no command afterwards', async () => {
  const { slot, acquire } = await bench()
  const lease = await acquire('a')
  await lease[Symbol.asyncDispose]()
  await using second = await acquire('b')
  await lease[Symbol.asyncDispose]()
  assert.equal(slot.holder, 'b')
  await assert.rejects(command(lease), { code: 'internal.unreachable' })
  assert.equal(await command(second), 2)
})

test('slot: the lease lends the scratch buffer of the element itself', async () => {
  const { element, acquire } = await bench()
  await using lease = await acquire('a')
  assert.equal(lease.scratch, element.scratch)
})

test('slot: revoking stops the holder at the next command, and gives the slot, reset cold, to the next', async () => {
  const { slot, element, acquire } = await bench()
  const lease = await acquire('a')
  await command(lease)
  const next = acquire('b')
  const error = new LeaseError('lease.revoked', 'by an operator')
  slot.revoke(error)
  assert.equal(lease.revoked.reason, error)
  await assert.rejects(command(lease), error)
  assert.equal((await next).slot, slot)
  assert.equal(slot.holder, 'b')
  assert.deepEqual(element.takeCalls(), ['00D80000', 'cold'])
  await lease[Symbol.asyncDispose]()
  assert.equal(slot.holder, 'b')
})

test('slot: a lease revoked in the middle of a command ends when the command is over, not before', async () => {
  const { slot, element, acquire } = await bench()
  const lease = await acquire('a')
  const answer = gate<Uint8Array>()
  element.onTransmit = () => answer.promise
  const sent = command(lease)
  await settle()
  slot.revoke(new LeaseError('lease.revoked', 'by an operator'))
  await settle()
  assert.deepEqual(element.takeCalls(), ['00D80000'])
  answer.open(hex('90 00'))
  assert.equal(await sent, 2)
  await settle()
  assert.deepEqual([slot.state, ...element.takeCalls()], ['ready', 'cold'])
})

test('slot: who waits is sent away when all are, and the holder stays', async () => {
  const { slot, acquire } = await bench()
  const lease = await acquire('a')
  const waiting = acquire('b')
  const error = new LeaseError('lease.revoked', 'the gateway is stopping')
  slot.dismiss(error)
  await assert.rejects(waiting, error)
  assert.equal(await command(lease), 2)
})

test('slot: who waits for an element that is being tried is told when that fails', async () => {
  const { slot, element, acquire, clock } = await bench()
  const first = await acquire('a')
  await command(first)
  element.onReset = () => Promise.reject(MUTE)
  await first[Symbol.asyncDispose]()
  const reset = gate<Uint8Array>()
  element.onReset = () => reset.promise
  await clock.advanceBy(100)
  const second = acquire('b')
  await settle()
  assert.equal(slot.report.doing, 'being tried')
  reset.fail(MUTE)
  await assert.rejects(second, { code: 'element.mute', cause: MUTE })
  assert.equal(slot.state, 'mute')
})

test('slot: who gives up while the element is tried leaves it fresh for the next', async () => {
  const { slot, element, acquire, clock } = await bench()
  const first = await acquire('a')
  await command(first)
  element.onReset = () => Promise.reject(MUTE)
  await first[Symbol.asyncDispose]()
  const reset = gate<Uint8Array>()
  element.onReset = () => reset.promise
  await clock.advanceBy(100)
  const controller = new AbortController()
  const second = acquire('b', Infinity, controller.signal)
  await settle()
  element.takeCalls()
  controller.abort(new Error('gone'))
  reset.open(atrNamed('key1.com'))
  await assert.rejects(second, { message: 'gone' })
  await settle()
  assert.equal(slot.holder, undefined)
  await using third = await acquire('c')
  assert.equal(third.slot, slot)
  assert.deepEqual(element.takeCalls(), ['warm'])
})
