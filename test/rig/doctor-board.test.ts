// `iose doctor --board hat-rev-a` as its user runs it, on a machine with the buses and lines of the board.

import assert from 'node:assert/strict'
import test from 'node:test'
import { iose } from '../support/iose.ts'
import { Rig, type RigOptions } from './rig.ts'

const skip = Rig.isMissing('i2c-bus') || Rig.isMissing('koffi')
const HEADER: RigOptions = {
  timing: 'none',
  buses: { 1: { clockHz: 400_000, devices: {} } },
  gpio: { 0: { label: 'pinctrl-bcm2711', count: 58, lines: {} } },
}

interface Row {
  readonly board: { readonly name: string; readonly revision: string; readonly file: string }
  readonly checks: readonly { readonly check: string; readonly outcome: string; readonly found: string }[]
  readonly slots: readonly {
    readonly designator: string
    readonly outcome: string
    readonly wiring: Readonly<Record<string, string>>
    readonly node: { readonly outcome: string; readonly found: string }
    readonly lines: readonly {
      readonly line: number
      readonly state: string
      readonly detail: string | null
    }[]
    readonly measure: readonly string[]
  }[]
}

test('iose doctor --board: every slot is explained, and nothing is touched', { skip }, async () => {
  await using rig = await Rig.start(HEADER)
  const said = await iose(['doctor', '--board', 'hat-rev-a', '--json'], { env: rig.env })
  assert.equal(said.exitCode, 0, said.stdout + said.stderr)
  const { board, checks, slots } = JSON.parse(said.stdout) as Row
  assert.deepEqual([board.name, board.revision], ['IoSE HAT', 'A'])
  assert.ok(
    checks.some(({ check, found }) => check === 'decoder' && /^DEC: .*GPIO 26, pin 37, low$/.test(found)),
  )
  assert.deepEqual(
    slots.map(({ designator, outcome }) => `${designator} ${outcome}`),
    ['U1', 'U2', 'U3', 'U4', 'J1', 'J2', 'J3', 'J4'].map((designator) => `${designator} ok`),
  )
  for (const { wiring, node, lines, measure } of slots) {
    assert.deepEqual(Object.keys(wiring), [
      'bus',
      'address',
      'channel',
      'mux reset',
      'reset',
      'power',
      'current',
      'led',
      'button',
      'level',
    ])
    assert.deepEqual([node.outcome, node.found], ['ok', '/dev/i2c-1'])
    assert.ok(lines.every(({ state }) => state === 'free'))
    assert.ok(measure.length >= 6)
  }
  assert.deepEqual(rig.log.lines, [], 'nothing was written to a bus or line')
})

test('iose doctor --board: who holds a line is told, and makes its slots wrong', { skip }, async () => {
  await using rig = await Rig.start(HEADER)
  rig.line(0, 17).consumer = 'lirc'
  rig.line(0, 27).consumer = 'iose'
  const said = await iose(['doctor', '--board', 'hat-rev-a', '--quiet'], { env: rig.env })
  assert.equal(said.exitCode, 1)
  assert.deepEqual(said.stdout.match(/^wrong +\S+/gm), ['wrong    U1'])
  assert.match(said.stdout, /^ {9}lines +17 \(led\) held by "lirc"$/m)
  assert.match(said.stdout, /^ {9}lines +7 of 8 are free$/m)
})

test('iose doctor --board: without bus and lines each slot says so, and what mends it', {
  skip,
}, async () => {
  await using rig = await Rig.start({ timing: 'none', gpio: { 0: { label: 'other', lines: {} } } })
  const said = await iose(['doctor', '--board', 'hat-rev-a'], { env: rig.env })
  assert.equal(said.exitCode, 1)
  assert.equal(said.stdout.match(/^wrong +[UJ]\d/gm)?.length, 8)
  assert.match(said.stdout, /found +\/dev\/i2c-1 is not there/)
  assert.match(said.stdout, /not known: no GPIO chip is the header of a Raspberry Pi/)
  assert.match(said.stdout, /^ {9}mend {9}\S/m)
})
