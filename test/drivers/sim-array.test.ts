import assert from 'node:assert/strict'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import { ElementError, LinkError } from '../../src/drivers/errors.ts'
import { Card } from '../../src/simulator/card.ts'
import { drive, slotOf } from '../support/array-bench.ts'
import { hex } from '../support/hex-fields.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'
import { listen } from '../support/simulated-array.ts'
import { until } from '../support/until.ts'

const FOREVER = Number.POSITIVE_INFINITY
const TLS_RESET = hex('00 D8 00 00')
const SELECT = hex('00 A4 04 00 | 06 | 01 02 03 04 05 00')
const POLL_MS = 2000

const cardOf = (sen: string): Card => new Card({ applet: 'keystore', protocol: 't0', sen })
const named = (sen: string): string => `3B6${sen.length}0000${hexOf(Buffer.from(sen))}`

const hasCode =
  (code: string, text = /./) =>
  (error: unknown) =>
    (error instanceof LinkError || error instanceof ElementError) &&
    error.code === code &&
    text.test(error.message)

/** Lets all traffic on loopback that is under way come to its end. */
async function calm(): Promise<void> {
  for (let count = 0; count < 50; count++) await settle()
}

test('sim array: a card arrives, is reset and answers commands, whole and by TPDUs', async () => {
  await using array = await listen()
  array.insert(103, cardOf('key3.com'))
  await using world = await drive(array.port, { clock: new ManualClock() })
  assert.equal(world.driver.kind, 'sim-array')
  assert.deepEqual(world.reports.events, ['+array-103'])
  const element = world.reports.element('array-103')
  await assert.rejects(world.send('array-103', TLS_RESET, FOREVER), hasCode('element.mute'))
  assert.equal(hexOf(await element.reset('cold', FOREVER)), '3B600000')
  assert.equal(hexOf(await element.reset('warm', FOREVER)), named('key3.com'))
  assert.equal(hexOf(await world.send('array-103', SELECT, FOREVER)), '9000')
  assert.equal(hexOf(await world.send('array-103', TLS_RESET, FOREVER)), '9000')
  await element.powerOff()
  await assert.rejects(world.send('array-103', TLS_RESET, FOREVER), hasCode('element.mute'))
})

test('sim array: listed slots only, under their names, others stay with others', async () => {
  await using array = await listen()
  for (const slot of [101, 102, 104]) array.insert(slot, cardOf('key.com'))
  const aid = hex('A0 00 00 00 01')
  const listed = {
    ...slotOf(102),
    seid: 'signer',
    aliases: ['999'],
    sen: 'a.example',
    aid,
    maxRecordBytes: 2048,
  }
  await using first = await drive(array.port, { slots: [listed, slotOf(103)] })
  await using second = await drive(array.port, { slots: [slotOf(104)] })
  assert.deepEqual([first.reports.events, second.reports.events], [['+signer'], ['+array-104']])
  const { element, ...arrival } = first.reports.present.get('signer') ?? assert.fail()
  assert.equal(element.name, 'signer')
  const { seid, aliases, sen, maxRecordBytes } = listed
  assert.deepEqual(arrival, {
    seid,
    aliases,
    sen,
    aid,
    maxRecordBytes,
    medium: `array 127.0.0.1:${array.port}`,
  })
  assert.ok(!('check' in element), 'the inventory tells')
})

test('sim array: cards that come and go are reported after a poll, and only they', async () => {
  await using array = await listen()
  const clock = new ManualClock()
  array.insert(101, cardOf('key1.com'))
  await using world = await drive(array.port, { clock })
  const { events } = world.reports
  const element = world.reports.element('array-101')
  await element.reset('cold', FOREVER)
  await world.send('array-101', TLS_RESET, FOREVER)
  array.insert(102, cardOf('key2.com'))
  await clock.advanceBy(POLL_MS)
  await until(() => events.length === 2)
  // In use, it was not disturbed by the change of the flag.
  await world.send('array-101', TLS_RESET, FOREVER)
  array.remove(102)
  await clock.advanceBy(POLL_MS)
  await until(() => events.length === 3)
  assert.deepEqual(events, ['+array-101', '+array-102', '-array-102'])
  assert.equal(hexOf(await world.send('array-101', TLS_RESET, FOREVER)), '9000')
})

for (const [title, seesFailure] of [
  ['between two sessions', false],
  ['in the middle of a session', true],
] as const) {
  test(`sim array: a card that was swapped ${title} leaves, and the other one arrives`, async () => {
    await using array = await listen()
    const clock = new ManualClock()
    for (const slot of [101, 102]) array.insert(slot, cardOf('key1.com'))
    await using world = await drive(array.port, { clock })
    const { events } = world.reports
    const [element, other] = [world.reports.element('array-101'), world.reports.element('array-102')]
    for (const each of [element, other]) {
      await each.reset('cold', FOREVER)
      assert.equal(hexOf(await each.reset('cold', FOREVER)), named('key1.com'))
    }
    if (seesFailure) await world.send('array-101', TLS_RESET, FOREVER)
    array.insert(101, cardOf('key2.com'))
    if (seesFailure) {
      await assert.rejects(world.send('array-101', TLS_RESET, FOREVER), hasCode('link.nack', /USE first/))
      await assert.rejects(element.reset('cold', FOREVER), hasCode('element.gone', /another card/))
    } else {
      await clock.advanceBy(POLL_MS)
      await until(() => events.length >= 4)
    }
    assert.deepEqual(events.slice(2), ['-array-101', '+array-101'])
    await assert.rejects(element.reset('cold', FOREVER), hasCode('element.gone'))
    const successor = world.reports.element('array-101')
    assert.notEqual(successor, element)
    await successor.reset('cold', FOREVER)
    assert.equal(hexOf(await successor.reset('cold', FOREVER)), named('key2.com'))
    assert.equal(world.reports.element('array-102'), other)
    assert.equal(hexOf(await world.send('array-102', TLS_RESET, FOREVER)), '9000')
  })
}

