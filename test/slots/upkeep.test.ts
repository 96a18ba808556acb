// What the gateway does with an element by itself, and at the word of a person.

import assert from 'node:assert/strict'
import test from 'node:test'
import { Events } from '../../src/base/events.ts'
import { LinkError } from '../../src/drivers/errors.ts'
import type { SlotEvent } from '../../src/slots/events.ts'
import type { Seid, SlotId } from '../../src/slots/identity.ts'
import { Slot } from '../../src/slots/slot.ts'
import { hex } from '../support/hex-fields.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'
import { arrivalOf, atrNamed, ScriptedElement } from '../support/scripted-element.ts'
import { bench, command, gate, MUTE, NEVER } from '../support/slot-bench.ts'
import { slotEnvironment } from '../support/slot-environment.ts'

const STUCK = new LinkError('link.stuck', 'still busy')

test('slot: a look at an idle element resets nothing when the driver has a cheaper way, and tells nobody', async () => {
  const { slot, element } = await bench()
  let checks = 0
  const check = (): Promise<void> => {
    checks++
    return Promise.resolve()
  }
  const looking = Object.assign(element, { check })
  assert.equal(await slot.inspect('touch'), 'it answers')
  assert.deepEqual([checks, looking.takeCalls(), slot.state], [1, [], 'ready'])
})

test('slot: without such a way a look does nothing, and one for the ATR is a warm reset', async () => {
  const { slot, element } = await bench()
  assert.equal(await slot.inspect('touch'), undefined)
  assert.deepEqual(element.takeCalls(), [])
  assert.equal(await slot.inspect('atr'), 'it answers')
  assert.deepEqual(element.takeCalls(), ['warm'])
})

test('slot: an element that is held, mute, set aside or away is not looked at', async () => {
  const { slot, element, acquire, clock } = await bench()
  const lease = await acquire('a')
  assert.equal(await slot.inspect('atr'), undefined)
  await command(lease)
  element.onReset = () => Promise.reject(MUTE)
  await lease[Symbol.asyncDispose]()
  assert.equal(await slot.inspect('atr'), undefined)
  element.onReset = () => atrNamed('key1.com')
  await clock.advanceBy(100)
  assert.equal(slot.state, 'ready')
  slot.setAside('an operator')
  element.takeCalls()
  assert.equal(await slot.inspect('atr'), undefined)
  slot.detach('pulled')
  assert.equal(await slot.inspect('atr'), undefined)
  assert.deepEqual(element.takeCalls(), [])
})

test('slot: who comes while the element is looked at waits for that, and gets it fresh', async () => {
  const { slot, element, acquire } = await bench()
  const reset = gate<Uint8Array>()
  element.onReset = () => reset.promise
  const look = slot.inspect('atr')
  await settle()
  assert.deepEqual(
    [slot.state, slot.report.doing, slot.report.holder],
    ['ready', 'being looked at', undefined],
  )
  const next = acquire('a')
  reset.open(atrNamed('key1.com'))
  await look
  assert.equal((await next).slot, slot)
})

test('slot: an element that does not answer a look is reset, and mute when that does not help', async () => {
  const { slot, element } = await bench()
  Object.assign(element, { check: () => Promise.reject(new LinkError('link.timeout', 'no answer')) })
  assert.equal(await slot.inspect('touch'), 'it answers')
  assert.deepEqual(element.takeCalls(), ['cold'])
  element.onReset = () => Promise.reject(MUTE)
  assert.equal(await slot.inspect('touch'), 'no answer to reset')
  assert.deepEqual(element.takeCalls(), ['cold', 'off', 'cold'])
  assert.equal(slot.state, 'mute')
})

test('slot: an idle element that shows another ATR is another card, and is introduced under its name', async () => {
  const { slot, element, told } = await eventBench()
  element.onReset = () => atrNamed('other.com')
  await slot.inspect('atr')
  assert.deepEqual(element.takeCalls(), ['warm', 'cold', 'warm'])
  assert.equal(slot.sen, 'other.com')
  assert.deepEqual(told(), ['ready mute: another card is there', 'mute ready: free'])
})

