// The board file is the single source: one change of a pin, and every artefact that no longer agrees is named.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'
import { artefactsOf, staleOf } from '../../scripts/hardware/artefacts.ts'
import { boardEeprom } from '../../src/hardware/board-eeprom.ts'
import { decodeEeprom } from '../../src/hardware/eeprom.ts'
import { BOARD_FILE, changedIn, HARDWARE, hatBoard, STEM } from './bench.ts'

const committed = (file: string): Uint8Array | undefined => {
  const path = join(HARDWARE, file)
  return existsSync(path) ? readFileSync(path) : undefined
}

/** The names of what does not follow from the board file `toml`. */
function staleAfter(toml: string): string[] {
  return staleOf(artefactsOf(hatBoard(toml), STEM), committed).map(({ name }) => name)
}

for (const { name, file, bytes } of artefactsOf(hatBoard(), STEM)) {
  test(`agreement: ${name} (hardware/${file}) follows from the board file; else scripts/build-hardware`, () => {
    assert.ok(Buffer.from(bytes).equals(committed(file) ?? Buffer.alloc(0)), `hardware/${file} is stale`)
  })
}

// Each of these artefacts says its part of the wiring. Netlist and bill of materials are compared in netlist.test.ts, and
// that no value of the board file is in none of them, in fields.test.ts.
const EEPROM = ['EEPROM text', 'EEPROM image']
const OFF_HEADER = [...EEPROM, 'slot map']
const ON_HEADER = ['overlay', ...EEPROM, 'pinout', 'slot map']
const OF_DECODER = ['overlay', ...EEPROM, 'pinout']

for (const [what, toml, stale] of [
  ['a comment', `# Nothing.\n${BOARD_FILE}`, []],
  ['a bus address', changedIn('U1', 'address = 0x48', 'address = 0x49'), OFF_HEADER],
  ['the channels of two slots', swapped('U1', 'U2', 'channel = 0', 'channel = 1'), OFF_HEADER],
  [
    'a multiplexer',
    changedIn('U1', 'mux = 0x70, channel = 0, reset = { line = 11 }', 'mux = 0x71, channel = 0'),
    OFF_HEADER,
  ],
  ['the reset of the multiplexer', BOARD_FILE.replaceAll('{ line = 11 }', '{ line = 14 }'), ON_HEADER],
  ['the reset outputs of two slots', swapped('U1', 'J4', '26, output = 0', '26, output = 7'), OFF_HEADER],
  [
    'a reset line in the place of an output',
    changedIn('U1', resetBy('0'), 'reset = { line = 14 }'),
    ON_HEADER,
  ],
  ['the power outputs of two slots', swapped('U1', 'J4', 'output = 8', 'output = 15'), OFF_HEADER],
  [
    'a power switch with a line of its own',
    changedIn('U1', powerBy('8'), 'power = { line = 14 }'),
    ON_HEADER,
  ],
  ['a line of the decoder', BOARD_FILE.replaceAll('[5, 6, 13, 19]', '[5, 6, 13, 14]'), OF_DECODER],
  ['the order of its lines', BOARD_FILE.replaceAll('[5, 6, 13, 19]', '[6, 5, 13, 19]'), OF_DECODER],
  ['what enables it', BOARD_FILE.replaceAll('enable = 26', 'enable = 15'), OF_DECODER],
  ['an LED', changedIn('U1', 'led = { line = 17 }', 'led = { line = 14 }'), ON_HEADER],
  [
    'the level of an LED',
    changedIn('U1', 'led = { line = 17 }', 'led = { line = 17, active = "low" }'),
    ON_HEADER,
  ],
  ['a button', changedIn('J4', 'button = { line = 10 }', 'button = { line = 15 }'), ON_HEADER],
  ['a data-ready line', changedIn('J4', 'framing', 'ready = { line = 15 }\nframing'), ON_HEADER],
  ['a designator', changedIn('J4', 'designator = "J4"', 'designator = "J9"'), ON_HEADER],
  ['a level', changedIn('J4', 'level = "1.8V"', 'level = "3V"'), ['slot map']],
  ['a current limit', changedIn('U1', 'limit_ma = 100', 'limit_ma = 90'), ['slot map']],
  ['a part', changedIn('U1', 'part = "', 'part = "other '), ['slot map']],
  ['the clock of the bus', BOARD_FILE.replaceAll('clock_hz = 400000', 'clock_hz = 100000'), ['overlay']],
  [
    'the name of the overlay',
    BOARD_FILE.replace('overlay = "iose-hat-rev-a"', 'overlay = "other"'),
    ['overlay', ...EEPROM],
  ],
  [
    'the version of the product',
    BOARD_FILE.replace('product_version = 0x0001', 'product_version = 2'),
    EEPROM,
  ],
  [
    'the revision',
    BOARD_FILE.replace('revision = "A"', 'revision = "B"'),
    ['overlay', ...EEPROM, 'pinout', 'slot map'],
  ],
  [
    'a pull-up, which only the schematic has',
    changedIn('U1', 'pull_up_ohms = 4700', 'pull_up_ohms = 4800'),
    [],
  ],
] as const) {
  test(`agreement: after a change of ${what} these are stale: ${stale.join(', ') || 'none'}`, () => {
    assert.deepEqual(staleAfter(toml), stale)
  })
}

