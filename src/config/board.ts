// Board files: what is where on a HAT. The gateway's own file says what to do with it.

import * as v from 'valibot'
import { ConfigError } from './errors.ts'
import { knownKeysAt } from './schema.ts'
import { boardSlots } from './slot-schema.ts'
import { checked, tomlOf } from './toml.ts'
import { text } from './values.ts'

/** A board file as it was found. */
export interface BoardText {
  readonly toml: string
  /** What messages call it. */
  readonly file: string
}

/** A whole board file, key by key. */
export const boardSchema = v.strictObject({
  name: text,
  revision: text,
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

/** By designator. */
function tablesOf({ toml, file }: BoardText): Map<unknown, Table> {
  const raw = tomlOf(toml, file)
  checked(raw, file, { schema: boardSchema, knownKeysAt: keysAt, secretKeys: [] })
  const tables = new Map<unknown, Table>()
  for (const table of (raw as { slots: Table[] }).slots) {
    const { designator } = table
    if (tables.has(designator)) {
      throw new ConfigError(
        'config.invalid',
        `${file}: the designator ${JSON.stringify(designator)} is there twice`,
      )
    }
    tables.set(designator, table)
  }
  return tables
}

function keysAt(path: readonly string[]): readonly string[] {
  return path.length === 0 ? Object.keys(boardSchema.entries) : knownKeysAt(path)
}

type Table = Record<string, unknown> & { readonly designator?: unknown }
