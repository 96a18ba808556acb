// Board files: what is where on a HAT. The gateway's own file says what to do with it.

import * as v from 'valibot'
import { checkBoard, EEPROM_TEXT } from './board-checks.ts'
import { ConfigError } from './errors.ts'
import { knownKeysAt } from './schema.ts'
import { boardSlots, onBoard } from './slot-schema.ts'
import { type I2cSlot, type SpiSlot, slotsOf } from './slots.ts'
import { checked, tomlOf } from './toml.ts'
import { count, text } from './values.ts'

/** A board file as it was found. */
export interface BoardText {
  readonly toml: string
  /** What messages call it. */
  readonly file: string
}

/** What a board file says. */
export interface Board {
  readonly name: string
  readonly revision: string
  /** What its ID EEPROM says; undefined: it is no HAT. */
  readonly hat?: Hat | undefined
  readonly bus?: BoardBus | undefined
  readonly power?: BoardPower | undefined
  readonly slots: readonly BoardSlot[]
}

export interface Hat {
  readonly vendor: string
  readonly productId: number
  readonly productVersion: number
  /** The name of its device-tree overlay, without folder and ending. */
  readonly overlay: string
}

/** An I2C bus up to its multiplexers, at the 3.3 V of the header. */
export interface BoardBus {
  /** N of /dev/i2c-N. */
  readonly number: number
  readonly clockHz: number
  readonly pullUpOhms: number
  readonly capacitancePf: number
}

export interface BoardPower {
  /** What the rail gives to the whole board. */
  readonly railMa: number
  /** What the board takes besides its slots, LEDs included. */
  readonly baseMa: number
}

/** A slot of a board: its entry as the gateway has it, and what only a board file says. */
export interface BoardSlot {
  readonly entry: I2cSlot | SpiSlot
  readonly designator: string
  readonly part?: string | undefined
  /** Of the signals at the element. */
  readonly level?: '1.8V' | '3V' | '3.3V' | undefined
  /** Of the channel of its multiplexer, besides those of the bus. */
  readonly pullUpOhms?: number | undefined
  readonly capacitancePf?: number | undefined
  /** What it takes at most. */
  readonly maxMa?: number | undefined
  /** Where its power switch cuts off. */
  readonly limitMa?: number | undefined
}

const whole = (least: number, most: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most))

const hat = v.strictObject({
  vendor: v.pipe(v.string(), v.regex(EEPROM_TEXT, '1 to 255 printable ASCII characters without " and #')),
  product_id: count(0, 0, 0xffff),
  product_version: count(0, 0, 0xffff),
  overlay: v.pipe(
    v.string(),
    v.regex(/^[a-z0-9][a-z0-9-]{0,62}$/, '1 to 63 small letters, digits and hyphens'),
  ),
})

const bus = v.strictObject({
  number: count(1, 0, 255),
  clock_hz: whole(1_000, 1_000_000),
  pull_up_ohms: whole(500, 100_000),
  capacitance_pf: whole(1, 550),
})

const power = v.strictObject({ rail_ma: whole(1, 5_000), base_ma: whole(0, 5_000) })

/** A whole board file, key by key. */
export const boardSchema = v.strictObject({
  name: text,
  revision: text,
  hat: v.optional(hat),
  bus: v.optional(bus),
  power: v.optional(power),
  slots: v.pipe(v.array(boardSlots), v.minLength(1)),
})

/**
 * The tables of a configuration with those of the board that it names: a slot with a board's designator is that slot
 * of the board, with the keys of both; slots of the board that the file does not mention follow as they are.
 * @param raw        the tables of the file; not checked yet
 * @param readBoard  finds a board file by what the configuration calls it
 * @throws ConfigError config.invalid; and what `readBoard` throws
 */
export function withBoard(raw: unknown, file: string, readBoard: (name: string) => BoardText): unknown {
  const { gateway, slots = [] } = raw as { gateway?: { board?: unknown }; slots?: unknown }
  const name = gateway?.board
  if (typeof name !== 'string' || !Array.isArray(slots)) return raw
  const board = readBoard(name)
  const tables = tablesOf(board)
  const own = (slots as Table[]).map((table, index) => {
    const { designator } = table
    if (designator === undefined) return table
    const described = tables.get(designator)
    if (described === undefined) {
      const known = [...tables.keys()].join(', ')
      const message = `${file}: slots[${index}].designator: ${board.file} has no ${JSON.stringify(designator)}, but ${known}`
      throw new ConfigError('config.invalid', message)
    }
    tables.delete(designator)
    return { ...described, ...table }
  })
  return { ...(raw as Table), slots: [...own, ...tables.values()] }
}

/**
 * Reads a board file.
 * @throws ConfigError config.invalid
 */
export function parseBoard({ toml, file }: BoardText): Board {
  const shape = { schema: boardSchema, knownKeysAt: keysAt, secretKeys: [] }
  const { name, revision, hat, bus, power, slots } = checked(tomlOf(toml, file), file, shape)
  const designators = slots.map(({ designator }) => designator)
  const twice = designators.find((one, index) => designators.indexOf(one) !== index)
  if (twice !== undefined) {
    throw new ConfigError('config.invalid', `${file}: the designator "${twice}" is there twice`)
  }
  const entries = slotsOf(slots, file) as (I2cSlot | SpiSlot)[]
  const board: Board = {
    ...{ name, revision },
    hat: hat && {
      ...{ vendor: hat.vendor, overlay: hat.overlay },
      ...{ productId: hat.product_id, productVersion: hat.product_version },
    },
    bus: bus && {
      ...{ number: bus.number, clockHz: bus.clock_hz },
      ...{ pullUpOhms: bus.pull_up_ohms, capacitancePf: bus.capacitance_pf },
    },
    power: power && { railMa: power.rail_ma, baseMa: power.base_ma },
    slots: entries.map((entry, index) => boardSlotOf(entry, slots[index])),
  }
  checkBoard(board, file)
  return board
}

function boardSlotOf(entry: I2cSlot | SpiSlot, table: BoardTable | undefined): BoardSlot {
  return {
    ...{ entry, designator: table?.designator ?? '', part: table?.part, level: table?.level },
    ...{ pullUpOhms: table?.pull_up_ohms, capacitancePf: table?.capacitance_pf },
    ...{ maxMa: table?.max_ma, limitMa: table?.limit_ma },
  }
}

/** By designator, as a configuration may have them. */
function tablesOf(board: BoardText): Map<unknown, Table> {
  parseBoard(board)
  const { slots } = tomlOf(board.toml, board.file) as { slots: Table[] }
  return new Map(slots.map((table) => [table.designator, withoutBoardKeys(table)]))
}

function withoutBoardKeys(table: Table): Table {
  return Object.fromEntries(Object.entries(table).filter(([key]) => !Object.hasOwn(onBoard, key)))
}

function keysAt(path: readonly string[]): readonly string[] {
  switch (path[0]) {
    case undefined:
      return Object.keys(boardSchema.entries)
    case 'hat':
      return Object.keys(hat.entries)
    case 'bus':
      return Object.keys(bus.entries)
    case 'power':
      return Object.keys(power.entries)
    default:
      return [...knownKeysAt(path), ...(path.length <= 2 ? Object.keys(onBoard) : [])]
  }
}

type Table = Record<string, unknown> & { readonly designator?: unknown }
type BoardTable = v.InferOutput<typeof boardSlots>