test('agreement: a pin that another slot has is an error before anything is made', () => {
  const toml = changedIn('U1', 'led = { line = 17 }', 'led = { line = 27 }')
  assert.throws(() => staleAfter(toml), /GPIO line 27 twice/)
})

test('build-hardware --check: names what is stale and fails; without --check it writes that, and no more', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hardware-'))
  after(() => rmSync(folder, { recursive: true }))
  cpSync(HARDWARE, folder, { recursive: true })
  const run = (...args: string[]) =>
    spawnSync(SCRIPT, ['--hardware', folder, ...args], { encoding: 'utf8', timeout: 60_000 })
  const clean = run('--check')
  assert.deepEqual([clean.status, clean.stdout, clean.stderr], [0, '', ''])
  writeFileSync(join(folder, `boards/${STEM}.toml`), changedIn('J1', 'address = 0x10', 'address = 0x11'))
  const checked = run('--check')
  assert.equal(checked.status, 1)
  assert.deepEqual(checked.stderr.trimEnd().split('\n'), [
    'stale: EEPROM text (eeprom/hat-rev-a.txt) does not follow from boards/hat-rev-a.toml',
    'stale: EEPROM image (eeprom/hat-rev-a.eep) does not follow from boards/hat-rev-a.toml',
    'stale: slot map (pictures/hat-rev-a-slots.svg) does not follow from boards/hat-rev-a.toml',
    'Next: scripts/build-hardware',
  ])
  const written = run()
  assert.equal(
    written.stdout,
    'written: eeprom/hat-rev-a.txt\nwritten: eeprom/hat-rev-a.eep\nwritten: pictures/hat-rev-a-slots.svg\n',
  )
  assert.equal(run('--check').status, 0)
  writeFileSync(join(folder, `boards/${STEM}.toml`), BOARD_FILE.replace('0x48', '0x99'))
  const broken = run('--check')
  assert.equal(broken.status, 1)
  assert.match(broken.stderr, /^build-hardware: .*slots\[0\]\.address/)
})

test('build-hardware --serial: the image of one board has a UUID of its own, and the rest of the revision', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hardware-'))
  after(() => rmSync(folder, { recursive: true }))
  const imageOf = (...args: string[]) => {
    const { status, stderr } = spawnSync(SCRIPT, args, { cwd: folder, encoding: 'utf8', timeout: 60_000 })
    assert.equal(status, 0, stderr)
    const reading = decodeEeprom(readFileSync(join(folder, 'one.eep')))
    return 'eeprom' in reading ? reading.eeprom : assert.fail(reading.problem)
  }
  const [first, again, second] = ['0001', '0001', '0002'].map((serial) =>
    imageOf('--serial', serial, '--board', STEM, '--eeprom', 'one.eep'),
  )
  const revision = boardEeprom(hatBoard())
  assert.equal(first?.vendor.uuid, again?.vendor.uuid)
  const uuids = [first, second, revision].map((eeprom) => eeprom?.vendor.uuid)
  assert.equal(new Set(uuids).size, 3)
  assert.deepEqual({ ...first?.vendor, uuid: '' }, { ...revision?.vendor, uuid: '' })
  const alone = spawnSync(SCRIPT, ['--serial', '1'], { cwd: folder, encoding: 'utf8', timeout: 60_000 })
  assert.equal(alone.status, 1)
  assert.match(alone.stderr, /^build-hardware: --serial needs --board NAME and --eeprom FILE/)
})

/** The file in which two slots have each other's `ofFirst` and `ofSecond`. */
function swapped(first: string, second: string, ofFirst: string, ofSecond: string): string {
  const one = changedIn(first, ofFirst, ofSecond)
  const table = changedIn(second, ofSecond, ofFirst)
  const at = BOARD_FILE.indexOf(`designator = "${second}"`)
  return one.slice(0, one.indexOf(`designator = "${second}"`)) + table.slice(at)
}

function resetBy(output: string): string {
  return `reset = { decoder = [5, 6, 13, 19], enable = 26, output = ${output} }`
}

function powerBy(output: string): string {
  return `power = { decoder = [5, 6, 13, 19], enable = 26, output = ${output} }`
}

const SCRIPT = join(import.meta.dirname, '../../scripts/build-hardware')
