// What the gateway and root say to each other over the socket of updates: lines of JSON. The gateway gives one order a
// connection, and behind it the bytes of the update; root answers how far it is, and at last what came of it. Pure.

import type { SlotName } from './boot-state.ts'
import { UPDATE_ERROR_CODES, UpdateError } from './errors.ts'

export { MAX_UPDATE_BYTES } from './header.ts'

/** `by` is whoever asked the gateway for it, for the journal of root. */
export type Order =
  | { readonly order: 'install'; readonly bytes: number; readonly by: string }
  | { readonly order: 'restart'; readonly by: string }

/**
 * - accepted: the header is verified and fits; `bytes` are those of its payload
 * - progress: `bytes` of it are written, or compared with what was signed
 * - done: installed, or about to restart
 * - refused: nothing was done; `code` is that of an error
 */
export type Reply =
  | { readonly reply: 'accepted'; readonly version: string; readonly slot: SlotName; readonly bytes: number }
  | { readonly reply: 'progress'; readonly phase: 'write' | 'check'; readonly bytes: number }
  | { readonly reply: 'done'; readonly version: string; readonly slot: SlotName }
  | { readonly reply: 'refused'; readonly code: string; readonly cause: string }

/** What is said last. */
export type LastReply = Extract<Reply, { readonly reply: 'done' | 'refused' }>

/** Of an order, or of a reply with a cause that names all keys or boards there are. */
export const MAX_LINE_BYTES = 4_096

export function lineOf(words: Order | Reply): Buffer {
  return Buffer.from(`${JSON.stringify(words)}\n`)
}

/** @throws UpdateError update.malformed */
export function orderOf(line: string): Order {
  const { order, bytes, by } = tableOf(line)
  if (typeof by === 'string' && /^[\x20-\x7e]{1,80}$/.test(by)) {
    if (order === 'restart') return { order, by }
    if (order === 'install' && isCount(bytes)) return { order, bytes, by }
  }
  throw new UpdateError('update.malformed', 'what came is no order of a gateway')
}

/** @throws UpdateError update.unanswered */
export function replyOf(line: string): Reply {
  const { reply, version, slot, bytes, phase, code, cause } = tableOf(line)
  const isPlace = typeof version === 'string' && (slot === 'A' || slot === 'B')
  if (reply === 'accepted' && isPlace && isCount(bytes)) return { reply, version, slot, bytes }
  if (reply === 'progress' && (phase === 'write' || phase === 'check') && isCount(bytes))
    return { reply, phase, bytes }
  if (reply === 'done' && isPlace) return { reply, version, slot }
  if (reply === 'refused' && typeof code === 'string' && typeof cause === 'string')
    return { reply, code, cause }
  throw new UpdateError('update.unanswered', 'what came is no answer of a machine that is updated')
}

/** What root refused, as an error here. What is no matter of updates is a failure of its side. */
export function errorOf({ code, cause }: Extract<Reply, { reply: 'refused' }>): UpdateError {
  return new UpdateError(UPDATE_ERROR_CODES.find((one) => one === code) ?? 'update.unanswered', cause)
}

/** The first line of `bytes` without its end, and what follows; undefined while it is not whole. */
export function cutLine(bytes: Buffer): { line: string; rest: Buffer } | undefined {
  const end = bytes.indexOf(LINE_FEED)
  if (end < 0) return undefined
  return { line: bytes.toString('utf8', 0, end), rest: bytes.subarray(end + 1) }
}

/** The fields of nothing, when it is no table. */
function tableOf(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

const LINE_FEED = 0x0a
