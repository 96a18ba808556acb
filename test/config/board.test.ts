import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
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
