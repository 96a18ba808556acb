import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { InternalError } from '../../src/base/errors.ts'
import { hexOf } from '../../src/base/hex.ts'
import { silentLog } from '../../src/base/log.ts'
import { RESPONSE_BYTES, type SecureElement } from '../../src/drivers/driver.ts'
import { ElementError, LinkError } from '../../src/drivers/errors.ts'
import { Card } from '../../src/simulator/card.ts'
import { serveCard } from '../../src/simulator/card-server.ts'
import { openSimulator } from '../../src/simulator/driver.ts'
import { LATENCY_PROFILES, type LatencyName } from '../../src/simulator/latency.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { until } from '../support/until.ts'
import { bytes } from '../support/vectors.ts'

const FOREVER = Number.POSITIVE_INFINITY
const TLS_RESET = bytes('00 d8 00 00 00')
const ATR = '3B80800101'

/** A driver that dials a socket where the test puts a card, or does not. */
function rig() {
  const directory = mkdtempSync(join(tmpdir(), 'card-'))
  const path = join(directory, 'card')
  const clock = new ManualClock()
  const events: string[] = []
  let element: SecureElement | undefined
  const opened: AsyncDisposable[] = []
  const keep = async <Opened extends AsyncDisposable>(opening: Promise<Opened>): Promise<Opened> => {
    const value = await opening
    opened.unshift(value)
    return value
  }
  const open = () =>
    keep(
      openSimulator(
        {
          ...{ seid: 'sim1', aliases: [], applet: 'keystore', protocol: 't1', latency: 'none', scp: 'scp03' },
          ...{ psk: new Uint8Array(32), maxRecordBytes: 512, socket: path },
        },
        {
          clock,
          log: silentLog,
          onArrive: (arrival) => {
            element = arrival.element
            events.push('arrive')
          },
          onLeave: (gone) => {
            assert.equal(gone, element)
            events.push('leave')
          },
        },
      ),
    )
  const serve = (latency: LatencyName = 'none') =>
    keep(
      serveCard({
        card: new Card({ applet: 'keystore', protocol: 't1' }),
        path,
        clock,
        latency: LATENCY_PROFILES[latency],
      }),
    )
  return {
    path,
    clock,
    events,
    open,
    serve,
    response: new Uint8Array(RESPONSE_BYTES),
    get element(): SecureElement {
      assert.ok(element !== undefined)
      return element
    },
    async [Symbol.asyncDispose]() {
      for (const each of opened) await each[Symbol.asyncDispose]()
      rmSync(directory, { recursive: true })
    },
  }
}

const hasCode = (code: string) => (error: unknown) =>
  (error instanceof LinkError || error instanceof ElementError) && error.code === code

test('remote element: arrives by the time its driver is open, resets, transmits, powers off', async () => {
  await using world = rig()
  await world.serve()
  const driver = await world.open()
  assert.equal(driver.kind, 'simulator')
  assert.deepEqual(world.events, ['arrive'])
  const { element, response } = world
  await assert.rejects(() => element.transmit(TLS_RESET, response, FOREVER), hasCode('element.mute'))
  assert.equal(hexOf(await element.reset('cold', FOREVER)), ATR)
  assert.equal(await element.transmit(TLS_RESET, response, FOREVER), 2)
  assert.equal(hexOf(response.subarray(0, 2)), '9000')
  assert.equal(hexOf(await element.reset('warm', FOREVER)), '3B8880016B6579312E636F6D00')
  await element.powerOff()
  await assert.rejects(() => element.transmit(TLS_RESET, response, FOREVER), hasCode('element.mute'))
  assert.equal(world.clock.pending, 0)
})

test('remote element: overlapping calls are a bug of the caller', async () => {
  await using world = rig()
  await world.serve()
  await world.open()
  const { element, response } = world
  const reset = element.reset('cold', FOREVER)
  await assert.rejects(() => element.transmit(TLS_RESET, response, FOREVER), InternalError)
  assert.equal(hexOf(await reset), ATR)
})

