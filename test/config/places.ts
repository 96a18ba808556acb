import assert from 'node:assert/strict'
import type { Config } from '../../src/config/config.ts'
import type { SimArraySlots, SlotConfig } from '../../src/config/slots.ts'

/** The entries that stand for one place each; there must be no others. */
export function placesOf({ slots }: Config): Exclude<SlotConfig, SimArraySlots>[] {
  return slots.map((slot) => {
    assert.ok(slot.driver !== 'sim-array')
    return slot
  })
}
