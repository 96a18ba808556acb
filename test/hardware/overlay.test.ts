// The overlay of the HAT, compiled, and applied to the device tree of a Raspberry Pi 4 as Debian builds it.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'
import { overlaySource } from '../../scripts/hardware/overlay.ts'
import { overlayFinding, type TreeFile, takenFindings } from '../../src/bin/iose/doctor/board/device-tree.ts'
import { headerUses } from '../../src/hardware/pins.ts'
import { isMissing } from '../support/peers.ts'
import { BOARD_FILE, HARDWARE, hatBoard } from './bench.ts'

const PI = join(import.meta.dirname, '../../.cache/bcm2711-rpi-4-b.dtb')
const skip =
  isMissing('dtc', '--version') ||
  isMissing('fdtoverlay', '--version') ||
  (existsSync(PI) ? false : 'MISSING: .cache/bcm2711-rpi-4-b.dtb, scripts/test fetches it')
const SOURCE = join(HARDWARE, 'overlay/iose-hat-rev-a.dts')
const BUS = '/soc/i2c@7e804000'
const GPIO = '/soc/gpio@7e200000'

const folder = mkdtempSync(join(tmpdir(), 'overlay-'))
after(() => rmSync(folder, { recursive: true }))

test('overlay: is compiled without a warning', { skip }, () => {
  const { said } = compiled(SOURCE, 'clean')
  assert.equal(said, '')
})

test('overlay: on a Raspberry Pi 4 it sets the clock of the bus and names the lines of the header', {
  skip,
}, () => {
  const merged = applied(compiled(SOURCE, 'good').overlay)
  assert.equal(property(merged, BUS, 'clock-frequency', 'u'), '400000')
  assert.equal(property(merged, BUS, 'status'), 'okay')
  const names = property(merged, GPIO, 'gpio-line-names').split(' ')
  assert.equal(names.length, 28)
  for (const [line, { net }] of headerUses(hatBoard())) assert.equal(names[line], net, `GPIO ${line}`)
})

test('overlay: nothing else of the device tree is another one', { skip }, () => {
  const merged = applied(compiled(SOURCE, 'only').overlay)
  const [before, now] = [PI, merged].map(
    (file) => run('dtc', ['-q', '-I', 'dtb', '-O', 'dts', '-s', file]).stdout,
  )
  const beforeLines = new Set(before!.split('\n'))
  const changed = now!.split('\n').filter((line) => !beforeLines.has(line))
  const kinds = changed.map((line) => line.trim().replace(/ .*$/, ''))
  assert.deepEqual(
    kinds.filter((kind) => kind !== 'gpio-line-names'),
    ['clock-frequency'],
  )
})

test('overlay: the doctor sees whether it is applied, and that SPI 0 takes lines of the board', {
  skip,
}, () => {
  const board = hatBoard()
  const place = { folder: '/h', has: () => true }
  const merged = applied(compiled(SOURCE, 'doctor').overlay)
  const outcomes = [PI, merged].map((file) =>
    overlayFinding(board, treeOf(file), place).map(({ outcome }) => outcome),
  )
  assert.deepEqual(outcomes, [['warning'], ['ok']])
  assert.deepEqual(takenFindings(board, treeOf(merged)), [])
  const switchedOn = run('fdtput', ['-t', 's', merged, '/soc/spi@7e204000', 'status', 'okay'])
  assert.equal(switchedOn.status, 0, switchedOn.stderr)
  assert.deepEqual(
    takenFindings(board, treeOf(merged)).map(({ outcome, found }) => [outcome, found]),
    [['wrong', 'SPI 0 is on and has lines 7, 8, 9, 10, 11']],
  )
})

test('overlay: a label that the device tree has not is an error', { skip }, () => {
  const wrong = join(folder, 'wrong.dts')
  writeFileSync(wrong, overlaySource(hatBoard(), hatBoard().hat!).replace('&gpio', '&gpoi'))
  const { overlay } = compiled(wrong, 'wrong')
  assert.notEqual(run('fdtoverlay', ['-i', PI, '-o', join(folder, 'none.dtb'), overlay]).status, 0)
})

test('overlay: a board whose bus it could not set up has none', () => {
  const spi = '\n[[slots]]\ndesignator = "X1"\ndriver = "spi"\nframing = "gp"\n'
  const other = '\n[[slots]]\ndesignator = "X1"\ndriver = "i2c"\nbus = 3\naddress = 0x48\nframing = "gp"\n'
  for (const more of [spi, other]) {
    const board = hatBoard(BOARD_FILE + more)
    assert.throws(() => overlaySource(board, board.hat!), /knows no overlay for the bus of X1/)
  }
  const board = hatBoard(BOARD_FILE.replace(/\[bus\][^[]*/, ''))
  assert.throws(() => overlaySource(board, board.hat!), /a board without \[bus\]/)
})

function compiled(source: string, stem: string): { readonly overlay: string; readonly said: string } {
  const overlay = join(folder, `${stem}.dtbo`)
  const { status, stdout, stderr } = run('dtc', ['-@', '-I', 'dts', '-O', 'dtb', '-o', overlay, source])
  assert.equal(status, 0, stderr)
  return { overlay, said: stdout + stderr }
}

function applied(overlay: string): string {
  const merged = `${overlay}.merged`
  const { status, stderr } = run('fdtoverlay', ['-i', PI, '-o', merged, overlay])
  assert.equal(status, 0, stderr)
  return merged
}

function property(file: string, node: string, name: string, type = 's'): string {
  const { status, stdout, stderr } = run('fdtget', ['-t', type, file, node, name])
  assert.equal(status, 0, stderr)
  return stdout.trimEnd()
}

/** As the kernel shows it, texts without their final zero. */
function treeOf(file: string): TreeFile {
  return (name) => {
    const at = name.lastIndexOf('/')
    const { status, stdout } = run('fdtget', ['-t', 'bx', file, `/${name.slice(0, at)}`, name.slice(at + 1)])
    if (status !== 0) return undefined
    return Buffer.from(
      stdout
        .trim()
        .split(' ')
        .map((byte) => Number.parseInt(byte, 16)),
    )
      .toString()
      .replace(/\0+$/, '')
  }
}

function run(program: string, args: readonly string[]) {
  return spawnSync(program, args, { encoding: 'utf8', timeout: 20_000 })
}
