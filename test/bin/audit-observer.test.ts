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
  const trail: OpenTrail = { record, note: record, head, [Symbol.asyncDispose]: () => Promise.resolve() }
  const events = new Events<SlotEvent>()
  return { records, disk, events, observer: new AuditObserver(trail, events) }
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
