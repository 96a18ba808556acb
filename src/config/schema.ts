// The shape of the configuration file, table by table, and what each key means when it is left out.
// Keys are TOML's snake_case; what comes out is typed and complete.

import * as v from 'valibot'
import { slotKeysAt, slotsTables } from './slot-schema.ts'
import { count, endpoint, printable, text } from './values.ts'

const MAX_MS = 86_400_000

const milliseconds = (fallback: number) =>
  v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_MS)), fallback)

const gateway = v.strictObject({
  name: v.optional(text, 'iose'),
  state_dir: v.optional(text),
  drain_ms: count(3_000, 0, 4_000),
  log_level: v.optional(v.picklist(['debug', 'info', 'warn', 'error', 'silent']), 'info'),
  board: v.optional(text),
})

const tlsSe = v.strictObject({
  listen: v.optional(endpoint, '127.0.0.1:8888'),
  hello_timeout_ms: milliseconds(10_000),
  queue_wait_ms: milliseconds(10_000),
  handshake_timeout_ms: milliseconds(20_000),
  idle_timeout_ms: milliseconds(30_000),
  session_timeout_ms: milliseconds(600_000),
  queue_length: count(8, 0, 10_000),
  max_connections: count(12_000, 1, 1_000_000),
  max_connections_per_address: count(64, 1, 1_000_000),
})

const racs = v.strictObject({
  listen: v.optional(endpoint, '127.0.0.1:7777'),
  ca: v.optional(text),
  cert: v.optional(text),
  key: v.optional(text),
  crl: v.optional(text),
  users: v.optional(text),
  dialect: v.optional(v.picklist(['draft', 'reference']), 'draft'),
  legacy_rsa: v.optional(v.boolean(), false),
  handshake_timeout_ms: milliseconds(10_000),
  idle_timeout_ms: milliseconds(600_000),
  apdu_timeout_ms: milliseconds(60_000),
  max_connections: count(256, 1, 1_000_000),
  max_connections_per_address: count(64, 1, 1_000_000),
})

const health = v.strictObject({
  // 0: never.
  poll_ms: count(5_000, 0, MAX_MS),
  max_resets_per_minute: count(600, 1, 100_000),
})

const guard = v.strictObject({
  max_failed_authentications: count(3, 1, 15),
  max_failed_verifications: count(2, 1, 15),
})

const audit = v.strictObject({
  key_file: v.optional(text),
  on_full: v.optional(v.picklist(['stop', 'count']), 'stop'),
  max_file_mb: count(16, 1, 1_024),
  max_files: count(0, 0, 10_000),
})

const status = v.strictObject({
  listen: v.optional(endpoint),
  token_file: v.optional(text, 'status.token'),
  operator_token_file: v.optional(text),
})

const panel = v.strictObject({
  gpio: v.optional(v.picklist(['cdev', 'onoff']), 'cdev'),
})

const pools = v.strictObject({
  sen: printable(255),
  members: v.pipe(v.array(printable(255)), v.minLength(1), v.maxLength(1_000)),
})

export const fileSchema = v.strictObject({
  gateway: v.optional(gateway, {}),
  tls_se: v.optional(tlsSe, {}),
  racs: v.optional(racs, {}),
  status: v.optional(status, {}),
  health: v.optional(health, {}),
  guard: v.optional(guard, {}),
  audit: v.optional(audit, {}),
  panel: v.optional(panel, {}),
  slots: v.optional(v.array(slotsTables)),
  pools: v.optional(v.array(pools), []),
})

/** A configuration file, checked, with every default filled in. */
export type ConfigFile = v.InferOutput<typeof fileSchema>

/** Keys whose value no message may show. */
export const SECRET_KEYS: readonly string[] = ['psk']

/** The keys that a table may have, by its path without indexes: `slots`, `tls_se`, or empty for the top. */
export function knownKeysAt(path: readonly string[]): readonly string[] {
  switch (path[0]) {
    case undefined:
      return Object.keys(fileSchema.entries)
    case 'gateway':
      return Object.keys(gateway.entries)
    case 'tls_se':
      return Object.keys(tlsSe.entries)
    case 'racs':
      return Object.keys(racs.entries)
    case 'status':
      return Object.keys(status.entries)
    case 'health':
      return Object.keys(health.entries)
    case 'guard':
      return Object.keys(guard.entries)
    case 'audit':
      return Object.keys(audit.entries)
    case 'panel':
      return Object.keys(panel.entries)
    case 'pools':
      return Object.keys(pools.entries)
    default:
      return slotKeysAt(path)
  }
}
