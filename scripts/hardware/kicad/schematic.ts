// The schematic as KiCad 9 reads it: one sheet a group of parts, each pin with a stub and the name of its net. Pure.

import { CATALOGUE } from './catalogue.ts'
import type { Placed } from './design.ts'
import { Id, list, quoted } from './expressions.ts'
import { SYMBOLS, type SymbolPin } from './symbols.ts'

export interface Sheet {
  /** Below the folder of the root sheet. */
  readonly file: string
  readonly text: string
}

/** The root sheet and those below it. @param stem  the project: `hat-rev-a` */
export function schematicOf(parts: readonly Placed[], stem: string, title: string): Sheet[] {
  const id = new Id(stem)
  const root = id.of('root')
  const names = [...new Set(parts.map(({ sheet }) => sheet))]
  const sheets = names.map((name, index) => {
    const own = parts.filter(({ sheet }) => sheet === name)
    const path = `/${root}/${id.of(`sheet ${name}`)}`
    const items = layout(own).flatMap((spot) => drawn(spot, { id, stem, path }))
    const text = sheetText(id.of(`file ${name}`), `${title}: ${name}`, [library(own), ...items])
    return { file: sheetFile(stem, name), text, page: index + 2 }
  })
  const boxes = names.map((name, index) => sheetBox(name, index, { id, stem, root }))
  const instances = '(sheet_instances (path "/" (page "1")))'
  const rootSheet = {
    file: `${stem}.kicad_sch`,
    text: sheetText(root, title, ['(lib_symbols)', ...boxes, instances]),
  }
  return [rootSheet, ...sheets]
}

/** Our symbols as a library of KiCad's. */
export function symbolLibrary(): string {
  const symbols = Object.keys(SYMBOLS).map((name) => symbolText(name, name))
  return `(kicad_symbol_lib (version 20241209) (generator "iose") (generator_version "9.0")\n${symbols.join('\n')}\n)\n`
}

interface Drawing {
  readonly id: Id
  readonly stem: string
  /** Of the sheet, as its symbols name it. */
  readonly path: string
}

interface Spot {
  readonly part: Placed
  readonly x: number
  readonly y: number
}

/** In columns from the left; a column that is full begins the next. */
function layout(parts: readonly Placed[]): Spot[] {
  let [x, y] = [FIRST_X, FIRST_Y]
  return parts.map((part) => {
    const height = boxOf(pinsOf(part)).height
    if (y + height > LAST_Y) [x, y] = [x + COLUMN, FIRST_Y]
    const spot = { part, x, y: onGrid(y + height / 2) }
    y = onGrid(y + height + ROW_GAP)
    return spot
  })
}

function drawn({ part, x, y }: Spot, { id, stem, path }: Drawing): string[] {
  const { designator, key, value } = part
  const { symbol, footprint, manufacturer, partNumber } = CATALOGUE[key]
  const { width, height } = boxOf(pinsOf(part))
  const property = (name: string, text: string, [atX, atY]: readonly [number, number], hidden = '') =>
    `(property ${quoted(name)} ${quoted(text)} (at ${atX} ${atY} 0) (effects (font (size 1.27 1.27))${hidden}))`
  const above = onGrid(y - height / 2 - GRID)
  const instance = `(project ${quoted(stem)} (path ${quoted(path)} (reference ${quoted(designator)}) (unit 1)))`
  const head = `(lib_id "iose:${symbol}") (at ${x} ${y} 0) (unit 1) (exclude_from_sim no) (in_bom yes) (on_board yes) (dnp no)`
  const pins = pinsOf(part)
  return [
    list('symbol', [
      `${head} (uuid "${id.of(designator)}")`,
      property('Reference', designator, [x, above]),
      property('Value', value, [x, onGrid(y + height / 2 + GRID)]),
      property('Footprint', footprint, [x, y], ' (hide yes)'),
      property('Datasheet', '', [x, y], ' (hide yes)'),
      property('Manufacturer', manufacturer, [x, y], ' (hide yes)'),
      property('MPN', partNumber, [x, y], ' (hide yes)'),
      ...pins.map(({ number }) => `(pin ${quoted(number)} (uuid "${id.of(`${designator} pin ${number}`)}"))`),
      `(instances ${instance})`,
    ]),
    ...pins.flatMap((pin) => {
      const offset = offsetOf(pins, pin)
      const sign = pin.side === 'left' ? -1 : 1
      const end = { x: onGrid(x + sign * (width / 2 + PIN)), y: onGrid(y + offset) }
      const net = part.nets[pin.number]
      const name = `${designator} ${pin.number}`
      if (net === undefined)
        return pin.type === 'no_connect'
          ? []
          : [`(no_connect (at ${end.x} ${end.y}) (uuid "${id.of(`${name} nc`)}"))`]
      const far = onGrid(end.x + sign * GRID)
      const [angle, justify] = pin.side === 'left' ? [180, 'right'] : [0, 'left']
      const effects = `(effects (font (size 1.27 1.27)) (justify ${justify}))`
      return [
        `(wire (pts (xy ${end.x} ${end.y}) (xy ${far} ${end.y})) (stroke (width 0) (type default)) (uuid "${id.of(`${name} wire`)}"))`,
        `(global_label ${quoted(net)} (shape passive) (at ${far} ${end.y} ${angle}) ${effects} (uuid "${id.of(`${name} label`)}"))`,
      ]
    }),
  ]
}

