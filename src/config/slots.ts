// The `[[slots]]` tables: one entry per element, whatever carries its APDUs.

import { type SecretBytes, secretOf } from '../base/secret.ts'
import { type Claims, claim, seidsOf } from './claims.ts'
import { ConfigError } from './errors.ts'
import type { DecoderOutput, Line } from './lines.ts'
import type {
  I2cTable,
  PcscTable,
  SimArrayTable,
  SimulatorTable,
  SlotsTable,
  SpiTable,
} from './slot-schema.ts'

export type SlotConfig = SimulatorSlot | I2cSlot | SpiSlot | PcscSlot | SimArraySlots

/** What is said of an element, whatever drives it. */
export interface Naming {
  readonly seid: string
  readonly aliases: readonly string[]
  readonly sen?: string | undefined
  readonly aid?: Uint8Array | undefined
  readonly maxRecordBytes: number
}

/** What the entry of a driver with a place for one element has. */
export interface AnySlot extends Naming {
  readonly front: Front
}

/** What somebody who stands before the box has of a slot. */
export interface Front {
  /** What the board's print calls it. */
  readonly designator?: string | undefined
  readonly led?: Line | undefined
  readonly button?: Line | undefined
}

/** One simulated element. */
export interface SimulatorSlot extends AnySlot {
  readonly driver: 'simulator'
  readonly applet: 'keystore' | 'echo' | 'tls-im' | 'none'
  readonly protocol: 't1' | 't0'
  readonly latency: 'none' | 'p71' | 'javacard-2020'
  /** What the application comes with when undefined: TLS-SE a published key, TLS-IM none. */
  readonly psk?: SecretBytes | undefined
  /** The secure channel protocol of its issuer domain. */
  readonly scp: 'scp03' | 'scp02'
  /** Wrong keys in a row after which its issuer domain blocks itself for good; never when undefined. */
  readonly maxKeyTries?: number | undefined
  /** Path of the Unix socket of a card that runs in a process of its own. */
  readonly socket?: string | undefined
}

/** One element on an I2C bus. */
export interface I2cSlot extends AnySlot {
  readonly driver: 'i2c'
  /** N of /dev/i2c-N. */
  readonly bus: number
  readonly address: number
  readonly framing: 'nxp' | 'gp' | 'bridge' | 'iso'
  readonly segment?: Segment | undefined
  /** What the bus runs at; undefined: not known. */
  readonly clockHz?: number | undefined
  readonly wiring: Wiring
}

/** A channel of a multiplexer, and what resets the latter. */
export interface Segment {
  readonly mux: number
  readonly channel: number
  readonly reset?: Line | DecoderOutput | undefined
}

/** The lines of an element on a bus. */
export interface Wiring {
  readonly reset?: Line | DecoderOutput | undefined
  /** Active while it has no power. */
  readonly power?: Line | DecoderOutput | undefined
  /** Active while it is talked to. */
  readonly select?: DecoderOutput | undefined
  /** Active while it has something to say. */
  readonly ready?: Line | undefined
}

/** One element on an SPI controller. */
export interface SpiSlot extends AnySlot {
  readonly driver: 'spi'
  /** B and C of /dev/spidevB.C. */
  readonly bus: number
  readonly chipSelect: number
  readonly framing: 'gp' | 'nxp'
  readonly clockHz: number
  readonly wiring: Wiring
}

/** The cards in the readers that `reader` selects. */
export interface PcscSlot extends Omit<AnySlot, 'seid'> {
  readonly driver: 'pcsc'
  readonly reader: string
  /** Undefined: that of each reader. */
  readonly seid?: string | undefined
  readonly library?: 'pcsclite' | 'smartcard' | undefined
}

/** The cards in a SIM array. */
export interface SimArraySlots {
  readonly driver: 'sim-array'
  readonly host: string
  readonly port: number
  readonly maxConnections: number
  /** Empty: all that the array has. */
  readonly slots: readonly ArraySlot[]
  /** Describes a slot that is not listed. */
  readonly slotOf: (number: number) => ArraySlot
}

export interface ArraySlot extends Naming {
  /** board * 100 + slot. */
  readonly number: number
}

/** What messages call an entry. */
export function labelOf(slot: SlotConfig): string {
  if (slot.driver === 'sim-array') return `the SIM array ${slot.host}:${slot.port}`
  if (slot.driver === 'pcsc') return `the reader '${slot.reader}'`
  return `the slot of ${slot.seid}`
}

/**
 * Spreads out the tables; `{n}` in a text is the number of the slot within its table, from 1.
 * @throws ConfigError config.invalid
 */
export function slotsOf(tables: readonly SlotsTable[], file: string): SlotConfig[] {
  const slots: SlotConfig[] = []
  const claims: Claims = new Map()
  tables.forEach((table, index) => {
    const where = `${file}: slots[${index}]`
    for (const slot of entriesOf(table, slots.length)) {
      if (slot.driver === 'simulator') checkName(slot, `${where}.sen`)
      for (const seid of seidsOf(slot)) {
        if (seid.length > MAX_SEID) {
          throw new ConfigError('config.invalid', `${where}: SEID '${seid}' is longer than ${MAX_SEID}`)
        }
      }
      claim(claims, slot, where)
      slots.push(slot)
    }
  })
  return slots
}

