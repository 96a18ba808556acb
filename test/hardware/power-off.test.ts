// Whether a cold reset is one: by circuit simulation of each slot as the schematic has it, for as long as the gateway
// takes the power away.

import assert from 'node:assert/strict'
import test from 'node:test'
import { slotDeck } from '../../scripts/hardware/kicad/power-off.ts'
import { POWER_OFF_MS, RESET_MS } from '../../src/drivers/lines.ts'
import { hatBoard } from './bench.ts'
import { measured, withoutNgspice as skip } from './simulation.ts'

const board = hatBoard()

for (const slot of board.slots) {
  const { designator } = slot
  test(`power off: the supply of ${designator} and what feeds it are below 0.3 V before its power returns`, {
    skip,
  }, () => {
    const deck = slotDeck(board, slot, { active: 'power', milliseconds: POWER_OFF_MS })
    const { supply, pin } = measured(deck, ['supply', 'pin'])
    assert.ok(supply < EMPTY_VOLTS, `${supply} V at its supply after ${POWER_OFF_MS} ms`)
    assert.ok(pin < EMPTY_VOLTS, `${pin} V at its reset after ${POWER_OFF_MS} ms`)
  })

  test(`reset: the decoder pulls the reset of ${designator} to a low level through its diode`, {
    skip,
  }, () => {
    const deck = slotDeck(board, slot, { active: 'reset', milliseconds: RESET_MS })
    const { supply, pin } = measured(deck, ['supply', 'pin'])
    assert.ok(Math.abs(supply - 3.3) < 0.01, `${supply} V at its supply`)
    assert.ok(pin < LOW_VOLTS, `${pin} V at its reset`)
  })
}

/** Assumed: no memory and no logic of a part keeps its state at that. */
const EMPTY_VOLTS = 0.3
/** 0.3 of 3.3 V is low to CMOS inputs; a third of it is kept as a margin. */
const LOW_VOLTS = 0.66