function sheetBox(
  name: string,
  index: number,
  { id, stem, root }: { id: Id; stem: string; root: string },
): string {
  const [x, y] = [25.4 + 76.2 * (index % 4), 38.1 + 50.8 * Math.floor(index / 4)]
  const property = (key: string, text: string, atY: number) =>
    `(property ${quoted(key)} ${quoted(text)} (at ${x} ${onGrid(atY)} 0) (effects (font (size 1.27 1.27)) (justify left)))`
  return list('sheet', [
    `(at ${onGrid(x)} ${onGrid(y)}) (size 50.8 25.4) (exclude_from_sim no) (in_bom yes) (on_board yes) (dnp no)`,
    `(stroke (width 0.1524) (type solid)) (fill (color 0 0 0 0)) (uuid "${id.of(`sheet ${name}`)}")`,
    property('Sheetname', name, y - 1.27),
    property('Sheetfile', sheetFile(stem, name), y + 27.94),
    `(instances (project ${quoted(stem)} (path "/${root}" (page "${index + 2}"))))`,
  ])
}

function library(parts: readonly Placed[]): string {
  const names = [...new Set(parts.map(({ key }) => CATALOGUE[key].symbol))].sort()
  return list(
    'lib_symbols',
    names.map((name) => symbolText(`iose:${name}`, name)),
  )
}

/** @param full  with its library, where the sheet keeps it */
function symbolText(full: string, name: string): string {
  const pins = SYMBOLS[name] ?? []
  const { width, height } = boxOf(pins)
  const property = (key: string, text: string, hidden = '') =>
    `(property "${key}" "${text}" (at 0 0 0) (effects (font (size 1.27 1.27))${hidden}))`
  const lines = pins.map((pin) => {
    const [atX, angle] = pin.side === 'left' ? [-width / 2 - PIN, 0] : [width / 2 + PIN, 180]
    const text = (key: string, value: string) => `(${key} ${quoted(value)} (effects (font (size 1.27 1.27))))`
    const at = `(at ${onGrid(atX)} ${onGrid(-offsetOf(pins, pin))} ${angle})`
    return `(pin ${pin.type} line ${at} (length ${PIN}) ${text('name', pin.name)} ${text('number', pin.number)})`
  })
  const corner = (sign: number) => `${onGrid((sign * width) / 2)} ${onGrid((-sign * height) / 2)}`
  const box = `(rectangle (start ${corner(-1)}) (end ${corner(1)}) (stroke (width 0.254) (type default)) (fill (type background)))`
  return list(`symbol ${quoted(full)}`, [
    '(exclude_from_sim no) (in_bom yes) (on_board yes)',
    property('Reference', LETTERS[name] ?? 'U'),
    property('Value', name),
    property('Footprint', '', ' (hide yes)'),
    property('Datasheet', '', ' (hide yes)'),
    list(`symbol "${name}_0_1"`, [box]),
    list(`symbol "${name}_1_1"`, lines),
  ])
}

function sheetText(uuid: string, title: string, items: readonly string[]): string {
  const head = `(kicad_sch (version 20250114) (generator "iose") (generator_version "9.0") (uuid "${uuid}") (paper "A3")`
  const block = `(title_block (title ${quoted(title)}) (comment 1 "Made by scripts/build-schematic of the board file"))`
  return `${[head, block, ...items].join('\n')}\n(embedded_fonts no)\n)\n`
}

function sheetFile(stem: string, name: string): string {
  return `${stem}-${name}.kicad_sch`
}

function pinsOf({ key }: Placed): readonly SymbolPin[] {
  return SYMBOLS[CATALOGUE[key].symbol] ?? []
}

function boxOf(pins: readonly SymbolPin[]): { width: number; height: number } {
  const rows = Math.max(
    ...(['left', 'right'] as const).map((side) => pins.filter((pin) => pin.side === side).length),
  )
  return { width: pins.length > 2 ? 10 * GRID : 2 * GRID, height: (rows + 1) * GRID }
}

/** From the middle of the symbol, downwards. */
function offsetOf(pins: readonly SymbolPin[], pin: SymbolPin): number {
  const row = pins.filter(({ side }) => side === pin.side).indexOf(pin)
  // A multiple of half the grid, so that it stays on KiCad's.
  return (row + 1) * GRID - boxOf(pins).height / 2
}

/** Without the noise of binary fractions. */
function onGrid(value: number): number {
  return Number((Math.round(value / (GRID / 2)) * (GRID / 2)).toFixed(2))
}

const GRID = 2.54
const PIN = 2.54
const [FIRST_X, FIRST_Y, LAST_Y] = [50.8, 30.48, 265]
const [COLUMN, ROW_GAP] = [76.2, 10.16]
const LETTERS: Readonly<Record<string, string>> = {
  ...{ R: 'R', C: 'C', LED: 'D', SCHOTTKY: 'D', SWITCH: 'SW', JUMPER: 'JP', TESTPOINT: 'TP' },
  ...{ HEADER_2X20: 'J', SIM_2FF: 'J', SIM_MFF2: 'J' },
}
