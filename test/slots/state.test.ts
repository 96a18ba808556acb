import assert from 'node:assert/strict'
import test from 'node:test'
import { Events } from '../../src/base/events.ts'
import { Condition } from '../../src/slots/condition.ts'
import type { SlotEvent } from '../../src/slots/events.ts'
import type { Seid, SlotId } from '../../src/slots/identity.ts'
import { type SlotState, type SlotStep, stateAfter } from '../../src/slots/state.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { RecordedLog } from '../support/recorded-log.ts'

const STATES: readonly SlotState[] = ['absent', 'mute', 'ready', 'leased', 'quarantined']
const STEPS: readonly SlotStep[] = [
  ...(['arrived', 'left', 'answered', 'failed', 'granted', 'freed'] as const),
  ...(['replaced', 'set-aside', 'released'] as const),
]

test('slot state: only a free element is leased, and nothing but an arrival fills an empty slot', () => {
  const steps = STATES.flatMap((from) => STEPS.map((step) => ({ from, step, to: after(from, step) })))
  const into = (state: SlotState) =>
    steps.filter(({ from, to }) => to === state && from !== state).map(({ from, step }) => `${from} ${step}`)
  assert.deepEqual(into('leased'), ['ready granted'])
  assert.deepEqual(into('ready'), ['mute answered', 'leased freed', 'quarantined answered'])
  assert.deepEqual(
    steps.filter(({ from, to }) => from === 'absent' && to !== undefined).map(({ step }) => step),
    ['arrived'],
  )
  for (const from of STATES.slice(1)) {
    assert.equal(after(from, 'left'), 'absent')
    assert.equal(after(from, 'set-aside'), 'quarantined')
  }
})

test('slot state: each change is one event and one line, and what leaves the state as it is none', () => {
  const log = new RecordedLog()
  const events = new Events<SlotEvent>()
  const told: SlotEvent[] = []
  events.subscribe((event) => told.push(event))
  const clock = new ManualClock()
  const condition = new Condition({ slot: 1 as SlotId, seid: 'sim1' as Seid, clock, log, events })
  condition.take('arrived', 'it has come')
  condition.take('failed', 'no answer')
  condition.take('failed', 'no answer still')
  condition.take('answered', 'free')
  const changes = told.map((event) => (event.kind === 'changed' ? `${event.from} ${event.to}` : event.kind))
  assert.deepEqual(changes, ['absent mute', 'touched', 'touched', 'mute ready'])
  assert.deepEqual([condition.state, condition.cause, condition.mutes], ['ready', 'free', 1])
  assert.deepEqual(
    log.lines.map(({ level, event }) => `${level} ${event}`),
    ['debug slot.arrived', 'warn slot.muted', 'info slot.ready'],
  )
})

function after(from: SlotState, step: SlotStep): SlotState | undefined {
  try {
    return stateAfter(from, step)
  } catch {
    return undefined
  }
}
