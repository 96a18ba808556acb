// What is on the board and how it is wired, as a list of parts; it follows from the board file. Pure.

import type { Board, BoardSlot } from '../../../src/config/board.ts'
import type { DecoderOutput, Line } from '../../../src/config/lines.ts'
import { headerPins } from '../../../src/hardware/header.ts'
import { CATALOGUE, type PartKey } from './catalogue.ts'
import { SYMBOLS } from './symbols.ts'

export interface Placed {
  readonly designator: string
  readonly key: PartKey
  readonly value: string
  readonly sheet: string
  /** Net by pin number; a pin that is not here is not connected. */
  readonly nets: Readonly<Record<string, string>>
}

export const GROUND = 'GND'
export const RAIL = '+3V3'

/** @throws Error when the board asks for something that this design has no part for */
export function designOf(board: Board): Placed[] {
  const parts = new Parts()
  header(parts)
  selection(parts, board)
  for (const [index, slot] of board.slots.entries()) {
    power(parts, slot, index + 1)
    if (slot.entry.framing === 'bridge') bridge(parts, slot, index + 1)
    else element(parts, slot, index + 1)
    panel(parts, slot, index + 1)
  }
  return parts.all
}

/** The list as it grows; resistors and capacitors are numbered in their order. */
class Parts {
  readonly all: Placed[] = []
  readonly #counts = new Map<string, number>()

  add(designator: string, key: PartKey, sheet: string, nets: Record<string, string>): void {
    const { symbol, partNumber } = CATALOGUE[key]
    const known = (SYMBOLS[symbol] ?? []).map(({ number }) => number)
    const strange = Object.keys(nets).find((number) => !known.includes(number))
    if (strange !== undefined) throw new Error(`${designator}: ${symbol} has no pin ${strange}`)
    this.all.push({ designator, key, sheet, nets, value: partNumber })
  }

