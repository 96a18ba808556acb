// What an APDU over I2C takes beyond the wire and the element, for elements that are fast and for slow ones.

import { type Benchmark, type Pace, percentile, type Row, rowOf } from './row.ts'
import { wireUs } from './wire-limit.ts'
import { missingRows, WireStand } from './wire-stand.ts'

export const wireDelay: Benchmark = {
  name: 'wire delay',
  get rows() {
    return ELEMENT_MS.map(nameOf)
  },
  async run(pace) {
    const missing = missingRows(wireDelay.rows)
    if (missing !== undefined) return missing
    await using stand = await WireStand.start(1)
    const rows: Row[] = []
    for (const [index, elementMs] of ELEMENT_MS.entries()) {
      stand.elementMs = elementMs
      // Each time has an instruction of its own: the driver learns how long one takes.
      const instruction = FIRST_INS + index
      const task = { instruction, commandBytes: COMMAND_BYTES, elements: 1, ...STRETCH[pace] }
      rows.push(rowFor(elementMs, (await stand.transmit(task)).roundTripsUs))
    }
    return rows
  },
}

function nameOf(elementMs: number): string {
  return `wire delay, element takes ${elementMs} ms: round trip`
}

function rowFor(elementMs: number, roundTripsUs: readonly number[]): Row {
  const samples = roundTripsUs.map((us) => us / 1000)
  const reference = wireUs(COMMAND_BYTES) / 1000 + elementMs
  const excess = percentile(samples, 0.5) - reference
  return rowOf({
    ...{ name: nameOf(elementMs), unit: 'ms', samples, reference },
    remark: `${excess.toFixed(2)} ms over wire and element, the reference; aim: at most ${AIM_MS} ms`,
  })
}

const ELEMENT_MS = [0.2, 1, 5, 9, 20, 50]
const COMMAND_BYTES = 5
const FIRST_INS = 0xb0
const STRETCH: Readonly<Record<Pace, { warmUp: number; seconds: number }>> = {
  full: { warmUp: 20, seconds: 2 },
  quick: { warmUp: 5, seconds: 0.1 },
}
const AIM_MS = 0.5