test('slot: an element whose way is stuck is set aside with that cause, and back within a second', async () => {
  const { slot, element, acquire, clock, told } = await eventBench()
  const lease = await acquire('a')
  element.onTransmit = () => Promise.reject(STUCK)
  await assert.rejects(command(lease), STUCK)
  element.onReset = () => Promise.reject(STUCK)
  await lease[Symbol.asyncDispose]()
  assert.deepEqual([slot.state, slot.report.cause], ['quarantined', 'stuck: still busy'])
  assert.equal(slot.report.doing, 'next try in 1.0 s')
  await assert.rejects(acquire('b'), { code: 'element.mute' })
  await clock.advanceBy(5_000)
  assert.equal(slot.state, 'quarantined')
  element.onReset = () => atrNamed('key1.com')
  await clock.advanceBy(1_000)
  assert.equal(slot.state, 'ready')
  assert.equal(slot.report.counters.quarantines, 1)
  assert.deepEqual(told().slice(1), ['leased quarantined: stuck: still busy', 'quarantined ready: free'])
})

test("slot: an element that is set aside is nobody's, is left alone, and is tried when it is released", async () => {
  const { slot, element, acquire, clock } = await bench()
  const lease = await acquire('a')
  await command(lease)
  const waiting = acquire('b')
  slot.setAside('operator ada')
  await assert.rejects(waiting, { code: 'lease.revoked' })
  await assert.rejects(command(lease), { code: 'lease.revoked' })
  await settle()
  assert.deepEqual(element.takeCalls(), ['00D80000', 'cold'])
  assert.deepEqual([slot.state, slot.report.doing], ['quarantined', 'waits for operator ada'])
  await assert.rejects(acquire('c'), { code: 'element.mute', message: /set aside by operator ada/ })
  assert.equal(clock.pending, 0)
  await slot.release('operator ada')
  assert.deepEqual([slot.state, ...element.takeCalls()], ['ready', 'cold', 'warm'])
})

test('slot: an element that fails while it is set aside stays there until it is released', async () => {
  const { slot, element, acquire, clock } = await bench()
  const lease = await acquire('a')
  await command(lease)
  element.onReset = () => Promise.reject(MUTE)
  slot.setAside('the button')
  await settle()
  await clock.advanceBy(100_000)
  assert.deepEqual([slot.state, clock.pending], ['quarantined', 0])
  await slot.release('the button')
  assert.equal(slot.state, 'mute')
  element.onReset = () => atrNamed('key1.com')
  await clock.advanceBy(1_000)
  assert.equal(slot.state, 'ready')
})

test('slot: released before its last lease has ended, it is introduced after that', async () => {
  const { slot, element, acquire } = await bench()
  const lease = await acquire('a')
  const answer = gate<Uint8Array>()
  element.onTransmit = () => answer.promise
  const last = command(lease)
  await settle()
  slot.setAside('an operator')
  const released = slot.release('an operator')
  await settle()
  assert.deepEqual([slot.state, ...element.takeCalls()], ['mute', '00D80000'])
  answer.open(hex('90 00'))
  await Promise.all([last, released])
  assert.deepEqual([slot.state, ...element.takeCalls()], ['ready', 'cold', 'cold', 'warm'])
})

test('slot: an element pulled out of quarantine comes back without it', async () => {
  const { slot, element } = await bench()
  slot.setAside('an operator')
  slot.detach('pulled')
  await slot.attach(arrivalOf(element))
  assert.equal(slot.state, 'ready')
})

test('slot: a nudge resets an idle element warm, and leaves one that is held alone', async () => {
  const { slot, element, acquire } = await bench()
  assert.equal(await slot.nudge(), 'it answers')
  assert.deepEqual(element.takeCalls(), ['warm'])
  await using lease = await acquire('a')
  assert.equal(await slot.nudge(), 'held by a')
  assert.ok(!lease.revoked.aborted)
  assert.deepEqual(element.takeCalls(), [])
})