test('sim array: a slot in use elsewhere is leased by another, and comes back when that one is done', async () => {
  await using array = await listen()
  const clock = new ManualClock()
  array.insert(101, cardOf('key1.com'))
  await using world = await drive(array.port, { clock })
  const { port } = array
  await using rival = await drive(port, { host: 'localhost', clock })
  await rival.reports.element('array-101').reset('cold', FOREVER)
  await rival.send('array-101', TLS_RESET, FOREVER)
  const element = world.reports.element('array-101')
  await assert.rejects(element.reset('cold', FOREVER), hasCode('link.nack', /leased by another.*in use/))
  await calm()
  await clock.advanceBy(POLL_MS)
  await calm()
  assert.deepEqual(world.reports.events, ['+array-101'])
  await rival.reports.element('array-101').powerOff()
  await clock.advanceBy(POLL_MS)
  await until(() => world.reports.events.length === 3)
  assert.deepEqual(world.reports.events, ['+array-101', '-array-101', '+array-101'])
  await world.reports.element('array-101').reset('cold', FOREVER)
})

test('sim array: a slot that was reset and not used is given back, and reset again before its next command', async () => {
  await using array = await listen()
  const clock = new ManualClock()
  array.insert(101, cardOf('key1.com'))
  await using world = await drive(array.port, { clock })
  await using rival = await drive(array.port, { host: 'localhost', clock })
  const [mine, theirs] = [world, rival].map(({ reports }) => reports.element('array-101'))
  // After two resets the ATR shows the name, and goes on to do so.
  for (let count = 0; count < 2; count++) await mine?.reset('cold', FOREVER)
  await assert.rejects(theirs?.reset('cold', FOREVER) ?? assert.fail(), hasCode('link.nack'))
  await calm()
  await clock.advanceBy(1000)
  await calm()
  await theirs?.reset('cold', FOREVER)
  await rival.send('array-101', TLS_RESET, FOREVER)
  await assert.rejects(world.send('array-101', TLS_RESET, FOREVER), hasCode('link.nack'))
  await theirs?.powerOff()
  await mine?.reset('cold', FOREVER)
  await calm()
  await clock.advanceBy(1000)
  await calm()
  assert.equal(hexOf(await world.send('array-101', TLS_RESET, FOREVER)), '9000')
})

test('sim array: more cards than connections take turns, as long as one of those before is idle', async () => {
  await using array = await listen()
  const clock = new ManualClock()
  const seids = [101, 102, 103, 104].map((slot) => {
    array.insert(slot, cardOf('key1.com'))
    return `array-${slot}`
  })
  await using world = await drive(array.port, { clock, maxConnections: 2 })
  await Promise.all(
    seids.map(async (seid) => {
      const element = world.reports.element(seid)
      for (let count = 0; count < 3; count++) await element.reset('cold', FOREVER)
    }),
  )
  for (const seid of seids.slice(0, 2)) await world.send(seid, TLS_RESET, FOREVER)
  const third = world.reports.element('array-103')
  const late = assert.rejects(third.reset('cold', 500), hasCode('link.timeout', /all 2 connections/))
  await clock.advanceTo(500)
  await late
  const waiting = third.reset('cold', FOREVER)
  await world.reports.element('array-101').reset('cold', FOREVER)
  assert.equal(hexOf(await waiting), named('key1.com'))
})

test('sim array: dies, takes its elements along, and has them back within 3 s of its return', async () => {
  const first = await listen()
  const { port } = first
  first.insert(101, cardOf('key1.com'))
  const clock = new ManualClock()
  await using world = await drive(port, { clock })
  const { events } = world.reports
  const element = world.reports.element('array-101')
  await element.reset('cold', FOREVER)
  const pass = async (stepMs: number): Promise<void> => {
    await calm()
    await clock.advanceBy(stepMs)
    await calm()
  }
  await first[Symbol.asyncDispose]()
  await pass(POLL_MS)
  assert.deepEqual(events, ['+array-101', '-array-101'])
  await assert.rejects(element.reset('cold', FOREVER), hasCode('element.gone'))
  // Long enough for the pauses between attempts to have grown.
  for (let count = 0; count < 80; count++) await pass(100)
  await using second = await listen(port)
  second.insert(101, cardOf('key1.com'))
  let awayMs = 0
  for (; events.length === 2; awayMs += 100) await pass(100)
  assert.ok(awayMs <= 2900, `${awayMs} ms`)
  assert.deepEqual(events, ['+array-101', '-array-101', '+array-101'])
  await world.reports.element('array-101').reset('cold', FOREVER)
})

test('sim array: an array that is not there when the driver opens is found when it comes', async () => {
  const absent = await listen()
  const { port } = absent
  await absent[Symbol.asyncDispose]()
  const clock = new ManualClock()
  await using world = await drive(port, { clock })
  for (const pauseMs of [50, 100, 200, 400, 800, 1600, 2000, 2000]) {
    assert.equal(clock.pending, 1)
    await clock.advanceBy(pauseMs - 1)
    assert.equal(clock.pending, 1)
    await clock.advanceBy(1)
    await until(() => clock.pending === 1)
  }
  assert.deepEqual(world.reports.events, [])
  await using array = await listen(port)
  array.insert(101, cardOf('key1.com'))
  await clock.advanceBy(2000)
  await until(() => world.reports.events.length === 1)
})
