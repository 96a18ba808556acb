// The schematic against the board file: KiCad's netlist of it, which is kept so that this needs no KiCad.

import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { staleOf } from '../../scripts/hardware/artefacts.ts'
import { designOf } from '../../scripts/hardware/kicad/design.ts'
import { kicadFilesOf } from '../../scripts/hardware/kicad/files.ts'
import { Netlist } from '../../scripts/hardware/kicad/netlist.ts'
import { powerTable } from '../../scripts/hardware/kicad/parts-list.ts'
import { BOARD_FILE, changedIn, HARDWARE, hatBoard, STEM } from './bench.ts'
import { wrongWires } from './wiring.ts'

const netlist = new Netlist(readFileSync(join(HARDWARE, `kicad/${STEM}.net`), 'utf8'))
const committed = (file: string): Uint8Array | undefined => {
  const path = join(HARDWARE, file)
  return existsSync(path) ? readFileSync(path) : undefined
}

for (const file of kicadFilesOf(hatBoard(), STEM)) {
  test(`schematic: hardware/${file.file} follows from the board file; else scripts/build-schematic`, () => {
    assert.deepEqual(
      staleOf([file], committed).map(({ file: stale }) => stale),
      [],
    )
  })
}

test('netlist: each slot is wired as the board file says', () => {
  assert.deepEqual(wrongWires(hatBoard(), netlist), [])
})

test('netlist: it has the parts of the design, each pin on the net that the design says', () => {
  const design = designOf(hatBoard())
  assert.deepEqual([...netlist.values.keys()].sort(), design.map(({ designator }) => designator).sort())
  for (const { designator, nets } of design) {
    for (const [pin, net] of Object.entries(nets))
      assert.equal(netlist.at(designator, pin), net, `${designator}.${pin}`)
  }
})

for (const [what, toml, wrong] of [
  [
    'the channels of U1 and J2',
    exchanged('U1', 'J2', 'channel = 0', 'channel = 5'),
    ['U1 channel 5', 'J2 channel 0'],
  ],
  [
    'the address of the multiplexer',
    BOARD_FILE.replaceAll('mux = 0x70', 'mux = 0x74'),
    ofAll('multiplexer address'),
  ],
  [
    'the reset of the multiplexer',
    BOARD_FILE.replaceAll('{ line = 11 }', '{ line = 14 }'),
    ofAll('multiplexer reset'),
  ],
  [
    'the resets of U2 and J3',
    exchanged('U2', 'J3', 'output = 1 }', 'output = 6 }'),
    ['U2 reset', 'J3 reset'],
  ],
  [
    'the power switches of U2 and J3',
    exchanged('U2', 'J3', 'output = 9 }', 'output = 14 }'),
    ['U2 power switch', 'J3 power switch'],
  ],
  ['what enables the decoder', BOARD_FILE.replaceAll('enable = 26', 'enable = 15'), ofAll('decoder enable')],
  [
    'an address line of the decoder',
    BOARD_FILE.replaceAll('[5, 6, 13, 19]', '[5, 6, 13, 14]'),
    ofAll('decoder input 3'),
  ],
  ['the LED of J4', changedIn('J4', 'led = { line = 20 }', 'led = { line = 15 }'), ['J4 LED']],
  ['the button of U3', changedIn('U3', 'button = { line = 12 }', 'button = { line = 14 }'), ['U3 button']],
  ['the level of J3', changedIn('J3', 'level = "1.8V"', 'level = "3V"'), ['J3 level']],
  ['the level of U1', changedIn('U1', 'level = "3.3V"', 'level = "1.8V"'), ['U1 level']],
  [
    'the pull-ups of U4',
    changedIn('U4', 'pull_up_ohms = 4700', 'pull_up_ohms = 3900'),
    ['U4 pull-up of SDA', 'U4 pull-up of SCL'],
  ],
  ['the current limit of J1', changedIn('J1', 'limit_ma = 100', 'limit_ma = 90'), ['J1 current limit']],
  ['the bus', BOARD_FILE.replaceAll('bus = 1', 'bus = 0').replace('number = 1', 'number = 0'), ofAll('bus')],
] as const) {
  test(`netlist: a board file that changes ${what} disagrees by name`, () => {
    const names = wrongWires(hatBoard(toml), netlist).map((text) => text.split(':')[0])
    assert.deepEqual([...new Set(names)], wrong)
  })
}

test('bill of materials: each part of the netlist is in it once, in the quantity that it says', () => {
  const text = readFileSync(join(HARDWARE, 'kicad/bom.csv'), 'utf8')
  const [, ...lines] = text.trimEnd().split('\r\n')
  const designators = lines.flatMap((line) => {
    const [list = '', quantity] = line.split(',')
    assert.equal(list.split(' ').length, Number(quantity), line)
    return list.split(' ')
  })
  assert.deepEqual(designators.sort(), [...netlist.values.keys()].sort())
})

test('power budget: the table in hardware/README.md is the one of the board file', () => {
  const squeezed = (text: string) => text.replace(/ +/g, ' ').replace(/-{3,}/g, '---')
  const text = squeezed(readFileSync(join(HARDWARE, 'README.md'), 'utf8'))
  assert.ok(text.includes(squeezed(powerTable(hatBoard()))), powerTable(hatBoard()))
})

function ofAll(what: string): string[] {
  return hatBoard().slots.map(({ designator }) => `${designator} ${what}`)
}

/** The board file with `one` of the first slot and `other` of the second in each other's place. */
function exchanged(first: string, second: string, one: string, other: string): string {
  const half = changedIn(first, one, other)
  const at = half.indexOf(`designator = "${second}"`)
  return half.slice(0, at) + half.slice(at).replace(other, one)
}
