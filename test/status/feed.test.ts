import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import { connect } from 'node:net'
import test from 'node:test'
import { Events } from '../../src/base/events.ts'
import type { SlotEvent } from '../../src/slots/events.ts'
import type { Seid, SlotId } from '../../src/slots/identity.ts'
import { Feed } from '../../src/status/feed.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { RecordedLog } from '../support/recorded-log.ts'
import { reportOf, StatusBench, TOKEN, WALL_MS } from '../support/status-bench.ts'

const SLOT = { slot: 1 as SlotId, seid: 'sim1' as Seid }

test('feed: begins with all slots, tells each change at once, and the row of a slot once in 50 ms', async () => {
  const { clock, events, feed, listener } = feedBench()
  feed.add(listener.response)
  assert.deepEqual(listener.takeEvents(), ['slots 2'])
  events.publish({ kind: 'changed', ...SLOT, from: 'ready', to: 'leased', cause: 'held by a' })
  for (let n = 0; n < 10; n++) events.publish({ kind: 'touched', ...SLOT })
  events.publish({ kind: 'pressed', ...SLOT, heldMs: 4_000, outcome: 'reset' })
  assert.deepEqual(listener.take(), [
    { event: 'change', data: { ...SLOT, from: 'ready', to: 'leased', cause: 'held by a', at: AT } },
    { event: 'press', data: { ...SLOT, held_ms: 4_000, outcome: 'reset', at: AT } },
  ])
  await clock.advanceTo(49)
  assert.deepEqual(listener.take(), [])
  await clock.advanceTo(50)
  assert.deepEqual(listener.takeEvents(), ['slot'])
  await clock.advanceTo(1_000)
  assert.deepEqual(listener.take(), [])
})

test('feed: several slots are reported together, in their order', async () => {
  const { clock, events, feed, listener } = feedBench()
  feed.add(listener.response)
  listener.take()
  events.publish({ kind: 'touched', slot: 2 as SlotId, seid: 'sim2' as Seid })
  events.publish({ kind: 'touched', ...SLOT })
  await clock.advanceTo(50)
  assert.deepEqual(
    listener.take().map(({ data }) => (data as { slot: number }).slot),
    [1, 2],
  )
})

test('feed: a line every 15 s says that it is still there', async () => {
  const { clock, feed, listener } = feedBench()
  feed.add(listener.response)
  listener.text = ''
  await clock.advanceTo(14_999)
  assert.equal(listener.text, '')
  await clock.advanceTo(30_000)
  assert.equal(listener.text, ':\n\n:\n\n')
})

test('feed: when the last listener goes nothing is left running, and another finds things as they are', async () => {
  const { clock, events, feed, listener } = feedBench()
  feed.add(listener.response)
  events.publish({ kind: 'touched', ...SLOT })
  listener.emitter.emit('close')
  assert.equal(clock.pending, 0)
  events.publish({ kind: 'touched', ...SLOT })
  assert.equal(clock.pending, 0)
  const second = new FakeListener()
  feed.add(second.response)
  await clock.advanceTo(100)
  assert.deepEqual(second.takeEvents(), ['slots 2'])
})

test('feed: who does not read is sent away once 256 KiB wait for it, and the others are not', () => {
  const { events, feed, listener, log } = feedBench()
  const deaf = new FakeListener()
  for (const one of [listener, deaf]) feed.add(one.response)
  deaf.unread = 256 * 1024
  events.publish({ kind: 'pressed', ...SLOT, heldMs: 1, outcome: 'reset' })
  assert.deepEqual(
    [deaf, listener].map(({ isDestroyed }) => isDestroyed),
    [false, false],
  )
  deaf.unread = 256 * 1024 + 1
  events.publish({ kind: 'pressed', ...SLOT, heldMs: 1, outcome: 'reset' })
  assert.deepEqual(
    [deaf, listener].map(({ isDestroyed }) => isDestroyed),
    [true, false],
  )
  assert.equal(log.of('status.client-slow').length, 1)
})

test('feed: a first event that is longer than that is no reason to send anybody away', () => {
  const { events, feed, listener } = feedBench()
  listener.unread = 1_000_000
  feed.add(listener.response)
  listener.unread = 1_000_000 + 256 * 1024
  events.publish({ kind: 'pressed', ...SLOT, heldMs: 1, outcome: 'reset' })
  assert.deepEqual(
    [listener].map(({ isDestroyed }) => isDestroyed),
    [false],
  )
  listener.unread += 1
  events.publish({ kind: 'pressed', ...SLOT, heldMs: 1, outcome: 'reset' })
  assert.deepEqual(
    [listener].map(({ isDestroyed }) => isDestroyed),
    [true],
  )
})

test('status: closing the plane ends those who listen', async () => {
  const bench = await StatusBench.start()
  const socket = connect(bench.port, '127.0.0.1')
  let text = ''
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
  const first = new Promise((resolve) => socket.once('data', resolve))
  socket.write(`GET /api/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}\r\n\r\n`)
  await first
  const closed = new Promise((resolve) => socket.once('close', resolve))
  await bench.server.close()
  await closed
  assert.match(text, /event: slots\ndata: \[\{"slot":1/)
})

const AT = '2026-01-31T12:00:00.000Z'

/** What stands for the connection of a listener: it keeps what it is told, and reads as slowly as a test wants. */
class FakeListener {
  readonly emitter = new EventEmitter()
  text = ''
  unread = 0
  isDestroyed = false

  get response(): ServerResponse {
    const double = Object.assign(this.emitter, {
      writeHead: () => undefined,
      write: (text: string) => (this.text += text),
      end: () => this.emitter.emit('close'),
      destroy: () => (this.isDestroyed = true),
    })
    Object.defineProperty(double, 'writableLength', { get: () => this.unread })
    return double as unknown as ServerResponse
  }

  /** The events since the last time. */
  take(): { event: string; data: unknown }[] {
    const texts = this.text.split('\n\n').filter((text) => text.startsWith('event: '))
    this.text = ''
    return texts.map((text) => {
      const [, event = '', data = ''] = /^event: (\w+)\ndata: (.*)$/.exec(text) ?? []
      return { event, data: JSON.parse(data) as unknown }
    })
  }

  /** As `take`, only their names, and how many slots the first one has. */
  takeEvents(): string[] {
    return this.take().map(({ event, data }) => (Array.isArray(data) ? `${event} ${data.length}` : event))
  }
}

function feedBench() {
  const clock = new ManualClock()
  const log = new RecordedLog()
  const events = new Events<SlotEvent>()
  const report = () => [reportOf(1), reportOf(2)]
  const feed = new Feed({ clock, log, events, report, wallNow: () => WALL_MS })
  return { clock, log, events, feed, listener: new FakeListener() }
}
