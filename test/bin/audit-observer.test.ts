// What is kept of clients and slots, and what happens while nothing can be kept.

import assert from 'node:assert/strict'
import test from 'node:test'
import { AuditError } from '../../src/audit/errors.ts'
import type { AuditFields } from '../../src/base/audit.ts'
import { Events } from '../../src/base/events.ts'
import type { PlaneEvent } from '../../src/base/plane-events.ts'
import { AuditObserver } from '../../src/bin/iosed/audit-observer.ts'
import type { OpenTrail } from '../../src/bin/iosed/audit-trail.ts'
import type { SlotEvent } from '../../src/slots/events.ts'
import type { Seid, SlotId } from '../../src/slots/identity.ts'
import { ManualClock } from '../support/manual-clock.ts'

const STARTED: PlaneEvent = {
  ...{ kind: 'command.started', peer: '192.0.2.7:1', user: 'ada' },
  ...{ command: 'APDU', seid: 'sim1', header: '00200000' },
}

/** A trail that keeps what it is given, unless the disk is full. */
function benchOf() {
  const records: [string, AuditFields | undefined][] = []
  const disk = { isFull: false }
  const record = (event: string, fields?: AuditFields): Promise<void> => {
    if (disk.isFull) return Promise.reject(new AuditError('audit.unwritable', 'the disk is full'))
    records.push([event, fields])
    return Promise.resolve()
  }
  const head = () => ({ sequence: records.length, hash: '', at: '' })
  const rest = { note: record, head, landmarks: [] }
  const trail: OpenTrail = { record, ...rest, [Symbol.asyncDispose]: () => Promise.resolve() }
  const events = new Events<SlotEvent>()
  const clock = new ManualClock()
  return {
    records,
    disk,
    events,
    observer: new AuditObserver(trail, events, { clock, wallNow: () => 0 }),
    clock,
  }
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('audit: what clients do is a record each, by its kind', async () => {
  const { records, observer } = benchOf()
  await observer.tell(STARTED)
  const { kind, ...fields } = STARTED
  assert.deepEqual(records, [[kind, fields]])
})

test('audit: of slots, what is no session is recorded: elements, muteness, quarantine, buttons', () => {
  const { records, events } = benchOf()
  const slot = { slot: 1 as SlotId, seid: 'sim1' as Seid }
  const change = (from: 'ready' | 'leased' | 'mute', to: 'ready' | 'leased' | 'mute' | 'quarantined') =>
    events.publish({ kind: 'changed', ...slot, from, to, cause: 'why' })
  change('ready', 'leased')
  change('leased', 'ready')
  change('leased', 'quarantined')
  change('mute', 'ready')
  events.publish({ kind: 'pressed', ...slot, heldMs: 100, outcome: 'reset' })
  events.publish({ kind: 'touched', ...slot })
  assert.deepEqual(
    records.map(([event, fields]) => [event, fields?.['to'] ?? fields?.['outcome']]),
    [
      ['slot.changed', 'quarantined'],
      ['slot.changed', 'ready'],
      ['button.pressed', 'reset'],
    ],
  )
})

test('audit: while records cannot be kept nothing may be done, until there is room again', async () => {
  const { records, disk, observer } = benchOf()
  observer.check()
  disk.isFull = true
  await assert.rejects(observer.tell(STARTED), { code: 'audit.unwritable' })
  assert.equal(observer.isStopped, true)
  for (let n = 0; n < 3; n++) {
    assert.throws(() => observer.check(), { code: 'audit.unwritable' })
    await settle()
  }
  disk.isFull = false
  // This one is still refused; the record that it tries shows that there is room.
  assert.throws(() => observer.check(), { code: 'audit.unwritable' })
  await settle()
  observer.check()
  assert.equal(observer.isStopped, false)
  assert.deepEqual(records, [['audit.probed', {}]])
})

test('audit: whoever got an element is recorded always, whoever did not is part of a sum after a while', async () => {
  const { records, observer } = benchOf()
  const place = { sen: undefined, pool: undefined, seid: undefined, slot: undefined }
  const end = {
    code: 'peer.gone',
    cause: 'gone',
    records: 0,
    commands: 0,
    handshakeMs: undefined,
    durationMs: 1,
  }
  const close = (peer: string) => observer.tell({ kind: 'session.closed', peer, ...place, ...end })
  for (let n = 0; n < 100; n++) await close(`192.0.2.7:${n}`)
  await observer.tell({ kind: 'session.opened', peer: '192.0.2.8:1', ...place, waitedMs: 1 })
  await close('192.0.2.8:1')
  await close('192.0.2.8:1')
  observer.flush()
  await settle()
  const kinds = records.map(([kind]) => kind)
  assert.deepEqual(
    kinds.slice(0, 60),
    Array.from({ length: 60 }, () => 'session.closed'),
  )
  assert.deepEqual(kinds.slice(60), ['session.opened', 'session.closed', 'sessions.refused'])
  const since = '1970-01-01T00:00:00.000Z'
  assert.deepEqual(records.at(-1)?.[1], { connections: 41, codes: '41 peer.gone', since })
})
