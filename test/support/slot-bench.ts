import assert from 'node:assert/strict'
import type { Arrival } from '../../src/drivers/driver.ts'
import { ElementError } from '../../src/drivers/errors.ts'
import type { Seid, SlotId } from '../../src/slots/identity.ts'
import type { Lease } from '../../src/slots/lease.ts'
import { Slot } from '../../src/slots/slot.ts'
import { hex } from './hex-fields.ts'
import { ManualClock } from './manual-clock.ts'
import { arrivalOf, ScriptedElement } from './scripted-element.ts'
import { slotEnvironment } from './slot-environment.ts'

export const NEVER = new AbortController().signal
const COMMAND = '00 D8 00 00'
export const MUTE = new ElementError('element.mute', 'no answer to reset')

/** A slot with one element, which has been reset twice. */
export async function bench(arrival: Partial<Arrival> = {}) {
  const clock = new ManualClock()
  const element = new ScriptedElement('sim1', 'key1.com')
  const slot = emptySlot(clock)
  await slot.attach(arrivalOf(element, arrival))
  assert.deepEqual(element.takeCalls(), ['cold', 'warm'])
  const acquire = (holder: string, deadline = Infinity, signal = NEVER): Promise<Lease> =>
    slot.acquire({ holder, deadline }, signal)
  return { clock, element, slot, acquire }
}

/** Sends one command in a lease. */
export async function command(lease: Lease): Promise<number> {
  return lease.transmit(hex(COMMAND), new Uint8Array(258), 1000)
}

/** A promise and the ways to settle it, for a reset or a command that takes its time. */
export function gate<T>() {
  let open!: (value: T) => void
  let fail!: (error: Error) => void
  const promise = new Promise<T>((resolve, reject) => {
    open = resolve
    fail = reject
  })
  return { promise, open, fail }
}

/** A slot that nothing has come to yet; two may wait for it. */
export function emptySlot(clock = new ManualClock()): Slot {
  const identity = { id: 1 as SlotId, seid: 'sim1' as Seid, aliases: [], driver: 'simulator' }
  return new Slot(identity, slotEnvironment({ clock, queueLength: 2 }))
}
