// What the bring-up guide says of the board, and what of it does not follow from the board file.

import { designOf, type Placed } from '../../scripts/hardware/kicad/design.ts'
import { stretchesOf } from '../../scripts/hardware/kicad/rise-time.ts'
import type { Board } from '../../src/config/board.ts'

/** Nothing, or one line for each statement that the guide does not have. */
export function guideProblems(board: Board, guide: string): string[] {
  const text = squeezed(guide)
  return [...slotRows(board), ...lists(board), ...currents(board), ...riseTimes(board)].flatMap(
    ({ what, says }) => (text.includes(squeezed(says)) ? [] : [`guide: ${what}: ${says}`]),
  )
}

interface Statement {
  readonly what: string
  readonly says: string
}

function slotRows(board: Board): Statement[] {
  const parts = designOf(board)
  return board.slots.map(({ designator, entry }, index) => {
    const net = (name: string): string => `${designator}_${name}`
    const find = (key: string, ...nets: string[]): string => designatorOf(parts, key, nets)
    const pullUp = (wire: string): string => find('R', net('VCC'), net(wire))
    const isBridge = entry.framing === 'bridge'
    const cells = [
      designator,
      `${find('loadSwitch', net('VCC'))}, ${find('R', net('VCC'), 'GND')}`,
      find('led', net('LED')),
      `SW${index + 1}`,
      `${pullUp('SDA')}, ${pullUp('SCL')}`,
      `${find('schottky', net('RESET'))}, ${pullUp('RESET')}`,
      ...(isBridge ? [find('bridge', net('RESET')), find('shifter', net('STOP'))] : ['-', '-']),
      isBridge ? `${find('testPoint', net('SWDIO'))}, ${find('testPoint', net('SWCLK'))}` : '-',
    ]
    return { what: `table of slots, ${designator}`, says: `| ${cells.join(' | ')} |` }
  })
}

/** Resistors of all slots that do the same. */
function lists(board: Board): Statement[] {
  const parts = designOf(board)
  const all = (name: string, slots = board.slots): string =>
    slots.map(({ designator }) => designatorOf(parts, 'R', [`${designator}_${name}`])).join(', ')
  const bridges = board.slots.filter(({ entry }) => entry.framing === 'bridge')
  const [three, less] = ['3V', '1.8V'].map((level) => bridges.filter((slot) => slot.level === level))
  return [
    { what: 'resistors of the LEDs', says: `| ${all('LED')} |` },
    { what: 'resistors that keep the card off', says: `| ${all('STOP', bridges)} |` },
    {
      what: 'resistors of the voltage',
      says: `(${all('MOD_VCC', three)}: 3 V; ${all('MOD_VCC', less)}: 1.8 V)`,
    },
  ]
}

/** At most, mA: what is added from line to line. */
function currents({ slots, power }: Board): Statement[] {
  const [ledMa, cardMa] = [2, 50]
  const leds = slots.length * ledMa
  const bridges = slots.filter(({ entry }) => entry.framing === 'bridge')
  const sum = (some: Board['slots']): number => some.reduce((total, { maxMa = 0 }) => total + maxMa, 0)
  const board = (power?.baseMa ?? 0) - leds
  const elements = board + sum(slots.filter((slot) => !bridges.includes(slot)))
  const cards = elements + sum(bridges)
  const steps = [
    ['multiplexer, decoder, EEPROM, discharge, LEDs off', board],
    ['the same and U1 to U4', elements],
    ['the same, and bridges and level shifters, no card', cards - bridges.length * cardMa],
    ['the same and four cards', cards],
    ['the same and eight LEDs', cards + leds],
  ] as const
  return steps.map(([step, milliamperes]) => ({ what: 'currents', says: `| ${step} | ${milliamperes} mA |` }))
}

function riseTimes(board: Board): Statement[] {
  return stretchesOf(board).map(({ name, ohms, picofarads, nanoseconds }) => {
    const isBridge = board.slots.some((one) => one.designator === name && one.entry.framing === 'bridge')
    const where = isBridge ? 'channel of J1 to J4' : 'channel of U1 to U4'
    const place = name === 'bus' ? 'J5.3, J5.5, no channel' : where
    const cells = [place, Math.round(ohms), picofarads, `${Math.round(nanoseconds)} ns`]
    return { what: `rise time, ${name}`, says: `| ${cells.join(' | ')} |` }
  })
}

/** The part of a kind that is on all of `nets`. */
function designatorOf(parts: readonly Placed[], key: string, nets: readonly string[]): string {
  const found = parts.find((part) => {
    const wired = Object.values(part.nets)
    const isOfKind = key === 'R' ? /^R\d/.test(part.designator) : part.key === key
    return isOfKind && nets.every((net) => wired.includes(net))
  })
  return found?.designator ?? `no ${key}`
}

function squeezed(text: string): string {
  return text.replace(/ +/g, ' ')
}
