// The tables of elements that come and go behind something else: PC/SC readers and SIM arrays.

import assert from 'node:assert/strict'
import test from 'node:test'
import { parseConfig } from '../../src/config/config.ts'

const front = { designator: undefined, led: undefined, button: undefined }
const naming = { aliases: [], sen: undefined, aid: undefined, maxRecordBytes: 512 }

function table(driver: string, lines: string): string {
  return `[[slots]]\ndriver = "${driver}"\n${lines}\n`
}

test('config: PC/SC readers, all of them when none is named', () => {
  const named = 'reader = "ACS*"\nseid = "left"\nlibrary = "smartcard"\nled = { line = 4 }'
  const { slots } = parseConfig(table('pcsc', named) + table('pcsc', ''), 'file')
  const led = { line: 4, active: 'high' }
  assert.deepEqual(slots, [
    {
      ...{ driver: 'pcsc', ...naming, reader: 'ACS*', seid: 'left', library: 'smartcard' },
      front: { ...front, led },
    },
    { driver: 'pcsc', ...naming, reader: '*', seid: undefined, library: undefined, front },
  ])
})

test('config: the slots of a SIM array that are listed, and any when none is', () => {
  const lines = 'host = "sims.example"\nslots = [101, 216]\nsen = "sim{n}.com"\naliases = ["s{n}"]'
  const more = 'host = "::1"\nport = 65535\nmax_connections = 1\nseid = "x{n}"'
  const [listed, open] = parseConfig(table('sim-array', lines) + table('sim-array', more), 'file').slots
  assert.ok(listed?.driver === 'sim-array' && open?.driver === 'sim-array')
  const { slots, slotOf, ...rest } = listed
  assert.deepEqual(rest, { driver: 'sim-array', host: 'sims.example', port: 2310, maxConnections: 16 })
  assert.deepEqual(
    slots,
    [101, 216].map((number) => ({
      ...{ ...naming, number, seid: `array-${number}`, sen: `sim${number}.com`, aliases: [`s${number}`] },
    })),
  )
  assert.deepEqual(slotOf(101), slots[0])
  assert.deepEqual([open.port, open.maxConnections, open.slots.length], [65_535, 1, 0])
  assert.equal(open.slotOf(7).seid, 'x7')
})

for (const [what, toml, message] of [
  ['no host', table('sim-array', ''), /slots\[0\]\.host: found undefined/],
  [
    'no slots, said so',
    table('sim-array', 'host = "a"\nslots = []'),
    /slots\[0\]\.slots: found 0, expected >=1/,
  ],
  ['a port of 0', table('sim-array', 'host = "a"\nport = 0'), /slots\[0\]\.port: found 0/],
  [
    'a LED for a whole array',
    table('sim-array', 'host = "a"\nled = { line = 4 }'),
    /slots\[0\]\.led: unknown/,
  ],
  ['a slot twice', table('sim-array', 'host = "a"\nslots = [1, 1]\nseid = "s"'), /SEID 's' twice: put \{n\}/],
  [
    'one array twice',
    table('sim-array', 'host = "a"') + table('sim-array', 'host = "a"\nseid = "b{n}"'),
    /the array a:2310, all its slots, twice, also in file: slots\[0\]/,
  ],
  [
    'a SEID that is too long for the last slot',
    table('sim-array', `host = "a"\nseid = "${'x'.repeat(59)}{n}"`),
    /longer than 63/,
  ],
  [
    'two arrays with one template',
    table('sim-array', 'host = "a"') + table('sim-array', 'host = "b"'),
    /SEID 'array-99999' twice/,
  ],
  ['one reader twice', table('pcsc', '') + table('pcsc', 'reader = "*"'), /reader '\*' twice/],
  ['an unknown library', table('pcsc', 'library = "x"'), /slots\[0\]\.library: found "x"/],
] as const) {
  test(`config: of PC/SC readers and SIM arrays, ${what} is an error`, () => {
    assert.throws(() => parseConfig(toml, 'file'), { code: 'config.invalid', message })
  })
}
