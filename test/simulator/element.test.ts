import assert from 'node:assert/strict'
import test from 'node:test'
import { InternalError } from '../../src/base/errors.ts'
import { hexOf } from '../../src/base/hex.ts'
import { silentLog } from '../../src/base/log.ts'
import { type Arrival, RESPONSE_BYTES } from '../../src/drivers/driver.ts'
import { ElementError, LinkError } from '../../src/drivers/errors.ts'
import { Card } from '../../src/simulator/card.ts'
import { openSimulator, type SimulatorConfig } from '../../src/simulator/driver.ts'
import { SimulatedElement } from '../../src/simulator/element.ts'
import { LATENCY_PROFILES, type LatencyName } from '../../src/simulator/latency.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'
import { bytes, keystoreSession } from '../support/vectors.ts'

const FOREVER = Number.POSITIVE_INFINITY
const TLS_RESET = bytes('00 d8 00 00 00')

function rig(latency: LatencyName) {
  const clock = new ManualClock()
  const card = new Card({ applet: 'keystore', protocol: 't1' })
  const element = new SimulatedElement({ name: 'sim1', card, clock, latency: LATENCY_PROFILES[latency] })
  return { clock, element, response: new Uint8Array(RESPONSE_BYTES) }
}

/** What became of a promise by now. */
async function stateOf(promise: Promise<unknown>): Promise<string> {
  let state = 'pending'
  promise.then(
    () => (state = 'resolved'),
    () => (state = 'rejected'),
  )
  await settle()
  return state
}

test('simulated element: without latency it answers without a timer', async () => {
  const { clock, element, response } = rig('none')
  assert.equal(hexOf(await element.reset('cold', FOREVER)), '3B80800101')
  assert.equal(await element.transmit(TLS_RESET, response, FOREVER), 2)
  assert.equal(hexOf(response.subarray(0, 2)), '9000')
  assert.equal(clock.pending, 0)
})

test('simulated element: every step of a session takes the time of its profile', async () => {
  const { clock, element, response } = rig('p71')
  const spent: number[] = []
  const timed = async (call: () => Promise<unknown>) => {
    const start = clock.now()
    const promise = call()
    for (let waited = 0; (await stateOf(promise)) === 'pending' && waited < 2000; waited += 1)
      await clock.advanceBy(1)
    await promise
    spent.push(clock.now() - start)
  }
  await timed(() => element.reset('cold', FOREVER))
  for (const { command } of keystoreSession.setup)
    await timed(() => element.transmit(bytes(command), response, FOREVER))
  assert.deepEqual(spent, [20, 0, 0, 0, 0, 0, 0])
  spent.length = 0
  for (const { apdus } of keystoreSession.records.slice(0, 4)) {
    for (const { command } of apdus) await timed(() => element.transmit(bytes(command), response, FOREVER))
  }
  // First fragment, rest of the hello, extensions, Finished, ChangeCipherSpec, client Finished, one record.
  assert.deepEqual(spent, [0, 250, 40, 60, 0, 60, 15])
})

test('simulated element: a step that ends at its deadline succeeds, one millisecond less is link.timeout at the deadline', async () => {
  const { clock, element } = rig('p71')
  const inTime = element.reset('cold', 20)
  await clock.advanceTo(20)
  assert.equal(await stateOf(inTime), 'resolved')

  const late = element.reset('cold', clock.now() + 19)
  const failure = assert.rejects(late, (error) => error instanceof LinkError && error.code === 'link.timeout')
  await clock.advanceBy(18)
  assert.equal(await stateOf(late), 'pending')
  await clock.advanceBy(1)
  await failure
})

test('simulated element: is mute before its first reset, after a time-out and after power-off', async () => {
  const { clock, element, response } = rig('p71')
  const isMute = () =>
    assert.rejects(
      () => element.transmit(TLS_RESET, response, FOREVER),
      (error) => error instanceof ElementError && error.code === 'element.mute',
    )
  const reset = async () => {
    const promise = element.reset('warm', FOREVER)
    await clock.advanceBy(20)
    await promise
  }
  await isMute()
  await reset()
  const late = element.reset('warm', clock.now() + 1)
  const failure = assert.rejects(late, LinkError)
  await clock.advanceBy(1)
  await failure
  await isMute()
  await reset()
  assert.equal(await element.transmit(TLS_RESET, response, FOREVER), 2)
  await element.powerOff()
  await isMute()
})

test('simulated element: overlapping calls are a bug of the caller, and do not disturb the call in progress', async () => {
  const { clock, element, response } = rig('p71')
  const reset = element.reset('cold', FOREVER)
  await assert.rejects(() => element.transmit(TLS_RESET, response, FOREVER), InternalError)
  await assert.rejects(() => element.reset('cold', FOREVER), InternalError)
  await clock.advanceBy(20)
  assert.equal(hexOf(await reset), '3B80800101')
})

test('simulated element: a response is the caller’s own, untouched by what follows', async () => {
  const { element, response } = rig('none')
  await element.reset('cold', FOREVER)
  await element.transmit(bytes('00 20 00 00 04 | 30 30 30 30'), response, FOREVER)
  const length = await element.transmit(bytes('00 84 00 fe 00'), response, FOREVER)
  const copy = hexOf(response.subarray(0, length))
  await element.transmit(bytes('00 84 00 fe 00'), new Uint8Array(RESPONSE_BYTES), FOREVER)
  assert.equal(hexOf(response.subarray(0, length)), copy)
})

const CONFIG: SimulatorConfig = {
  seid: 'sim1',
  aliases: ['999'],
  sen: 'key4.com',
  applet: 'keystore',
  protocol: 't1',
  latency: 'none',
  scp: 'scp03',
  psk: new Uint8Array(32).fill(7),
  maxRecordBytes: 512,
}

test('simulator driver: one element arrives by the time it is open, without a name of its own', async () => {
  const arrivals: Arrival[] = []
  await using driver = await openSimulator(CONFIG, {
    clock: new ManualClock(),
    log: silentLog,
    onArrive: (arrival) => arrivals.push(arrival),
    onLeave: () => assert.fail('left'),
  })
  assert.equal(driver.kind, 'simulator')
  const { element, ...rest } = arrivals[0]!
  assert.equal(arrivals.length, 1)
  assert.equal(element.name, 'sim1')
  assert.deepEqual(rest, { seid: 'sim1', aliases: ['999'], aid: undefined, maxRecordBytes: 512 })
  await element.reset('cold', FOREVER)
  assert.equal(hexOf(await element.reset('cold', FOREVER)), '3B8880016B6579342E636F6D05')
})
