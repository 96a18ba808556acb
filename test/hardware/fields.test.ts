// Each value of the board file, changed alone: something must disagree by its name. What is in no artefact is in no board.

import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { artefactsOf, staleOf } from '../../scripts/hardware/artefacts.ts'
import { kicadFilesOf } from '../../scripts/hardware/kicad/files.ts'
import { Netlist } from '../../scripts/hardware/kicad/netlist.ts'
import { powerTable } from '../../scripts/hardware/kicad/parts-list.ts'
import { BOARD_FILE, HARDWARE, hatBoard, STEM } from './bench.ts'
import { guideProblems } from './guide.ts'
import { wrongWires } from './wiring.ts'

const textOf = (file: string): string => readFileSync(join(HARDWARE, file), 'utf8')
const netlist = new Netlist(textOf(`kicad/${STEM}.net`))
const guide = textOf('bring-up.md')
const readme = textOf('README.md').replace(/ +/g, ' ')
const committed = (file: string): Uint8Array | undefined => {
  const path = join(HARDWARE, file)
  return existsSync(path) ? readFileSync(path) : undefined
}

/** What says that it is not as the board file has it; the first word tells what. */
function disagreements(toml: string): string[] {
  try {
    const board = hatBoard(toml)
    const rows = powerTable(board).split('\n').slice(2)
    return [
      ...staleOf([...artefactsOf(board, STEM), ...kicadFilesOf(board, STEM)], committed).map(
        ({ name }) => name,
      ),
      ...wrongWires(board, netlist),
      ...guideProblems(board, guide),
      ...rows.flatMap((row) => (readme.includes(row.replace(/ +/g, ' ')) ? [] : [`power budget: ${row}`])),
    ]
  } catch (error) {
    return [(error as Error).message]
  }
}

test('fields: nothing disagrees with the board file as it is', () => {
  assert.deepEqual(disagreements(BOARD_FILE), [])
})

/** Other values of keys that have few. */
const SWAPS: Readonly<Record<string, string>> = {
  '"nxp"': '"bridge"',
  '"bridge"': '"nxp"',
  '"3.3V"': '"3V"',
  '"3V"': '"1.8V"',
  '"1.8V"': '"3V"',
}

const all = valuesIn(BOARD_FILE)
for (const table of new Set(all.map((value) => value.table))) {
  const values = all.filter((value) => value.table === table)
  test(`fields: ${table}: a change of each of its ${values.length} values is noticed`, () => {
    const silent = values.filter(({ changed }) => disagreements(changed).length === 0)
    assert.deepEqual(
      silent.map(({ key, from, to }) => `${key}: ${from} to ${to}`),
      [],
    )
  })
}

interface Value {
  /** `bus`, or the designator of a slot. */
  readonly table: string
  readonly key: string
  readonly from: string
  readonly to: string
  /** The file with this value alone changed. */
  readonly changed: string
}

/** Each number and each text of the file. */
function valuesIn(toml: string): Value[] {
  const values: Value[] = []
  let [table, at] = ['file', 0]
  for (const line of toml.split('\n')) {
    const [, head] = /^\[(\w+)\]$/.exec(line) ?? []
    const [, designator] = /^designator = "(\w+)"$/.exec(line) ?? []
    table = designator ?? head ?? table
    if (!line.startsWith('#')) {
      for (const { 0: from, index } of line.matchAll(/"[^"]*"|\b(?:0x[0-9a-f]+|\d+)\b/g)) {
        const key = /(\w+)(?: = |\b)[^a-z]*$/.exec(line.slice(0, index))?.[1] ?? ''
        const to = otherThan(from, key)
        const place = at + index
        const changed = toml.slice(0, place) + to + toml.slice(place + from.length)
        values.push({ table, key: `${line.split(' ')[0] ?? ''} ${key}`.trim(), from, to, changed })
      }
    }
    at += line.length + 1
  }
  return values
}

function otherThan(from: string, key: string): string {
  const swap = SWAPS[from]
  if (swap !== undefined) return swap
  if (from.startsWith('"')) return `"x${from.slice(1)}`
  // Lines 14 and 15 are free.
  if (['line', 'decoder', 'enable'].includes(key)) return '14'
  return String(Number(from) + 1)
}
