// The figures of the wire as rows: rates against the limit of the wire, and who adds how much to a round trip.

import { median, type Row, rowOf, withRatio } from './row.ts'
import type { WireTurn } from './wire-lanes.ts'
import { limitOf, type WireCase } from './wire-limit.ts'

export interface WireSetup {
  readonly commandBytes: number
  /** How many elements work at the same time, and how long the slow ones take. */
  readonly mostElements: number
  readonly busyMs: number
}

type Turns = readonly WireTurn[]

/** Our driver on elements that need time. */
export type BusyTurns = Record<'one' | 'many', Turns>

/** On elements that need none: also the addon alone, in its two ways, and the gateway. */
export type IdleTurns = Record<'floor' | 'blocking' | 'one' | 'many' | 'gateway', Turns>

/** The names of what `rowsOf` returns. */
export function rowNamesOf(setup: WireSetup): string[] {
  const { floor, blocking, added, gateway } = namesOf(setup.commandBytes)
  const transmit = casesOf(setup).flatMap((each) => Object.values(transmitNamesOf(each)))
  return [blocking, floor, ...transmit, added, gateway.rate, gateway.time, gateway.added]
}

export function rowsOf(setup: WireSetup, idle: IdleTurns, busy: BusyTurns): Row[] {
  const { commandBytes } = setup
  const names = namesOf(commandBytes)
  const plain = { commandBytes, elementMs: 0, elements: 1 }
  const transmit = casesOf(setup).flatMap((each) => {
    const { one, many } = each.elementMs === 0 ? idle : busy
    return figuresOf(transmitNamesOf(each), each, each.elements === 1 ? one : many)
  })
  return [
    timeRowOf(names.blocking, plain, {
      turns: idle.blocking,
      remark: 'i2c-bus blocking: what the rig leaves',
    }),
    timeRowOf(names.floor, plain, { turns: idle.floor, remark: 'i2c-bus, same accesses without us' }),
    ...transmit,
    addedRowOf(names.added, { over: idle.floor, turns: idle.one, remark: 'the addon alone' }),
    ...figuresOf(names.gateway, plain, idle.gateway),
    addedRowOf(names.gateway.added, { over: idle.one, turns: idle.gateway, remark: 'our driver alone' }),
  ]
}

/** What it is worth that the bus is free while elements work. */
export function overlapRowOf(
  name: string,
  { mostElements }: Pick<WireSetup, 'mostElements'>,
  { one, many }: BusyTurns,
): Row {
  const reference = mostElements * rateOf(one)
  const remark = `reference: ${mostElements} x one element; aim: ratio of at least ${AIM_OVERLAP}`
  return withRatio({ name, unit: '/s', value: rateOf(many), reference, remark })
}

function casesOf({ commandBytes, busyMs, mostElements }: WireSetup): WireCase[] {
  return [0, busyMs].flatMap((elementMs) =>
    [1, mostElements].map((elements) => ({ commandBytes, elementMs, elements })),
  )
}

function namesOf(commandBytes: number) {
  const gateway = `wire gateway ${commandBytes} bytes, 0 ms`
  return {
    blocking: `wire floor ${commandBytes} bytes, blocking: round trip`,
    floor: `wire floor ${commandBytes} bytes: round trip`,
    added: `wire transmit ${commandBytes} bytes: added by our driver`,
    gateway: {
      rate: `${gateway}: a second`,
      time: `${gateway}: round trip`,
      added: `${gateway}: added by all but the driver`,
    },
  }
}

function transmitNamesOf({ commandBytes, elementMs, elements }: WireCase) {
  const who = elements === 1 ? '1 element' : `${elements} elements`
  const name = `wire transmit ${commandBytes} bytes, ${elementMs} ms, ${who}`
  return { rate: `${name}: a second`, time: `${name}: round trip` }
}

function figuresOf(names: { rate: string; time: string }, each: WireCase, turns: Turns): Row[] {
  const aim = names.rate === transmitNamesOf({ ...each, elementMs: 0, elements: 1 }).rate ? aimOf(each) : ''
  return [
    withRatio({
      ...{ name: names.rate, unit: '/s', value: rateOf(turns), reference: limitOf(each) },
      remark: `${OVER_WIRE}${aim}`,
    }),
    timeRowOf(names.time, each, { turns, remark: OVER_WIRE }),
  ]
}

function aimOf({ commandBytes }: WireCase): string {
  const ratio = AIM_RATIO[commandBytes]
  return ratio === undefined ? '' : `; aim: ratio of at least ${ratio}`
}

function timeRowOf(name: string, each: WireCase, { turns, remark }: { turns: Turns; remark: string }): Row {
  const reference = (1e6 * each.elements) / limitOf(each)
  return rowOf({
    name,
    unit: 'us',
    samples: turns.flatMap((turn) => [...turn.roundTripsUs]),
    reference,
    remark,
  })
}

/** The median over the turns of what the median of one has more than that of the other. */
function addedRowOf(
  name: string,
  { over, turns, remark }: { over: Turns; turns: Turns; remark: string },
): Row {
  const mediansOf = (side: Turns): number[] => side.map(({ roundTripsUs }) => median(roundTripsUs))
  const floors = mediansOf(over)
  const value = median(mediansOf(turns).map((us, turn) => us - (floors[turn] ?? 0)))
  return withRatio({
    ...{ name, unit: 'us', value, reference: median(floors) },
    remark: `round trip, in turns; reference: ${remark}`,
  })
}

function rateOf(turns: Turns): number {
  return median(turns.map(({ rate }) => rate))
}

const OVER_WIRE = 'reference: wire limit'
/** By size of command, of one element that takes no time. */
const AIM_RATIO: Readonly<Record<number, number>> = { 5: 0.6, 240: 0.9 }
/** 7.5 times the rate of one. */
const AIM_OVERLAP = 0.9375
