// Rows of slots as the status plane of a gateway gives them, checked.

import { ClientError } from './errors.ts'

export interface SlotRow {
  readonly slot: number
  readonly driver: string
  readonly seid: string
  readonly sen: string | null
  readonly atr: string | null
  readonly state: string
  readonly cause: string
  /** ISO 8601, as all instants. */
  readonly since: string
  readonly holder: string | null
  readonly held_since: string | null
  readonly waiters: readonly { readonly holder: string; readonly since: string }[]
  readonly doing: string | null
  /** How the last session on it ended; null: there was none. Undefined: the gateway does not tell. */
  readonly last?: LastRow | null | undefined
  readonly sessions: number
}

export interface LastRow {
  readonly at: string
  readonly holder: string
  /** `closed` when it ended as it should, else the code of an error. */
  readonly code: string
  readonly cause: string
}

/** @throws ClientError client.protocol */
export function slotRowsOf(value: unknown): SlotRow[] {
  if (!Array.isArray(value)) throw strange('slots')
  return value.map(slotRowOf)
}

/** @throws ClientError client.protocol */
export function slotRowOf(value: unknown): SlotRow {
  const row = fieldsOf(value, FIELDS) as unknown as SlotRow
  if (!Array.isArray(row.waiters)) throw strange('waiters')
  for (const waiter of row.waiters) fieldsOf(waiter, { holder: 'string', since: 'string' })
  if (row.last !== undefined && row.last !== null)
    fieldsOf(row.last, { at: 'string', holder: 'string', code: 'string', cause: 'string' })
  return row
}

/**
 * `value` as an object that has `fields`, each of the type named; `?` allows null.
 * @throws ClientError client.protocol
 */
export function fieldsOf(value: unknown, fields: Readonly<Record<string, string>>): Record<string, unknown> {
  const object = (value ?? {}) as Record<string, unknown>
  for (const [name, type] of Object.entries(fields)) {
    const mayBeNull = type.endsWith('?') && object[name] === null
    if (!mayBeNull && typeof object[name] !== type.replace('?', '')) throw strange(name)
  }
  return object
}

function strange(what: string): ClientError {
  return new ClientError('client.protocol', `the answer has no ${what} as a gateway writes them`)
}

const FIELDS = {
  ...{ slot: 'number', driver: 'string', seid: 'string', sen: 'string?', atr: 'string?', state: 'string' },
  ...{ cause: 'string', since: 'string', holder: 'string?', held_since: 'string?', doing: 'string?' },
  ...{ waiters: 'object', sessions: 'number' },
}
