// The text of one record: the same record has the same bytes, and nothing else is one. Pure.
//
//   {"seq":7,"at":"2026-01-31T12:00:00.000Z","event":"lease.granted","fields":{"seid":"sim1","user":"alice"}}

import type { AuditFields } from '../base/audit.ts'
import { InternalError } from '../base/errors.ts'

export interface AuditRecord {
  /** 1 for the first record of a log. */
  readonly sequence: number
  /** Wall clock, ISO 8601 in UTC with milliseconds. It may go back; the sequence does not. */
  readonly at: string
  readonly event: string
  readonly fields: Readonly<Record<string, string | number | boolean | null>>
}

/** The text of a record but for its sequence number, which it gets when it is written. */
export type Statement = string & { readonly Statement: unique symbol }

/**
 * What happened, as text: fields in the order of their names, texts cut after `MAX_TEXT` characters.
 * @param atMs  milliseconds since 1970
 * @throws InternalError when event or a field name has not its form
 */
export function statementOf(atMs: number, event: string, fields: AuditFields): Statement {
  if (!EVENT.test(event)) throw new InternalError(`audit: '${event.slice(0, 64)}' is no name of an event`)
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined)
  if (entries.length > MAX_FIELDS) throw new InternalError(`audit: ${event} has ${entries.length} fields`)
  const texts = entries
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => {
      if (!FIELD.test(name)) throw new InternalError(`audit: '${name.slice(0, 64)}' is no name of a field`)
      return `"${name}":${JSON.stringify(plain(value))}`
    })
  const at = new Date(atMs).toISOString()
  return `"at":"${at}","event":"${event}","fields":{${texts.join(',')}}}` as Statement
}

/** The text of a record. */
export function recordText(sequence: number, statement: Statement): string {
  return `{"seq":${sequence},${statement}`
}

/** The record that `text` is, or undefined when it is not exactly as `recordText` writes it. */
export function recordOf(text: string): AuditRecord | undefined {
  try {
    const { seq, at, event, fields } = JSON.parse(text) as Record<string, unknown>
    if (!Number.isSafeInteger(seq) || (seq as number) < 1) return undefined
    if (typeof at !== 'string' || typeof event !== 'string') return undefined
    if (typeof fields !== 'object' || fields === null) return undefined
    if (Object.values(fields).some((value) => typeof value === 'object' && value !== null)) return undefined
    const same = recordText(seq as number, statementOf(Date.parse(at), event, fields as AuditFields))
    if (same !== text) return undefined
    return { sequence: seq as number, at, event, fields: fields as AuditRecord['fields'] }
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError || error instanceof TypeError)
      return undefined
    if (error instanceof InternalError) return undefined
    throw error
  }
}

/** JSON has no NaN, no Infinity and no -0. */
function plain(value: AuditFields[string]): string | number | boolean | null {
  if (typeof value === 'string') return value.length > MAX_TEXT ? `${value.slice(0, MAX_TEXT - 1)}…` : value
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  return value ?? null
}

const EVENT = /^[a-z][a-z0-9-]{0,31}\.[a-z][a-z0-9-]{0,31}$/
const FIELD = /^[a-zA-Z][a-zA-Z0-9]{0,63}$/
const MAX_FIELDS = 32
const MAX_TEXT = 512
