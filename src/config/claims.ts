// What only one slot can have: a SEID, a place on a bus, a line.

import { ConfigError } from './errors.ts'
import { type DecoderOutput, type Line, usesOf } from './lines.ts'
import type { I2cSlot, SlotConfig, SpiSlot } from './slots.ts'

/** What is taken, in words -> by whom, and where the file says so. */
export type Claims = Map<string, { readonly by: string; readonly where: string }>

/**
 * Notes what `slot` takes.
 * @param where  its table, for messages
 * @throws ConfigError config.invalid when somebody else has taken it
 */
export function claim(claims: Claims, slot: SlotConfig, where: string): void {
  for (const [what, by] of usesOfSlot(slot, `${where}, ${claims.size}`)) {
    const other = claims.get(what)
    if (other !== undefined && other.by !== by) {
      const template = /^(SEID|socket)/.test(what) ? ': put {n} into it' : ''
      const hint = other.where === where ? template : `, also in ${other.where}`
      throw new ConfigError('config.invalid', `${where}: ${what} twice${hint}`)
    }
    claims.set(what, { by, where })
  }
}

/** The SEIDs that an entry is known to take; of an array whose slots are not listed, that of the highest number. */
export function seidsOf(slot: SlotConfig): string[] {
  if (slot.driver !== 'sim-array') return [...(slot.seid === undefined ? [] : [slot.seid]), ...slot.aliases]
  const slots = slot.slots.length > 0 ? slot.slots : [slot.slotOf(MAX_ARRAY_SLOT)]
  return slots.flatMap(({ seid, aliases }) => [seid, ...aliases])
}

/** What the slot takes, in words -> whose it is then; `owner` is nobody else. */
function usesOfSlot(slot: SlotConfig, owner: string): [string, string][] {
  const seids = seidsOf(slot).map((seid, n): [string, string] => [`SEID '${seid}'`, `${owner}, SEID ${n}`])
  return [...seids, ...placeUses(slot, owner)]
}

function placeUses(slot: SlotConfig, owner: string): [string, string][] {
  if (slot.driver === 'sim-array') {
    const array = `${slot.host}:${slot.port}`
    if (slot.slots.length === 0) return [[`the array ${array}, all its slots,`, owner]]
    return slot.slots.map(({ number }, n) => [`slot ${number} of the array ${array}`, `${owner}, slot ${n}`])
  }
  const lines = [slot.front.led, slot.front.button]
  if (slot.driver === 'pcsc') return [[`reader '${slot.reader}'`, owner], ...lineUses(lines, owner)]
  if (slot.driver === 'simulator') {
    const socket: [string, string][] = slot.socket === undefined ? [] : [[`socket '${slot.socket}'`, owner]]
    return [...socket, ...lineUses(lines, owner)]
  }
  const { reset, power, ready, select } = slot.wiring
  const place = placeOf(slot)
  return [
    [place, owner],
    // An output that chooses the element is part of where it is.
    ...lineUses([select], place),
    ...(slot.driver === 'i2c' ? muxUses(slot) : []),
    ...lineUses([...lines, reset, power, ready], owner),
  ]
}

/** The reset of a multiplexer belongs to all behind it, who must agree about it. */
function muxUses({ bus, segment }: I2cSlot): [string, string][] {
  if (segment?.reset === undefined) return []
  const mux = `the multiplexer 0x${segment.mux.toString(16)} of bus ${bus}`
  return [...lineUses([segment.reset], mux), [`the reset of ${mux}`, JSON.stringify(segment.reset)]]
}

/** Each line has a use of its own, also within a slot. */
function lineUses(lines: readonly (Line | DecoderOutput | undefined)[], owner: string): [string, string][] {
  return lines.flatMap((used, n) => (used === undefined ? [] : usesOf(used, `${owner}, line ${n}`)))
}

function placeOf(slot: I2cSlot | SpiSlot): string {
  const chosen = slot.wiring.select === undefined ? '' : ` at output ${slot.wiring.select.output}`
  if (slot.driver === 'spi') return `chip select ${slot.chipSelect} of bus ${slot.bus}${chosen}`
  const { bus, address, segment } = slot
  const behind =
    segment === undefined ? '' : ` behind channel ${segment.channel} of 0x${segment.mux.toString(16)}`
  return `address 0x${address.toString(16)} of bus ${bus}${behind}${chosen}`
}

const MAX_ARRAY_SLOT = 99_999