test('remote element: dials with growing pauses until a card is served, and again after it was lost', async () => {
  await using world = rig()
  const { clock, events } = world
  await world.open()
  assert.deepEqual(events, [])
  for (const pauseMs of [50, 100, 200, 400, 800, 1600, 2000, 2000]) {
    assert.equal(clock.pending, 1)
    await clock.advanceBy(pauseMs - 1)
    assert.equal(clock.pending, 1)
    await clock.advanceBy(1)
    await until(() => clock.pending === 1)
  }
  const server = await world.serve()
  await clock.advanceBy(2000)
  await until(() => events.length === 1)

  await world.element.reset('cold', FOREVER)
  await server[Symbol.asyncDispose]()
  await until(() => events.length === 2 && clock.pending === 1)
  const { element, response } = world
  await assert.rejects(() => element.transmit(TLS_RESET, response, FOREVER), hasCode('element.absent'))
  await assert.rejects(() => element.reset('cold', FOREVER), hasCode('element.absent'))

  await world.serve()
  await clock.advanceBy(2000)
  await until(() => events.length === 3)
  assert.deepEqual(events, ['arrive', 'leave', 'arrive'])
  assert.equal(hexOf(await element.reset('cold', FOREVER)), ATR)
})

test('remote element: a late answer is never taken for the next one, and a time-out is no leave', async () => {
  await using world = rig()
  await world.serve('p71')
  await world.open()
  const { element, clock, response, events } = world
  let again: Promise<Uint8Array> | undefined
  const late = element.reset('cold', clock.now() + 19).catch((error: unknown) => {
    assert.ok(hasCode('link.timeout')(error))
    // At once, before the connection can have been made anew.
    again = element.reset('cold', clock.now() + 1000)
  })
  await until(() => clock.pending === 2)
  await clock.advanceBy(19)
  await late
  assert.ok(again !== undefined)
  await until(() => clock.pending === 3)
  await clock.advanceBy(20)
  assert.equal(hexOf(await again), '3B8880016B6579312E636F6D00')
  assert.equal(await element.transmit(TLS_RESET, response, FOREVER), 2)
  assert.deepEqual(events, ['arrive'])
})

test('remote element: a call in flight rejects when the card goes', async () => {
  await using world = rig()
  const server = await world.serve('p71')
  await world.open()
  const { element, clock, events } = world
  const reset = assert.rejects(element.reset('cold', FOREVER), hasCode('link.closed'))
  await until(() => clock.pending === 1)
  await server[Symbol.asyncDispose]()
  await reset
  await until(() => events.length === 2)
  assert.deepEqual(events, ['arrive', 'leave'])
})

test('remote element: stands a server that speaks out of turn, too much, or nonsense', async () => {
  await using world = rig()
  const answers = ['0000', '0001 3b', '0103' + '00'.repeat(259), 'ffff']
  let answer = ''
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    let asked = 0
    socket.on('data', () => {
      // The first question is the client's own, after connecting.
      socket.write(bytes((asked += 1) === 1 ? '0000' : answer))
    })
  })
  await new Promise<void>((resolve) => server.listen(world.path, resolve))
  const driver = await world.open()
  const { element, clock, response, events } = world
  for (answer of answers) {
    await element.reset('cold', FOREVER).then(
      () => assert.rejects(() => element.transmit(TLS_RESET, response, FOREVER)),
      (error: unknown) => assert.ok(error instanceof ElementError || error instanceof LinkError),
    )
    const count = events.length
    if (count % 2 === 0) {
      await clock.advanceBy(2000)
      await until(() => events.length > count)
    }
  }
  await driver[Symbol.asyncDispose]()
  for (const socket of sockets) socket.destroy()
  await new Promise((resolve) => server.close(resolve))
})
