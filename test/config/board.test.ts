import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { parseBoard } from '../../src/config/board.ts'
import { riseTimeOf } from '../../src/config/board-checks.ts'
import { parseConfig } from '../../src/config/config.ts'
import { loadConfig } from '../../src/config/load.ts'
import { placesOf } from './places.ts'

const BOARD = `
name = "Test board"
revision = "A"
[[slots]]
designator = "U1"
driver = "i2c"
address = 0x48
framing = "nxp"
led = { line = 17 }
[[slots]]
designator = "U2"
driver = "i2c"
address = 0x49
framing = "gp"
`

function slotsWith(toml: string, board = BOARD) {
  const read = (name: string) => ({ toml: board, file: `${name}.toml` })
  return placesOf(parseConfig(`[gateway]\nboard = "b"\n${toml}`, 'g.toml', read))
}

test('board: without tables of its own a configuration has the slots of its board', () => {
  assert.deepEqual(
    slotsWith('').map(({ seid, front }) => [seid, front.designator]),
    [
      ['i2c-1-48', 'U1'],
      ['i2c-1-49', 'U2'],
    ],
  )
})

test('board: a table with a designator adds to that slot, others are slots besides', () => {
  const slots = slotsWith(
    '[[slots]]\ndriver = "simulator"\n[[slots]]\ndesignator = "U2"\nsen = "two.com"\nframing = "nxp"\n',
  )
  assert.deepEqual(
    slots.map(({ seid, sen }) => [seid, sen]),
    [
      ['sim1', undefined],
      ['i2c-1-49', 'two.com'],
      ['i2c-1-48', undefined],
    ],
  )
  assert.equal(slots[1]?.driver === 'i2c' && slots[1].framing, 'nxp')
})

for (const [what, toml, board, message] of [
  [
    'a designator that it has not',
    '[[slots]]\ndesignator = "U3"',
    BOARD,
    /slots\[0\]\.designator: b\.toml has no "U3", but U1, U2/,
  ],
  [
    'a mistake in the board file',
    '',
    BOARD.replace('0x49', '0x99'),
    /^ConfigError: b\.toml: slots\[1\]\.address/,
  ],
  ['a designator twice', '', BOARD.replace('U2', 'U1'), /b\.toml: the designator "U1" is there twice/],
  [
    'a slot without designator',
    '',
    BOARD.replace('designator = "U2"', ''),
    /b\.toml: slots\[1\]\.designator/,
  ],
  [
    'an unknown key of the board',
    '',
    `nmae = 1\n${BOARD}`,
    /b\.toml: nmae: unknown key; the nearest known one is 'name'/,
  ],
  [
    'a line that the board uses',
    '[[slots]]\ndriver = "simulator"\nled = { line = 17 }',
    BOARD,
    /GPIO line 17 twice/,
  ],
] as const) {
  test(`board: ${what} is an error`, () => {
    assert.throws(
      () => slotsWith(toml, board),
      (error: Error) => message.test(String(error)),
    )
  })
}

