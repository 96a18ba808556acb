// The shape of the configuration file, table by table, and what each key means when it is left out.
// Keys are TOML's snake_case; what comes out is typed and complete.

import * as v from 'valibot'
import { DECODER_KEYS, decoderOutput, LINE_KEYS, line, resetLine } from './lines.ts'
import { endpoint, text } from './values.ts'

const MAX_MS = 86_400_000

const milliseconds = (fallback: number) =>
  v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_MS)), fallback)

const count = (fallback: number, least: number, most: number) =>
  v.optional(v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most)), fallback)

/** @param wants  what the message says is wanted, for instance `64 hex digits` */
const hex = (leastBytes: number, mostBytes: number, wants: string) =>
  v.pipe(
    v.string(),
    v.check((digits) => isHexOf(digits, leastBytes, mostBytes), wants),
    v.transform((digits) => new Uint8Array(Buffer.from(digits, 'hex'))),
  )

const gateway = v.strictObject({
  name: v.optional(text, 'iose'),
  state_dir: v.optional(text),
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

const printable = (mostBytes: number) =>
  v.pipe(
    v.string(),
    v.regex(
      new RegExp(`^[\\x21-\\x7E]{1,${mostBytes}}$`),
      `1 to ${mostBytes} printable ASCII characters, no blank`,
    ),
  )

/** Allowed on every driver. */
const anySlot = {
  sen: v.optional(printable(255)),
  seid: v.optional(printable(63)),
  aid: v.optional(hex(5, 16, '10 to 32 hex digits')),
  aliases: v.optional(v.array(printable(63)), []),
  max_record_bytes: count(512, 64, 16_640),
  designator: v.optional(printable(16)),
  led: v.optional(line('high')),
  button: v.optional(line('low')),
}

const simulatorSlots = v.strictObject({
  driver: v.literal('simulator'),
  ...anySlot,
  count: count(1, 1, 1_000),
  applet: v.optional(v.picklist(['keystore', 'echo', 'none']), 'keystore'),
  protocol: v.optional(v.picklist(['t1', 't0']), 't1'),
  latency: v.optional(v.picklist(['none', 'p71', 'javacard-2020']), 'none'),
  psk: v.optional(
    hex(32, 32, '64 hex digits'),
    '0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F20',
  ),
  socket: v.optional(text),
})

/** 7 bits, without the reserved ones at both ends. */
const i2cAddress = v.pipe(v.number(), v.integer(), v.minValue(0x08), v.maxValue(0x77))

const segment = v.strictObject({
  mux: v.pipe(v.number(), v.integer(), v.minValue(0x70), v.maxValue(0x77)),
  channel: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(7)),
  reset: v.optional(resetLine),
})

const i2cSelect = v.lazy((input) =>
  typeof input === 'object' && input !== null && 'decoder' in input ? decoderOutput : segment,
)

/** What an element on a bus has besides. */
const wiring = {
  reset: v.optional(resetLine),
  ready: v.optional(line('high')),
}

const i2cSlots = v.strictObject({
  driver: v.literal('i2c'),
  ...anySlot,
  bus: count(1, 0, 255),
  address: i2cAddress,
  framing: v.picklist(['nxp', 'gp', 'bridge', 'iso']),
  clock_hz: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1_000), v.maxValue(5_000_000))),
  select: v.optional(i2cSelect),
  ...wiring,
})

const panel = v.strictObject({
  gpio: v.optional(v.picklist(['cdev', 'onoff']), 'cdev'),
})

const spiSlots = v.strictObject({
  driver: v.literal('spi'),
  ...anySlot,
  bus: count(0, 0, 255),
  chip_select: count(0, 0, 15),
  framing: v.pipe(
    v.string(),
    v.check(
      (name) => name !== 'iso',
      '"gp" or "nxp": SPI shows 00 when idle, which an iso block begins with',
    ),
    v.check((name) => name !== 'bridge', '"gp" or "nxp": the bridge is an I2C part'),
    v.picklist(['gp', 'nxp']),
  ),
  clock_hz: count(1_000_000, 1, 50_000_000),
  select: v.optional(decoderOutput),
  ...wiring,
})

/** A slot that a board file describes. */
export const boardSlots = v.variant('driver', [
  v.strictObject({ ...i2cSlots.entries, designator: printable(16) }),
  v.strictObject({ ...spiSlots.entries, designator: printable(16) }),
])

const pools = v.strictObject({
  sen: printable(255),
  members: v.pipe(v.array(printable(255)), v.minLength(1), v.maxLength(1_000)),
})

export const fileSchema = v.strictObject({
  gateway: v.optional(gateway, {}),
  tls_se: v.optional(tlsSe, {}),
  racs: v.optional(racs, {}),
  panel: v.optional(panel, {}),
  slots: v.optional(v.array(v.variant('driver', [simulatorSlots, i2cSlots, spiSlots]))),
  pools: v.optional(v.array(pools), []),
})

/** A configuration file, checked, with every default filled in. */
export type ConfigFile = v.InferOutput<typeof fileSchema>

/** One `[[slots]]` table. */
export type SimulatorTable = v.InferOutput<typeof simulatorSlots>
export type I2cTable = v.InferOutput<typeof i2cSlots>
export type SpiTable = v.InferOutput<typeof spiSlots>
export type SlotsTable = SimulatorTable | I2cTable | SpiTable

/** Keys whose value no message may show. */
export const SECRET_KEYS: readonly string[] = ['psk']

/** The keys that a table may have, by its path without indexes: `slots`, `tls_se`, or empty for the top. */
export function knownKeysAt(path: readonly string[]): readonly string[] {
  switch (path.at(-1) ?? '') {
    case 'select':
      return [...Object.keys(segment.entries), ...DECODER_KEYS]
    case 'reset':
      return [...LINE_KEYS, ...DECODER_KEYS]
    case 'ready':
    case 'led':
    case 'button':
      return LINE_KEYS
    default:
      return knownKeysOf(path[0])
  }
}

function knownKeysOf(table: string | undefined): readonly string[] {
  switch (table) {
    case undefined:
      return Object.keys(fileSchema.entries)
    case 'gateway':
      return Object.keys(gateway.entries)
    case 'tls_se':
      return Object.keys(tlsSe.entries)
    case 'racs':
      return Object.keys(racs.entries)
    case 'panel':
      return Object.keys(panel.entries)
    case 'pools':
      return Object.keys(pools.entries)
    default:
      return Object.keys({ ...simulatorSlots.entries, ...i2cSlots.entries, ...spiSlots.entries })
  }
}

function isHexOf(digits: string, leastBytes: number, mostBytes: number): boolean {
  const bytes = digits.length / 2
  return /^([0-9A-Fa-f]{2})*$/.test(digits) && bytes >= leastBytes && bytes <= mostBytes
}
