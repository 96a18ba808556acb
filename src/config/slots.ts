// The `[[slots]]` tables: one entry per element, whatever carries its APDUs.

import { ConfigError } from './errors.ts'
import { type DecoderOutput, type Line, usesOf } from './lines.ts'
import type { I2cTable, SimulatorTable, SlotsTable } from './schema.ts'

export type SlotConfig = SimulatorSlot | I2cSlot

/** What every driver's entry has. */
export interface AnySlot {
  readonly seid: string
  readonly aliases: readonly string[]
  readonly sen?: string | undefined
  readonly aid?: Uint8Array | undefined
  readonly maxRecordBytes: number
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
  readonly applet: 'keystore' | 'echo' | 'none'
  readonly protocol: 't1' | 't0'
  readonly latency: 'none' | 'p71' | 'javacard-2020'
  readonly psk: Uint8Array
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
  /** Active while it is talked to. */
  readonly select?: DecoderOutput | undefined
  /** Active while it has something to say. */
  readonly ready?: Line | undefined
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
      for (const seid of [slot.seid, ...slot.aliases]) {
        if (seid.length > MAX_SEID) {
          throw new ConfigError('config.invalid', `${where}: SEID '${seid}' is longer than ${MAX_SEID}`)
        }
      }
      const owner = `${where}, slot ${slots.length}`
      for (const [what, by] of usesOfSlot(slot, owner)) claim(claims, { what, by, where })
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
    psk: table.psk,
    socket: table.socket === undefined ? undefined : fill(table.socket),
  }
}

function i2cSlotOf(table: I2cTable): I2cSlot {
  const { bus, address, framing, clock_hz: clockHz, select, reset, ready } = table
  const segment = select !== undefined && 'mux' in select ? select : undefined
  const decoded = select !== undefined && 'output' in select ? select : undefined
  const behind = segment === undefined ? '' : `-ch${segment.channel}`
  const output = decoded === undefined ? '' : `-out${decoded.output}`
  const seid = `i2c-${bus}-${address.toString(16).padStart(2, '0')}${behind}${output}`
  return {
    driver: 'i2c',
    ...anySlotOf(table, (text) => text, seid),
    ...{ bus, address, framing, clockHz, segment, wiring: { reset, ready, select: decoded } },
  }
}

function anySlotOf(table: SlotsTable, fill: (template: string) => string, defaultSeid: string): AnySlot {
  return {
    seid: fill(table.seid ?? defaultSeid),
    aliases: table.aliases.map(fill),
    sen: table.sen === undefined ? undefined : fill(table.sen),
    aid: table.aid,
    maxRecordBytes: table.max_record_bytes,
    front: { designator: table.designator, led: table.led, button: table.button },
  }
}

/** What the slot takes, in words -> whose it is then. */
function usesOfSlot(slot: SlotConfig, owner: string): [string, string][] {
  const seids = [slot.seid, ...slot.aliases].map((seid, n): [string, string] => [
    `SEID '${seid}'`,
    `${owner}, SEID ${n}`,
  ])
  const lines = [slot.front.led, slot.front.button]
  if (slot.driver === 'simulator') {
    const socket: [string, string][] = slot.socket === undefined ? [] : [[`socket '${slot.socket}'`, owner]]
    return [...seids, ...socket, ...lineUses(lines, owner)]
  }
  const { bus, segment, wiring } = slot
  const uses: [string, string][] = [...seids, [placeOf(slot), owner]]
  // An output that chooses the element is there for all that its address is.
  if (wiring.select !== undefined) uses.push(...lineUses([wiring.select], placeOf(slot)))
  if (segment?.reset !== undefined) {
    const mux = `the multiplexer 0x${segment.mux.toString(16)} of bus ${bus}`
    uses.push(...lineUses([segment.reset], mux), [`the reset of ${mux}`, JSON.stringify(segment.reset)])
  }
  return [...uses, ...lineUses([...lines, wiring.reset, wiring.ready], owner)]
}

/** Each line has a use of its own, also within a slot. */
function lineUses(lines: readonly (Line | DecoderOutput | undefined)[], owner: string): [string, string][] {
  return lines.flatMap((used, n) => (used === undefined ? [] : usesOf(used, `${owner}, line ${n}`)))
}

function placeOf({ bus, address, segment, wiring }: I2cSlot): string {
  const behind =
    segment === undefined ? '' : ` behind channel ${segment.channel} of 0x${segment.mux.toString(16)}`
  const chosen = wiring.select === undefined ? '' : ` at output ${wiring.select.output}`
  return `address 0x${address.toString(16)} of bus ${bus}${behind}${chosen}`
}

/** A simulated card carries its name in the ATR, where 15 bytes are all there is. */
function checkName({ sen = '' }: SimulatorSlot, where: string): void {
  if (sen.length > MAX_HISTORICAL_BYTES) {
    const message = `${where}: '${sen}' is longer than the ${MAX_HISTORICAL_BYTES} bytes of an ATR`
    throw new ConfigError('config.invalid', message)
  }
}

type Claims = Map<string, { readonly by: string; readonly where: string }>

function claim(claims: Claims, { what, by, where }: { what: string; by: string; where: string }): void {
  const other = claims.get(what)
  if (other !== undefined && other.by !== by) {
    const hint =
      other.where !== where
        ? `, also in ${other.where}`
        : /^(SEID|socket)/.test(what)
          ? ': put {n} into it'
          : ''
    throw new ConfigError('config.invalid', `${where}: ${what} twice${hint}`)
  }
  claims.set(what, { by, where })
}

const MAX_HISTORICAL_BYTES = 15
/** As slots/identity has it; a template may fit before its {n} is filled in, and not after. */
const MAX_SEID = 63
const PERSONALISATION_KEYS = ['sen', 'applet', 'protocol', 'latency', 'psk'] as const
