// A slot whose power is taken, as a circuit for ngspice: what empties its capacitors, and what feeds it all the same. Pure.

import type { Board, BoardSlot } from '../../../src/config/board.ts'
import { CATALOGUE } from './catalogue.ts'
import { designOf, GROUND, netOf, type Placed, RAIL } from './design.ts'
import { SYMBOLS } from './symbols.ts'

/** What the decoder has active: the switch of the slot, its reset, or nothing. */
export type Active = 'power' | 'reset'

/**
 * The supply of a slot and all that hangs on it, from the moment at which an output becomes active. Other outputs of
 * the decoder are high meanwhile, and the channel of the multiplexer is not connected.
 * @returns a deck that measures `supply` and `pin`, in volts, after `milliseconds`
 */
export function slotDeck(
  board: Board,
  slot: BoardSlot,
  { active, milliseconds }: { readonly active: Active; readonly milliseconds: number },
): string {
  const supply = `${slot.designator}_VCC`
  const low = netOf(slot.entry.wiring[active])
  const { parts, nets } = reachedFrom(supply, designOf(board))
  const fixed = [...nets].filter(isFixed).filter((net) => net !== GROUND)
  const sources = fixed.map((net) => `V_${node(net)} ${node(net)} 0 ${net === low ? 0 : VOLTS}`)
  // A switch that is off is open; one that is on is a wire.
  if (active === 'reset') sources.push(`V_on ${node(supply)} 0 ${VOLTS}`)
  return `${slot.designator}: ${active}
${sources.join('\n')}
${parts.flatMap(linesOf).join('\n')}
.model esd d(is=1e-14)
.model bat54 d(is=1.3e-8 n=1.04 rs=1)
.tran 20u ${milliseconds}m uic
.meas tran supply find v(${node(supply)}) at=${milliseconds}m
.meas tran pin find v(${node(`${slot.designator}_RESET`)}) at=${milliseconds}m
.end
`
}

/** From one net over parts to others, up to those whose level somebody else makes. */
function reachedFrom(start: string, all: readonly Placed[]): { parts: Placed[]; nets: Set<string> } {
  const nets = new Set([start])
  const parts = new Set<Placed>()
  for (const net of nets) {
    if (isFixed(net)) continue
    for (const part of all) {
      const pins = wiredPins(part)
      if (!pins.includes(net)) continue
      parts.add(part)
      for (const other of pins) nets.add(other)
    }
  }
  return { parts: [...parts], nets }
}

/** The nets between which a part conducts. */
function wiredPins(part: Placed): string[] {
  const { symbol } = CATALOGUE[part.key]
  const chip = CHIPS[symbol]
  if (chip === undefined) return CONDUCTORS.includes(symbol) ? Object.values(part.nets) : []
  return [chip.supply, chip.feeds, ...signalsOf(part)].flatMap((pin) => part.nets[pin ?? ''] ?? [])
}

function linesOf(part: Placed): string[] {
  const { designator, nets, value, key } = part
  const { symbol } = CATALOGUE[key]
  const [first, second] = [node(nets[1] ?? ''), node(nets[2] ?? '')]
  if (symbol === 'R') return [`${designator} ${first} ${second} ${spice(value)}`]
  // 20 % above its value, and full.
  if (symbol === 'C') return [`${designator} ${first} ${second} {1.2*${spice(value)}} ic=${VOLTS}`]
  if (symbol === 'SCHOTTKY') {
    // Pin 1 is the cathode. The resistor is what leaks backwards: 2 uA at 3.3 V.
    return [`${designator} ${second} ${first} bat54`, `R_${designator} ${second} ${first} 1.6meg`]
  }
  const { supply, feeds } = CHIPS[symbol] ?? {}
  const rail = node(nets[supply ?? ''] ?? '')
  const clamps = signalsOf(part).flatMap((pin) => {
    const signal = node(nets[pin] ?? '')
    return [`D_${designator}_${pin} ${signal} ${rail} esd`, `D0_${designator}_${pin} 0 ${signal} esd`]
  })
  return feeds === undefined
    ? clamps
    : [...clamps, `D_${designator}_back ${node(nets[feeds] ?? '')} ${rail} esd`]
}

/** Pins with a diode to the supply of their chip, as CMOS inputs have: assumed of all of them. */
function signalsOf({ key, nets }: Placed): string[] {
  const { symbol } = CATALOGUE[key]
  const { signals } = CHIPS[symbol] ?? {}
  const known = (SYMBOLS[symbol] ?? []).filter(({ name }) => signals?.includes(name) === true)
  return known.map(({ number }) => number).filter((number) => nets[number] !== undefined)
}

function isFixed(net: string): boolean {
  return net === GROUND || net === RAIL || /^(DEC_|GPIO)\d+$/.test(net)
}

function node(net: string): string {
  return net === GROUND ? '0' : net.replace('+', 'rail_').toLowerCase()
}

/** `4.7 kohm` as `4.7k`, `100 nF` as `100n` */
function spice(value: string): string {
  const [number = '', unit = ''] = value.split(' ')
  return `${number}${unit === 'ohm' ? '' : unit.slice(0, 1)}`
}

const VOLTS = 3.3
const CONDUCTORS = ['R', 'C', 'SCHOTTKY']
/** What hangs on the supply of a slot: `feeds` is an output that leads back to it once it is higher. */
const CHIPS: Readonly<Record<string, { supply: string; feeds?: string; signals: readonly string[] }>> = {
  SE05X: { supply: '12', signals: ['ENA', 'SDA', 'SCL'] },
  STM32G031F: {
    supply: '4',
    signals: ['~{NRST}', 'PA11/I2C2_SCL', 'PA12/I2C2_SDA', 'PB6/USART1_TX', 'PA8/USART1_CK', 'PA5', 'PA4'],
  },
  SIM_SHIFTER: { supply: '5', feeds: '7', signals: ['~{STOP}', 'MOD_VCC', 'I/O', 'CLK', 'RST'] },
}