/** A card in a process of its own was personalised there: what the file says of it besides would be ignored. */
export function checkSockets({ slots = [] }: { slots?: Record<string, unknown>[] }, file: string): void {
  slots.forEach((table, index) => {
    const idle = 'socket' in table ? PERSONALISATION_KEYS.find((key) => key in table) : undefined
    if (idle === undefined) return
    const message = `${file}: slots[${index}].${idle}: belongs to the process of the card behind 'socket'`
    throw new ConfigError('config.invalid', message)
  })
}

function entriesOf(table: SlotsTable, before: number): SlotConfig[] {
  if (table.driver === 'i2c') return [i2cSlotOf(table)]
  if (table.driver === 'spi') return [spiSlotOf(table)]
  if (table.driver === 'pcsc') return [pcscSlotOf(table)]
  if (table.driver === 'sim-array') return [simArraySlotsOf(table)]
  return Array.from({ length: table.count }, (_, n) => simulatorSlotOf(table, n + 1, `sim${before + n + 1}`))
}

function simulatorSlotOf(table: SimulatorTable, n: number, defaultSeid: string): SimulatorSlot {
  const fill = (template: string): string => template.replaceAll('{n}', String(n))
  return {
    driver: 'simulator',
    ...anySlotOf(table, fill, defaultSeid),
    applet: table.applet,
    protocol: table.protocol,
    latency: table.latency,
    psk: secretOf(table.psk),
    scp: table.scp,
    maxKeyTries: table.max_key_tries,
    socket: table.socket === undefined ? undefined : fill(table.socket),
  }
}

function i2cSlotOf(table: I2cTable): I2cSlot {
  const { bus, address, framing, clock_hz: clockHz, select, reset, power, ready } = table
  const segment = select !== undefined && 'mux' in select ? select : undefined
  const decoded = select !== undefined && 'output' in select ? select : undefined
  const behind = segment === undefined ? '' : `-ch${segment.channel}`
  const output = decoded === undefined ? '' : `-out${decoded.output}`
  const seid = `i2c-${bus}-${address.toString(16).padStart(2, '0')}${behind}${output}`
  return {
    driver: 'i2c',
    ...anySlotOf(table, (text) => text, seid),
    ...{ bus, address, framing, clockHz, segment, wiring: { reset, power, ready, select: decoded } },
  }
}

function spiSlotOf(table: SpiTable): SpiSlot {
  const { bus, chip_select: chipSelect, framing, clock_hz: clockHz, select, reset, power, ready } = table
  const output = select === undefined ? '' : `-out${select.output}`
  return {
    driver: 'spi',
    ...anySlotOf(table, (text) => text, `spi-${bus}.${chipSelect}${output}`),
    ...{ bus, chipSelect, framing, clockHz, wiring: { reset, power, ready, select } },
  }
}

function pcscSlotOf(table: PcscTable): PcscSlot {
  const { reader, library, seid } = table
  return { driver: 'pcsc', ...anySlotOf(table, (text) => text, ''), seid, reader, library }
}

function simArraySlotsOf(table: SimArrayTable): SimArraySlots {
  const { host, port, max_connections: maxConnections, slots = [] } = table
  const slotOf = (number: number): ArraySlot => ({
    number,
    ...namingOf(table, (template) => template.replaceAll('{n}', String(number)), 'array-{n}'),
  })
  return { driver: 'sim-array', host, port, maxConnections, slots: slots.map(slotOf), slotOf }
}

type Fill = (template: string) => string

function anySlotOf(table: Exclude<SlotsTable, SimArrayTable>, fill: Fill, defaultSeid: string): AnySlot {
  const { designator, led, button } = table
  return { ...namingOf(table, fill, defaultSeid), front: { designator, led, button } }
}

function namingOf(table: SlotsTable, fill: Fill, defaultSeid: string): Naming {
  return {
    seid: fill(table.seid ?? defaultSeid),
    aliases: table.aliases.map(fill),
    sen: table.sen === undefined ? undefined : fill(table.sen),
    aid: table.aid,
    maxRecordBytes: table.max_record_bytes,
  }
}

/** A simulated card carries its name in the ATR, where 15 bytes are all there is; an identity module has none. */
function checkName({ sen = '', applet }: SimulatorSlot, where: string): void {
  if (sen !== '' && applet === 'tls-im')
    throw new ConfigError(
      'config.invalid',
      `${where}: '${sen}': applet 'tls-im' is no server, it has no name`,
    )
  if (sen.length > MAX_HISTORICAL_BYTES) {
    const message = `${where}: '${sen}' is longer than the ${MAX_HISTORICAL_BYTES} bytes of an ATR`
    throw new ConfigError('config.invalid', message)
  }
}

const MAX_HISTORICAL_BYTES = 15
/** As slots/identity has it; a template may fit before its {n} is filled in, and not after. */
const MAX_SEID = 63
const PERSONALISATION_KEYS = ['sen', 'applet', 'protocol', 'latency', 'psk', 'scp', 'max_key_tries'] as const
