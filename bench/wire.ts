// APDUs over I2C against what the wire can carry: the addon alone, our driver, and the whole way of RACS, in turns.

import type { Benchmark, Pace, Row } from './row.ts'
import { WireGateway } from './wire-gateway.ts'
import type { WireTurn } from './wire-lanes.ts'
import { limitOf } from './wire-limit.ts'
import { type BusyTurns, type IdleTurns, overlapRowOf, rowNamesOf, rowsOf } from './wire-rows.ts'
import { ADDRESSES, missingRows, WireStand } from './wire-stand.ts'

export const wire: Benchmark = {
  name: 'wire',
  get rows() {
    return [...SIZES.flatMap((commandBytes) => rowNamesOf({ ...SETUP, commandBytes })), OVERLAP]
  },
  async run(pace) {
    const missing = missingRows(wire.rows)
    if (missing !== undefined) return missing
    await using stand = await WireStand.start(SETUP.mostElements)
    await using gateway = await WireGateway.start(stand.env)
    await warmUp(stand, pace)
    const rows: Row[] = []
    for (const [index, commandBytes] of SIZES.entries()) {
      await gateway.open(ADDRESSES.gateway[index] ?? 0, commandBytes)
      const idle = await idleTurns({ stand, gateway, commandBytes, pace })
      await gateway.close()
      const busy = await busyTurns({ stand, commandBytes, pace })
      rows.push(...rowsOf({ ...SETUP, commandBytes }, idle, busy))
      if (commandBytes === OVERLAP_BYTES) rows.push(overlapRowOf(OVERLAP, SETUP, busy))
    }
    return rows
  },
}

interface Side {
  readonly stand: WireStand
  readonly commandBytes: number
  readonly pace: Pace
}

/** Not measured: code that is not compiled yet, and what the driver does until it knows how long elements take. */
async function warmUp(stand: WireStand, pace: Pace): Promise<void> {
  const task = { commandBytes: OVERLAP_BYTES, elements: SETUP.mostElements, warmUp: 0 }
  stand.elementMs = 0
  const seconds = WARM_UP_SECONDS[pace]
  await stand.floor('asynchronous', { ...task, seconds })
  await stand.transmit({ ...task, instruction: INS_IDLE, seconds })
  stand.elementMs = SETUP.busyMs
  await stand.transmit({ ...task, instruction: INS_BUSY, warmUp: LEARNING, seconds: 0 })
}

/** Elements that need no time. */
function idleTurns({ gateway, ...side }: Side & { gateway: WireGateway }): Promise<IdleTurns> {
  const { stand, commandBytes, pace } = side
  const task = { commandBytes, warmUp: WARM_UP, seconds: SECONDS[pace] }
  const rounds = Math.ceil(SECONDS[pace] * limitOf({ commandBytes, elementMs: 0, elements: 1 }))
  stand.elementMs = 0
  return inTurns(pace, {
    blocking: () => stand.floor('blocking', task),
    floor: () => stand.floor('asynchronous', task),
    ...lanesOf(side, INS_IDLE),
    gateway: () => gateway.turn(rounds),
  })
}

function busyTurns(side: Side): Promise<BusyTurns> {
  side.stand.elementMs = SETUP.busyMs
  return inTurns(side.pace, lanesOf(side, INS_BUSY))
}

/** Our driver, on one element and on all of them at the same time. */
function lanesOf({ stand, commandBytes, pace }: Side, instruction: number) {
  const task = { instruction, commandBytes, warmUp: WARM_UP, seconds: SECONDS[pace] }
  return {
    one: () => stand.transmit({ ...task, elements: 1 }),
    many: () => stand.transmit({ ...task, elements: SETUP.mostElements }),
  }
}

/** One after the other, again and again, so that the machine's moods meet all alike. */
async function inTurns<Name extends string>(
  pace: Pace,
  subjects: Record<Name, () => Promise<WireTurn>>,
): Promise<Record<Name, WireTurn[]>> {
  const names = Object.keys(subjects) as Name[]
  const turns = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, WireTurn[]>
  for (let turn = 0; turn < TURNS[pace]; turn++) {
    for (const name of names) turns[name].push(await subjects[name]())
  }
  return turns
}

const SIZES = [5, 64, 240]
const SETUP = { mostElements: ADDRESSES.driver.length, busyMs: 20 }
const OVERLAP_BYTES = 5
const OVERLAP = `wire transmit ${OVERLAP_BYTES} bytes, ${SETUP.busyMs} ms: ${SETUP.mostElements} elements against one`
const INS_IDLE = 0xda
const INS_BUSY = 0xdb
const LEARNING = 20
const TURNS = { full: 3, quick: 1 }
const SECONDS = { full: 0.6, quick: 0.07 }
const WARM_UP_SECONDS = { full: 2, quick: 0.1 }
const WARM_UP = 3
