// The shape of the `[[slots]]` tables, driver by driver, and what each key means when it is left out.

import * as v from 'valibot'
import { DECODER_KEYS, decoderOutput, LINE_KEYS, line, resetLine } from './lines.ts'
import { count, printable, text } from './values.ts'

/** @param wants  what the message says is wanted, for instance `64 hex digits` */
const hex = (leastBytes: number, mostBytes: number, wants: string) =>
  v.pipe(
    v.string(),
    v.check((digits) => isHexOf(digits, leastBytes, mostBytes), wants),
    v.transform((digits) => new Uint8Array(Buffer.from(digits, 'hex'))),
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
  applet: v.optional(v.picklist(['keystore', 'echo', 'tls-im', 'none']), 'keystore'),
  protocol: v.optional(v.picklist(['t1', 't0']), 't1'),
  latency: v.optional(v.picklist(['none', 'p71', 'javacard-2020']), 'none'),
  psk: v.optional(hex(32, 32, '64 hex digits')),
  scp: v.optional(v.picklist(['scp03', 'scp02']), 'scp03'),
  max_key_tries: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(255))),
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
  power: v.optional(resetLine),
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

/** board * 100 + slot */
const arraySlot = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(99_999))

const pcscSlots = v.strictObject({
  driver: v.literal('pcsc'),
  ...anySlot,
  reader: v.optional(text, '*'),
  library: v.optional(v.picklist(['pcsclite', 'smartcard'])),
})

const { sen, seid, aid, aliases, max_record_bytes } = anySlot
const simArraySlots = v.strictObject({
  driver: v.literal('sim-array'),
  ...{ sen, seid, aid, aliases, max_record_bytes },
  host: text,
  port: count(2310, 1, 65_535),
  slots: v.optional(v.pipe(v.array(arraySlot), v.minLength(1), v.maxLength(1_000))),
  max_connections: count(16, 1, 1_000),
})

/** What only a board file says of a slot: nobody can change it by a configuration. */
export const onBoard = {
  part: v.optional(text),
  level: v.optional(v.picklist(['1.8V', '3V', '3.3V'])),
  pull_up_ohms: v.optional(v.pipe(v.number(), v.integer(), v.minValue(500), v.maxValue(100_000))),
  capacitance_pf: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(550))),
  max_ma: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000))),
  limit_ma: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(2_000))),
}

/** A slot that a board file describes. */
export const boardSlots = v.variant('driver', [
  v.strictObject({ ...i2cSlots.entries, designator: printable(16), ...onBoard }),
  v.strictObject({ ...spiSlots.entries, designator: printable(16), ...onBoard }),
])

export const slotsTables = v.variant('driver', [simulatorSlots, i2cSlots, spiSlots, pcscSlots, simArraySlots])

/** One `[[slots]]` table. */
export type SimulatorTable = v.InferOutput<typeof simulatorSlots>
export type I2cTable = v.InferOutput<typeof i2cSlots>
export type SpiTable = v.InferOutput<typeof spiSlots>
export type PcscTable = v.InferOutput<typeof pcscSlots>
export type SimArrayTable = v.InferOutput<typeof simArraySlots>
export type SlotsTable = v.InferOutput<typeof slotsTables>

/** The keys that a table may have at `path` below `slots`, without indexes. */
export function slotKeysAt(path: readonly string[]): readonly string[] {
  switch (path.at(-1) ?? '') {
    case 'select':
      return [...Object.keys(segment.entries), ...DECODER_KEYS]
    case 'reset':
    case 'power':
      return [...LINE_KEYS, ...DECODER_KEYS]
    case 'ready':
    case 'led':
    case 'button':
      return LINE_KEYS
    default:
      return slotsTables.options.flatMap(({ entries }) => Object.keys(entries))
  }
}

function isHexOf(digits: string, leastBytes: number, mostBytes: number): boolean {
  const bytes = digits.length / 2
  return /^([0-9A-Fa-f]{2})*$/.test(digits) && bytes >= leastBytes && bytes <= mostBytes
}