test('board: a file is found beside the configuration, then among those of the program', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'board-'))
  try {
    const file = join(folder, 'gateway.toml')
    await writeFile(file, '[gateway]\nboard = "mine.toml"\n')
    await writeFile(join(folder, 'mine.toml'), BOARD)
    assert.equal(loadConfig(file).config.slots.length, 2)
    await writeFile(file, '[gateway]\nboard = "boards/hat-rev-a.toml"\n')
    assert.equal(loadConfig(file).config.slots.length, 8)
    await writeFile(file, '[gateway]\nboard = "boards/none.toml"\n')
    assert.throws(() => loadConfig(file), /neither .*boards\/none\.toml nor .*hardware\/boards\/none\.toml/)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test('board: every board of the program can be loaded', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'board-'))
  try {
    const boards = readdirSync(join(import.meta.dirname, '../../hardware/boards'))
    assert.ok(boards.length > 0)
    for (const board of boards) {
      const file = join(folder, 'gateway.toml')
      await writeFile(file, `[gateway]\nboard = "boards/${board}"\n`)
      assert.ok(
        placesOf(loadConfig(file).config).every(({ front }) => front.designator !== undefined),
        board,
      )
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

const HAT = `
name = "Test HAT"
revision = "A"
[hat]
vendor = "Somebody"
overlay = "test-hat"
[bus]
clock_hz = 400000
pull_up_ohms = 1800
capacitance_pf = 80
[power]
rail_ma = 100
base_ma = 20
[[slots]]
designator = "U1"
driver = "i2c"
address = 0x48
framing = "nxp"
clock_hz = 400000
select = { mux = 0x70, channel = 0, reset = { line = 11 } }
reset = { decoder = [5, 6, 13], enable = 26, output = 0 }
power = { decoder = [5, 6, 13], enable = 26, output = 4 }
led = { line = 17 }
level = "1.8V"
pull_up_ohms = 4700
capacitance_pf = 60
max_ma = 80
limit_ma = 80
`

function boardWith(change: readonly [string, string] = ['', '']) {
  assert.ok(HAT.includes(change[0]), change[0])
  return parseBoard({ toml: HAT.replace(...change), file: 'b.toml' })
}

test('board: a HAT says what its EEPROM, bus, rail and slots are', () => {
  const { hat, bus, power, slots } = boardWith()
  assert.deepEqual(hat, { vendor: 'Somebody', overlay: 'test-hat', productId: 0, productVersion: 0 })
  assert.deepEqual(bus, { number: 1, clockHz: 400_000, pullUpOhms: 1800, capacitancePf: 80 })
  assert.deepEqual(power, { railMa: 100, baseMa: 20 })
  const [slot] = slots
  assert.deepEqual(
    [slot?.designator, slot?.level, slot?.pullUpOhms, slot?.capacitancePf, slot?.maxMa, slot?.limitMa],
    ['U1', '1.8V', 4700, 60, 80, 80],
  )
  assert.equal(slot?.entry.wiring.power !== undefined && 'output' in slot.entry.wiring.power, true)
})

test('board: what only a board says is no key of a configuration, which gets the rest', () => {
  const read = () => ({ toml: HAT, file: 'b.toml' })
  const [slot] = placesOf(parseConfig('[gateway]\nboard = "b"\n', 'g.toml', read))
  assert.equal(slot?.front.designator, 'U1')
  const toml = '[gateway]\nboard = "b"\n[[slots]]\ndesignator = "U1"\nmax_ma = 10\n'
  assert.throws(() => parseConfig(toml, 'g.toml', read), /g\.toml: slots\[0\]\.max_ma: unknown key/)
})

// Each limit, and one beyond it: what is replaced, by what is allowed, and by what is not.
for (const [from, allowed, beyond, message] of [
  [
    'led = { line = 17 }',
    'led = { line = 27 }',
    'led = { line = 28 }',
    /slots\[0\]\.led: GPIO 28 is not on the/,
  ],
  ['led = { line = 17 }', 'led = { line = 4 }', 'led = { line = 3 }', /GPIO 3 is SCL of I2C bus 1/],
  ['led = { line = 17 }', 'led = { line = 4 }', 'led = { line = 2 }', /GPIO 2 is SDA of I2C bus 1/],
  [
    'reset = { line = 11 }',
    'reset = { line = 4 }',
    'reset = { line = 1 }',
    /select\.reset: GPIO 1 is ID_SC of/,
  ],
  [/\[5, 6, 13\]/g, '[5, 6, 4]', '[5, 6, 0]', /slots\[0\]\.reset: GPIO 0 is ID_SD of the ID EEPROM/],
  [
    'capacitance_pf = 60',
    'capacitance_pf = 192',
    'capacitance_pf = 193',
    /\(U1\): 1302 ohms and 273 pF rise in 302 ns/,
  ],
  [
    'pull_up_ohms = 4700',
    'pull_up_ohms = 2088',
    'pull_up_ohms = 2087',
    /make 3\.00 mA at low, 3 mA are allowed/,
  ],
  [
    'max_ma = 80',
    'max_ma = 80',
    'max_ma = 81',
    /limit_ma: found 80, but max_ma is 81; power\.rail_ma: found 100, but 101/,
  ],
  ['base_ma = 20', 'base_ma = 20', 'base_ma = 21', /power\.rail_ma: found 100, but 101 mA are taken/],
  [
    '\nclock_hz = 400000\nselect',
    '\nselect',
    '\nclock_hz = 100000\nselect',
    /found 100000, but bus\.clock_hz is 400000/,
  ],
  ['vendor = "Somebody"', `vendor = "${'v'.repeat(255)}"`, `vendor = "${'v'.repeat(256)}"`, /hat\.vendor/],
  [
    'name = "Test HAT"',
    `name = "${'n'.repeat(243)}"`,
    `name = "${'n'.repeat(244)}"`,
    /name and revision: .* 244 in all/,
  ],
  ['revision = "A"', 'revision = "!$"', 'revision = "#"', /name and revision/],
  ['overlay = "test-hat"', `overlay = "${'o'.repeat(63)}"`, `overlay = "${'o'.repeat(64)}"`, /hat\.overlay/],
  ['overlay = "test-hat"', 'overlay = "4-hat"', 'overlay = "../hat"', /hat\.overlay/],
  ['[bus]', 'product_id = 65535\n[bus]', 'product_id = 65536\n[bus]', /hat\.product_id/],
  ['[bus]', 'product_version = 0\n[bus]', 'product_version = -1\n[bus]', /hat\.product_version/],
  ['[bus]', '[bus]\nnumber = 255', '[bus]\nnumber = 256', /bus\.number/],
  [/clock_hz = 400000/g, 'clock_hz = 1000', 'clock_hz = 999', /bus\.clock_hz/],
  [/clock_hz = 400000/g, 'clock_hz = 100000', 'clock_hz = 1000001', /bus\.clock_hz/],
  ['rail_ma = 100', 'rail_ma = 5000', 'rail_ma = 5001', /power\.rail_ma/],
  ['base_ma = 20', 'base_ma = 0', 'base_ma = -1', /power\.base_ma/],
  ['pull_up_ohms = 4700', 'pull_up_ohms = 100000', 'pull_up_ohms = 100001', /slots\[0\]\.pull_up_ohms/],
  ['pull_up_ohms = 1800', 'pull_up_ohms = 1600', 'pull_up_ohms = 499', /bus\.pull_up_ohms/],
  ['capacitance_pf = 60', 'capacitance_pf = 1', 'capacitance_pf = 0', /slots\[0\]\.capacitance_pf/],
  ['limit_ma = 80', 'limit_ma = 2000', 'limit_ma = 2001', /slots\[0\]\.limit_ma/],
  ['max_ma = 80', 'max_ma = 1', 'max_ma = 0', /slots\[0\]\.max_ma/],
  ['level = "1.8V"', 'level = "3V"', 'level = "5V"', /slots\[0\]\.level/],
  [
    'level = "1.8V"',
    'level = "3.3V"',
    'levle = "3.3V"',
    /levle: unknown key; the nearest known one is 'level'/,
  ],
  [
    'rail_ma = 100',
    'rail_ma = 100',
    'rail_am = 100',
    /power\.rail_am: unknown key; the nearest known one is 'rail_ma'/,
  ],
] as const) {
  test(`board: ${JSON.stringify(beyond.slice(0, 60))} is one too much`, () => {
    const parse = (to: string) => parseBoard({ toml: HAT.replace(from, to), file: 'b.toml' })
    parse(allowed)
    assert.throws(
      () => parse(beyond),
      (error: Error) => message.test(String(error)),
    )
  })
}

test('board: lines of another chip are none of the header', () => {
  boardWith(['led = { line = 17 }', 'led = { line = 40, chip = "expander" }'])
})

test('board: without [hat] any line may be used', () => {
  boardWith(['[hat]\nvendor = "Somebody"\noverlay = "test-hat"\n', ''])
  const toml = HAT.replace(/\[hat\][^[]*/, '').replace('line = 17', 'line = 1')
  assert.equal(parseBoard({ toml, file: 'b.toml' }).hat, undefined)
})

test('board: rise time of a bus and of a connected channel, and the limits of the modes', () => {
  const bus = { number: 1, clockHz: 400_000, pullUpOhms: 1000, capacitancePf: 100 }
  assert.equal(riseTimeOf(bus).nanoseconds.toFixed(2), '84.73')
  const connected = riseTimeOf(bus, { pullUpOhms: 1000, capacitancePf: 100 })
  assert.deepEqual(
    [connected.ohms, connected.picofarads, connected.nanoseconds.toFixed(2)],
    [500, 200, '84.73'],
  )
  const limits = [100_000, 100_001, 400_000, 400_001, 1_000_000].map(
    (clockHz) => riseTimeOf({ ...bus, clockHz }).limitNanoseconds,
  )
  assert.deepEqual(limits, [1000, 300, 300, 120, 120])
})