test('slot: evicting takes the lease and resets cold, also when the holder has done nothing or there is none', async () => {
  const { slot, element, acquire } = await bench()
  const lease = await acquire('a')
  assert.equal(await slot.evict('the button'), 'revoked the lease of a')
  assert.equal((lease.revoked.reason as Error).message, 'revoked by the button')
  await settle()
  assert.deepEqual([slot.state, ...element.takeCalls()], ['ready', 'cold'])
  assert.equal(await slot.evict('the button'), 'reset')
  assert.deepEqual([slot.state, ...element.takeCalls()], ['ready', 'cold'])
})

test('slot: evicting from a mute element tries it at once', async () => {
  const { slot, element, acquire } = await bench()
  const lease = await acquire('a')
  await command(lease)
  element.onReset = () => Promise.reject(MUTE)
  await lease[Symbol.asyncDispose]()
  element.takeCalls()
  element.onReset = () => atrNamed('key1.com')
  assert.equal(await slot.evict('the button'), 'reset')
  assert.deepEqual([slot.state, ...element.takeCalls()], ['ready', 'cold', 'warm'])
})

test('slot: resets beyond the limit of a minute wait, and with them whoever would cause more', async () => {
  const clock = new ManualClock()
  const identity = { id: 1 as SlotId, seid: 'sim1' as Seid, aliases: [], driver: 'simulator' }
  const slot = new Slot(identity, slotEnvironment({ clock, maxResetsPerMinute: 60 }))
  const element = new ScriptedElement('sim1')
  await slot.attach(arrivalOf(element))
  const instants: number[] = []
  element.onReset = () => {
    instants.push(clock.now())
    return atrNamed('sim1')
  }
  const storm = async (): Promise<void> => {
    for (let n = 0; n < 10; n++) {
      const lease = await slot.acquire({ holder: `${n}`, deadline: Infinity }, NEVER)
      await command(lease)
      await lease[Symbol.asyncDispose]()
    }
  }
  const raging = storm()
  await clock.advanceBy(10_000)
  await raging
  assert.deepEqual(instants, [0, 0, 0, 0, 1_000, 2_000, 3_000, 4_000, 5_000, 6_000])
  assert.equal(slot.report.counters.resets, 12)
})

test('slot: its report says who holds it, who waits, since when, and what was counted', async () => {
  const { slot, acquire, clock } = await bench()
  const lease = await acquire('tls-se 192.0.2.7:1')
  await command(lease)
  const waiting = acquire('tls-se 192.0.2.8:1')
  await clock.advanceBy(1_500)
  const { seid, state, holder, heldMs, waiters, counters, sen, driver, stateMs } = slot.report
  assert.deepEqual(
    { seid, state, holder, heldMs, waiters, counters, sen, driver, stateMs },
    {
      ...{ seid: 'sim1', sen: 'key1.com', driver: 'simulator' },
      ...{ state: 'leased', stateMs: 1_500, holder: 'tls-se 192.0.2.7:1', heldMs: 1_500 },
      waiters: [{ holder: 'tls-se 192.0.2.8:1', priority: 'service', waitedMs: 1_500 }],
      counters: { sessions: 1, apdus: 1, errors: 0, resets: 2, mutes: 0, quarantines: 0 },
    },
  )
  await lease[Symbol.asyncDispose]()
  await (await waiting)[Symbol.asyncDispose]()
})

/** As `bench`; `told` gives the changes of state since the last time. */
async function eventBench() {
  const events = new Events<SlotEvent>()
  const changes: string[] = []
  events.subscribe((event) => {
    if (event.kind === 'changed') changes.push(`${event.from} ${event.to}: ${event.cause}`)
  })
  const clock = new ManualClock()
  const identity = { id: 1 as SlotId, seid: 'sim1' as Seid, aliases: [], driver: 'simulator' }
  const slot = new Slot(identity, slotEnvironment({ clock, events }))
  const element = new ScriptedElement('sim1', 'key1.com')
  await slot.attach(arrivalOf(element))
  changes.length = 0
  element.takeCalls()
  const acquire = (holder: string) => slot.acquire({ holder, deadline: Infinity }, NEVER)
  return { slot, element, clock, acquire, told: () => changes.splice(0) }
}
