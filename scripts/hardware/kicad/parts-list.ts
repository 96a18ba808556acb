// The bill of materials, and the table of what the board takes. Pure.

import type { Board } from '../../../src/config/board.ts'
import { CATALOGUE } from './catalogue.ts'
import type { Placed } from './design.ts'

/** CSV as RFC 4180 has it: one line a kind of part, its designators in their order. */
export function billOfMaterials(parts: readonly Placed[]): string {
  const groups = new Map<string, Placed[]>()
  for (const part of parts)
    groups.set(`${part.key} ${part.value}`, [...(groups.get(`${part.key} ${part.value}`) ?? []), part])
  const rows = [...groups.values()].flatMap((group) => {
    const [first] = group
    if (first === undefined) return []
    const { manufacturer, partNumber, alternatives, description, footprint } = CATALOGUE[first.key]
    const designators = group.map(({ designator }) => designator).join(' ')
    return [
      [
        designators,
        String(group.length),
        first.value,
        manufacturer,
        partNumber,
        alternatives,
        description,
        footprint,
      ],
    ]
  })
  const head = [
    'designators',
    'quantity',
    'value',
    'manufacturer',
    'part number',
    'alternatives',
    'description',
    'footprint',
  ]
  return [head, ...rows].map((row) => `${row.map(field).join(',')}\r\n`).join('')
}

/** What each slot and the rest take from the 3.3 V of the header, as a Markdown table. */
export function powerTable({ slots, power }: Board): string {
  if (power === undefined) throw new Error('the board file has no [power]')
  const rows = slots.map(({ designator, part = '', maxMa = 0, limitMa }) => [
    designator,
    part,
    String(maxMa),
    limitMa === undefined ? '-' : String(limitMa),
  ])
  const sum = slots.reduce((total, { maxMa = 0 }) => total + maxMa, power.baseMa)
  const [leds, discharge] = [slots.length * LED_MA, Math.ceil((slots.length * RAIL_MV) / DISCHARGE_OHMS)]
  if (leds + discharge > power.baseMa)
    throw new Error(
      `power.base_ma: found ${power.baseMa}, but LEDs and discharge take ${leds + discharge} mA`,
    )
  const all = [
    ['slot', 'part', 'at most, mA', 'switch limits at, mA'],
    ['---', '---', '---:', '---:'],
    ...rows,
    ['-', `${slots.length} LEDs of ${LED_MA} mA`, String(leds), '-'],
    ['-', `${slots.length} discharge resistors of 4.7 kohm`, String(discharge), '-'],
    ['-', 'multiplexer, decoder, EEPROM', String(power.baseMa - leds - discharge), '-'],
    ['sum', '', String(sum), '-'],
    ['rail', 'what is left for a HAT (assumed)', String(power.railMa), '-'],
    ['left', '', String(power.railMa - sum), '-'],
  ]
  return all.map((row) => `| ${row.join(' | ')} |\n`).join('')
}

/** (3.3 V - 1.9 V) / 680 ohm; 1.9 V of a green LED is assumed. */
const LED_MA = 2
const [RAIL_MV, DISCHARGE_OHMS] = [3300, 4700]

function field(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