  /** A part of two pins between two nets. */
  between(key: PartKey, sheet: string, first: string, second: string): void {
    const { symbol, description } = CATALOGUE[key]
    const letter = symbol === 'R' || symbol === 'C' ? symbol : 'JP'
    const number = (this.#counts.get(letter) ?? 0) + 1
    this.#counts.set(letter, number)
    const value = /^[\d.]+ \w+/.exec(description)?.[0] ?? CATALOGUE[key].partNumber
    this.all.push({ designator: `${letter}${number}`, key, sheet, nets: { 1: first, 2: second }, value })
  }
}

function header(parts: Parts): void {
  const nets: Record<string, string> = {}
  for (const { pin, kind, line } of headerPins()) {
    if (kind === '3.3 V') nets[pin] = RAIL
    else if (kind === 'ground') nets[pin] = GROUND
    // 14 and 15 are the serial console; 5 V is not used.
    else if (line !== undefined && line !== 14 && line !== 15) nets[pin] = gpio(line)
  }
  parts.add('J5', 'header', 'header', nets)
  const [data, clock, protect] = [gpio(0), gpio(1), 'EEPROM_WP']
  const strap = { 1: GROUND, 2: GROUND, 3: GROUND }
  parts.add('U5', 'eeprom', 'header', { ...strap, 4: GROUND, 5: data, 6: clock, 7: protect, 8: RAIL })
  parts.between('r3k9', 'header', RAIL, data)
  parts.between('r3k9', 'header', RAIL, clock)
  parts.between('r10k', 'header', RAIL, protect)
  parts.between('jumper', 'header', protect, GROUND)
  parts.between('c100n', 'header', RAIL, GROUND)
}

/** Multiplexer and decoder. */
function selection(parts: Parts, board: Board): void {
  const [first] = board.slots
  const { entry } = first ?? {}
  if (entry?.driver !== 'i2c' || entry.segment === undefined) throw new Error('slot 1 has no multiplexer')
  const { mux, reset: muxReset } = entry.segment
  const [decoder] = board.slots.flatMap(({ entry: { wiring } }) => decoderIn(wiring.power) ?? [])
  if (decoder === undefined) throw new Error('no power switch hangs on a decoder')
  if (muxReset === undefined || 'output' in muxReset)
    throw new Error('the multiplexer needs a reset line of its own')
  const muxNets: Record<string, string> = {
    12: GROUND,
    24: RAIL,
    22: gpio(3),
    23: gpio(2),
    3: lineNet(muxReset),
  }
  for (const [bit, number] of ['1', '2', '21'].entries()) muxNets[number] = (mux >> bit) & 1 ? RAIL : GROUND
  for (const { designator, entry: one } of board.slots) {
    if (one.driver !== 'i2c' || one.segment?.mux !== mux)
      throw new Error(`${designator}: not behind this multiplexer`)
    const { channel } = one.segment
    muxNets[MUX_SC[channel] ?? ''] = `${designator}_SCL`
    muxNets[MUX_SD[channel] ?? ''] = `${designator}_SDA`
  }
  parts.add('U9', 'mux', 'select', muxNets)
  parts.between('r10k', 'select', RAIL, lineNet(muxReset))
  parts.between('c100n', 'select', RAIL, GROUND)
  const nets: Record<string, string> = { 12: GROUND, 24: RAIL, 18: lineNet(decoder.enable), 19: GROUND }
  for (const [bit, line] of decoder.address.entries()) nets[DECODER_A[bit] ?? ''] = lineNet(line)
  for (const { entry: one } of board.slots) {
    for (const used of [one.wiring.reset, one.wiring.power]) {
      const output = decoderIn(used)?.output
      if (output !== undefined) nets[DECODER_Y[output] ?? ''] = `DEC_${output}`
    }
  }
  parts.add('U10', 'decoder', 'select', nets)
  parts.between('r10k', 'select', RAIL, lineNet(decoder.enable))
  parts.between('c100n', 'select', RAIL, GROUND)
}

function power(parts: Parts, { designator, entry, limitMa }: BoardSlot, number: number): void {
  if (limitMa !== SWITCH_MA)
    throw new Error(`${designator}: no load switch for ${limitMa ?? 'no'} mA is known`)
  const output = `${designator}_VCC`
  const nets = { 1: output, 2: GROUND, 4: netOf(entry.wiring.power), 5: RAIL }
  parts.add(`U${30 + number}`, 'loadSwitch', 'power', nets)
  parts.between('c1u', 'power', RAIL, GROUND)
  parts.between('c1u', 'power', output, GROUND)
  // The switch does not discharge its output.
  parts.between(DISCHARGE, 'power', output, GROUND)
}

/** All that makes a level in the slot hangs on its own supply, so that nothing feeds the slot while it is off. */
function common(
  parts: Parts,
  { designator, entry, pullUpOhms }: BoardSlot,
  sheet: string,
  number: number,
): void {
  const key = PULL_UPS.get(pullUpOhms)
  if (key === undefined) throw new Error(`${designator}: no pull-up of ${pullUpOhms ?? 'no'} ohm is known`)
  // The decoder can pull the reset low through the diode, and nothing else.
  parts.add(`D${10 + number}`, 'schottky', sheet, { 2: `${designator}_RESET`, 1: netOf(entry.wiring.reset) })
  parts.between('r10k', sheet, `${designator}_VCC`, `${designator}_RESET`)
  parts.between(key, sheet, `${designator}_VCC`, `${designator}_SCL`)
  parts.between(key, sheet, `${designator}_VCC`, `${designator}_SDA`)
  parts.between('c100n', sheet, `${designator}_VCC`, GROUND)
}

function element(parts: Parts, slot: BoardSlot, number: number): void {
  const { designator, level, part } = slot
  if (level !== '3.3V')
    throw new Error(`${designator}: an element without a level shifter is at 3.3V, not ${level}`)
  if (part !== CATALOGUE.element.partNumber)
    throw new Error(`${designator}: no symbol for ${part ?? 'no part'} is known`)
  const [rail, reset] = [`${designator}_VCC`, `${designator}_RESET`]
  const bus = { 9: `${designator}_SDA`, 10: `${designator}_SCL` }
  // VCC behind VOUT: ENA low takes the supply from the element. The reset of its ISO 7816 contacts stays active.
  const supply = { 12: rail, 15: `${designator}_VOUT`, 18: `${designator}_VOUT`, 19: GROUND, 21: GROUND }
  parts.add(designator, 'element', 'elements', { ...bus, ...supply, 11: reset, 14: GROUND })
  common(parts, slot, 'elements', number)
}

function bridge(parts: Parts, slot: BoardSlot, number: number): void {
  const { designator, level } = slot
  if (level === '3.3V') throw new Error(`${designator}: the level shifter makes 1.8V or 3V`)
  const sheet = `bridge-${designator}`
  const net = (name: string) => `${designator}_${name}`
  const [rail, sim] = [net('VCC'), net('SIM_VCC')]
  const bus = { 16: net('SCL'), 17: net('SDA'), 6: net('RESET') }
  const debug = { 18: net('SWDIO'), 19: net('SWCLK') }
  const card = { 20: net('IO'), 15: net('CLK'), 12: net('RST'), 11: net('STOP') }
  parts.add(`U${10 + number}`, 'bridge', sheet, { 4: rail, 5: GROUND, ...bus, ...debug, ...card })
  const host = { 5: rail, 3: rail, 1: net('STOP'), 2: net('MOD_VCC'), 10: GROUND, 17: GROUND }
  const signals = { 15: net('IO'), 13: net('CLK'), 14: net('RST') }
  const sims = { 7: sim, 8: net('SIM_IO'), 11: net('SIM_CLK'), 9: net('SIM_RST') }
  parts.add(`U${20 + number}`, 'shifter', sheet, { ...host, ...signals, ...sims })
  if (slot.part?.startsWith('2FF') === true)
    parts.add(designator, 'socket2ff', sheet, {
      C1: sim,
      C2: net('SIM_RST'),
      C3: net('SIM_CLK'),
      C5: GROUND,
      C7: net('SIM_IO'),
    })
  else
    parts.add(designator, 'mff2', sheet, {
      8: sim,
      7: net('SIM_RST'),
      6: net('SIM_CLK'),
      1: GROUND,
      3: net('SIM_IO'),
    })
  common(parts, slot, sheet, number)
  // High: 3 V, low: 1.8 V. The firmware does not choose it. STOP low keeps the card off until the firmware runs.
  parts.between('r10k', sheet, level === '3V' ? rail : GROUND, net('MOD_VCC'))
  parts.between('r10k', sheet, GROUND, net('STOP'))
  parts.between('c1u', sheet, rail, GROUND)
  parts.between('c1u', sheet, sim, GROUND)
  parts.add(`TP${2 * number - 1}`, 'testPoint', sheet, { 1: net('SWDIO') })
  parts.add(`TP${2 * number}`, 'testPoint', sheet, { 1: net('SWCLK') })
}

function panel(parts: Parts, { designator, entry }: BoardSlot, number: number): void {
  const { led, button } = entry.front
  if (led === undefined || button === undefined) throw new Error(`${designator}: no LED or no button`)
  if (led.active === 'low' || button.active === 'high')
    throw new Error(`${designator}: the LED is active high, the button low`)
  parts.between('r680', 'panel', lineNet(led), `${designator}_LED`)
  parts.add(`D${number}`, 'led', 'panel', { 2: `${designator}_LED`, 1: GROUND })
  parts.add(`SW${number}`, 'button', 'panel', { 1: lineNet(button), 2: GROUND })
}

function decoderIn(used: Line | DecoderOutput | undefined): DecoderOutput | undefined {
  return used !== undefined && 'output' in used ? used : undefined
}

export function netOf(used: Line | DecoderOutput | undefined): string {
  if (used === undefined) throw new Error('a slot without reset or power switch')
  return 'output' in used ? `DEC_${used.output}` : lineNet(used)
}

function lineNet({ line, chip }: Line): string {
  if (chip !== undefined) throw new Error(`line ${line} of ${chip} is not on the header`)
  return gpio(line)
}

function gpio(line: number): string {
  return `GPIO${line}`
}

const MUX_SC = ['5', '7', '9', '11', '14', '16', '18', '20']
const MUX_SD = ['4', '6', '8', '10', '13', '15', '17', '19']
const DECODER_A = ['23', '22', '21', '20']
const DECODER_Y = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11', '13', '14', '15', '16', '17']
/** Empties a slot in 50 ms: test/hardware/power-off.test.ts. */
const DISCHARGE: PartKey = 'r4k7'
/** TPS22945: at least so much. */
const SWITCH_MA = 100
const PULL_UPS = new Map<number | undefined, PartKey>([
  [1000, 'r1k'],
  [3900, 'r3k9'],
  [4700, 'r4k7'],
  [10_000, 'r10k'],
])
