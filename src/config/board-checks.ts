// What cannot work on a board, whatever the schema says of each key: lines that are not there, a bus that rises too
// slowly, a rail that gives less than is taken. Pure.

import type { Board, BoardBus, BoardSlot } from './board.ts'
import { ConfigError } from './errors.ts'
import type { DecoderOutput, Line } from './lines.ts'

/** A bus while the channel of one slot is connected. */
export interface RiseTime {
  /** All pull-ups in parallel. */
  readonly ohms: number
  readonly picofarads: number
  /** From 30 to 70 % of the supply. */
  readonly nanoseconds: number
  readonly limitNanoseconds: number
}

/** @throws ConfigError config.invalid, with everything that is wrong */
export function checkBoard(board: Board, file: string): void {
  const problems = [
    ...(board.hat === undefined ? [] : headerProblems(board)),
    ...busProblems(board),
    ...powerProblems(board),
  ]
  if (problems.length > 0) throw new ConfigError('config.invalid', `${file}: ${problems.join('; ')}`)
}

/**
 * How fast the bus rises with the channel of `slot` connected, or without any.
 * Source: NXP UM10204 section 7.1: t = 0.8473 * R * C; table 10 for the limits.
 */
export function riseTimeOf(bus: BoardBus, slot?: Pick<BoardSlot, 'pullUpOhms' | 'capacitancePf'>): RiseTime {
  const ohms =
    slot?.pullUpOhms === undefined ? bus.pullUpOhms : 1 / (1 / bus.pullUpOhms + 1 / slot.pullUpOhms)
  const picofarads = bus.capacitancePf + (slot?.capacitancePf ?? 0)
  const [, limitNanoseconds = 0] = RISE_LIMITS.find(([clockHz]) => bus.clockHz <= clockHz) ?? []
  return { ohms, picofarads, nanoseconds: (0.8473 * ohms * picofarads) / 1000, limitNanoseconds }
}

/** The lines of the header that a slot uses, and what for. */
export function linesOfSlot({ entry }: BoardSlot): { readonly line: Line; readonly use: string }[] {
  const { reset, power, select, ready } = entry.wiring
  const muxReset = entry.driver === 'i2c' ? entry.segment?.reset : undefined
  const { led, button } = entry.front
  const named = { reset, power, select, ready, led, button, 'select.reset': muxReset }
  return Object.entries(named).flatMap(([use, used]) =>
    used === undefined ? [] : linesIn(used).map((line) => ({ line, use })),
  )
}

function linesIn(used: Line | DecoderOutput): Line[] {
  return 'output' in used ? [...used.address, used.enable] : [used]
}

/** What the vendor info atom of an ID EEPROM has room for, and its text form can say. */
export const EEPROM_TEXT = /^[\x20-\x21\x24-\x7E]{1,255}$/

/** What the ID EEPROM calls the product. */
export function productOf({ name, revision }: Pick<Board, 'name' | 'revision'>): string {
  return `${name}, revision ${revision}`
}

function headerProblems(board: Board): string[] {
  const buses = new Set(board.slots.flatMap(({ entry }) => (entry.driver === 'i2c' ? [entry.bus] : [])))
  const taken = new Map(ID_EEPROM_LINES)
  if (buses.has(1)) for (const [line, use] of I2C_1_LINES) taken.set(line, use)
  const name = EEPROM_TEXT.test(productOf(board))
    ? []
    : ['name and revision: found what has no place in an ID EEPROM: ASCII without " and #, 244 in all']
  const lines = board.slots.flatMap((slot, index) =>
    linesOfSlot(slot).flatMap(({ line: { line, chip }, use }) => {
      if (chip !== undefined) return []
      const why = line > LAST_HEADER_LINE ? 'is not on the 40-pin header' : taken.get(line)
      return why === undefined ? [] : [`slots[${index}].${use}: GPIO ${line} ${why}`]
    }),
  )
  return [...name, ...lines]
}

function busProblems({ bus, slots }: Board): string[] {
  if (bus === undefined) return []
  const volts = HEADER_VOLTS
  const places = [{ where: 'bus', rise: riseTimeOf(bus) }]
  const clocks: string[] = []
  for (const [index, slot] of slots.entries()) {
    const { entry } = slot
    if (entry.driver !== 'i2c' || entry.bus !== bus.number) continue
    places.push({ where: `slots[${index}] (${slot.designator})`, rise: riseTimeOf(bus, slot) })
    if (entry.clockHz !== undefined && entry.clockHz !== bus.clockHz)
      clocks.push(`slots[${index}].clock_hz: found ${entry.clockHz}, but bus.clock_hz is ${bus.clockHz}`)
  }
  return [
    ...clocks,
    ...places.flatMap(({ where, rise: { ohms, picofarads, nanoseconds, limitNanoseconds } }) => {
      const what = `${where}: ${Math.round(ohms)} ohms and ${picofarads} pF`
      const milliamperes = ((volts - LOW_VOLTS) / ohms) * 1000
      return [
        ...(nanoseconds > limitNanoseconds
          ? [`${what} rise in ${Math.ceil(nanoseconds)} ns, ${limitNanoseconds} ns are allowed`]
          : []),
        ...(milliamperes > SINK_MA
          ? [`${what} make ${milliamperes.toFixed(2)} mA at low, ${SINK_MA} mA are allowed`]
          : []),
      ]
    }),
  ]
}

function powerProblems({ power, slots }: Board): string[] {
  const low = slots.flatMap(({ maxMa = 0, limitMa }, index) =>
    limitMa !== undefined && limitMa < maxMa
      ? [`slots[${index}].limit_ma: found ${limitMa}, but max_ma is ${maxMa}`]
      : [],
  )
  if (power === undefined) return low
  const total = slots.reduce((sum, { maxMa = 0 }) => sum + maxMa, power.baseMa)
  return total <= power.railMa
    ? low
    : [...low, `power.rail_ma: found ${power.railMa}, but ${total} mA are taken`]
}

/** HAT+ specification: ID_SD and ID_SC, for nothing but the ID EEPROM. */
const ID_EEPROM_LINES: readonly [number, string][] = [
  [0, 'is ID_SD of the ID EEPROM'],
  [1, 'is ID_SC of the ID EEPROM'],
]
const I2C_1_LINES: readonly [number, string][] = [
  [2, 'is SDA of I2C bus 1'],
  [3, 'is SCL of I2C bus 1'],
]
const LAST_HEADER_LINE = 27
const HEADER_VOLTS = 3.3
/** NXP UM10204 table 9: what a part may leave of a low level, and what each must be able to sink. */
const LOW_VOLTS = 0.4
const SINK_MA = 3
/** Up to which clock, which rise time, nanoseconds. */
const RISE_LIMITS: readonly [number, number][] = [
  [100_000, 1000],
  [400_000, 300],
  [1_000_000, 120],
]
