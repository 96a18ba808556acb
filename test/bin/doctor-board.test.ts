// What `iose doctor --board` says of a board and its slots; on emulated buses: test/rig/doctor-board.test.ts.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'
import { overlayFinding, takenFindings } from '../../src/bin/iose/doctor/board/device-tree.ts'
import { type HatFile, hatFinding } from '../../src/bin/iose/doctor/board/hat.ts'
import { slotLines } from '../../src/bin/iose/doctor/board/report.ts'
import { type Ask, slotReport } from '../../src/bin/iose/doctor/board/slots.ts'
import { type Finding, fine, wrong } from '../../src/bin/iose/doctor/finding.ts'
import { LinkError } from '../../src/drivers/errors.ts'
import { wiringMark } from '../../src/hardware/identity.ts'
import { headerUses } from '../../src/hardware/pins.ts'
import { BOARD_FILE, changedIn, hatBoard, slotOf } from '../hardware/bench.ts'
import { iose } from '../support/iose.ts'

const NODE = fine('i2c', '/dev/i2c-1')
/** Of a Raspberry Pi, texts without their final zero. */
const LABELS: Readonly<Record<string, string>> = {
  spi0: '/soc/spi@7e204000',
  i2s: '/soc/i2s@7e203000',
}
const FREE: Ask = () => ({ holder: undefined })

function reportOf(designator: string, ask: Ask = FREE, toml = BOARD_FILE) {
  const board = hatBoard(toml)
  return slotReport(slotOf(board, designator), board, { node: NODE, ask })
}

test('doctor --board: a slot has all that the board file says of it, and what to measure', () => {
  const { outcome, facts, measure, lines } = reportOf('U3')
  assert.equal(outcome, 'ok')
  assert.deepEqual(
    facts.map(({ name, text }) => `${name}: ${text}`),
    [
      'bus: I2C 1',
      'address: 0x48',
      'channel: 2 of 0x70',
      'mux reset: GPIO 11, pin 23, low',
      'reset: output 2 of DEC',
      'power: output 10 of DEC',
      'current: up to 30 mA, limit 100 mA',
      'LED: GPIO 22, pin 15',
      'button: GPIO 12, pin 32, low',
      'level: 3.3V',
    ],
  )
  const all = measure.join('\n')
  for (const pattern of [
    /^supply of U3: 3\.3V against ground, 0 V while output 10 of DEC is active; .* 100 mA$/m,
    /^SDA and SCL of channel 2 of 0x70: high when idle, .* in 143 ns by calculation, 300 ns at most$/m,
    /^multiplexer, .*: sudo i2cdetect -y 1 0x70 0x70 shows it$/m,
    /^answer, .*: sudo i2cset -y 1 0x70 0x04 && sudo i2cdetect -y -q 1 0x48 0x48 shows it$/m,
    /^reset: output 2 of DEC is active for 2 ms/m,
    /^LED: GPIO 22, pin 15: 3\.3 V lights it$/m,
    /^button: GPIO 12, pin 32, low: 0 V while pressed$/m,
  ])
    assert.match(all, pattern)
  assert.deepEqual(
    lines.map(({ line, pin, use, state }) => [line, pin, use, state]),
    [
      [5, 29, 'reset, power', 'free'],
      [6, 31, 'reset, power', 'free'],
      [13, 33, 'reset, power', 'free'],
      [19, 35, 'reset, power', 'free'],
      [26, 37, 'reset, power', 'free'],
      [22, 15, 'led', 'free'],
      [12, 32, 'button', 'free'],
      [11, 23, 'select.reset', 'free'],
    ],
  )
})

test('doctor --board: a bridge acknowledges a read, and its SIM has a level of its own', () => {
  const { facts, measure } = reportOf('J4')
  assert.ok(facts.some(({ name, text }) => name === 'level' && text === '1.8V at the card'))
  assert.match(measure.join('\n'), /i2cset -y 1 0x70 0x80 && sudo i2cdetect -y -r 1 0x10 0x10/)
  assert.deepEqual(measure.slice(0, 2), [
    'supply of J4, behind its switch: 3.3V against ground, 0 V while output 15 of DEC is active; if it is lower, the switch may limit at 100 mA',
    'supply of the card in J4: 1.8V from its bridge, 0 V while the bridge has not activated the card',
  ])
})

test('doctor --board: lines, levels and a data-ready line as the file has them, whatever they are', () => {
  const toml = changedIn(
    'U1',
    'led = { line = 17 }',
    'led = { line = 17, active = "low" }\nready = { line = 14 }',
  )
  const { facts, measure } = reportOf(
    'U1',
    FREE,
    toml.replace('button = { line = 4 }', 'button = { line = 4, chip = "x" }'),
  )
  assert.ok(facts.some(({ name, text }) => name === 'button' && text === 'line 4 of x, low'))
  assert.match(measure.join('\n'), /LED: GPIO 17, pin 11, low: 0 V lights it/)
  assert.match(measure.join('\n'), /ready: GPIO 14, pin 8 is active while it has an answer/)
})

test('doctor --board: a slot without lines and behind no multiplexer asks for less', () => {
  const toml = `name = "b"\nrevision = "1"\n[[slots]]\ndesignator = "X1"\ndriver = "i2c"\nbus = 3\naddress = 0x48\nframing = "gp"\n`
  const { facts, measure } = reportOf('X1', FREE, toml)
  assert.deepEqual(facts, [
    { name: 'bus', text: 'I2C 3' },
    { name: 'address', text: '0x48' },
  ])
  assert.deepEqual(measure.slice(0, 2), [
    'supply of X1: what its part wants against ground',
    'SDA and SCL of bus 3: high when idle',
  ])
  const spi = `name = "b"\nrevision = "1"\n[[slots]]\ndesignator = "X1"\ndriver = "spi"\nchip_select = 1\nframing = "gp"\n`
  assert.deepEqual(reportOf('X1', FREE, spi).facts, [{ name: 'bus', text: 'SPI 0.1' }])
  assert.match(reportOf('X1', FREE, spi).measure[1] ?? '', /while chip select 1 of bus 0 is low/)
})

test('doctor --board: lines of the gateway are in order, those of others are wrong, unknown ones a warning', () => {
  const held =
    (holder: string): Ask =>
    ({ line }) => ({ holder: line === 22 ? holder : undefined })
  assert.equal(reportOf('U3', held('iose')).outcome, 'ok')
  const taken = reportOf('U3', held('lirc'))
  assert.equal(taken.outcome, 'wrong')
  assert.match(slotLines([taken], 'plain').join('\n'), /^ {9}lines +22 \(led\) held by "lirc"$/m)
  const closed = reportOf('U3', () => ({ obstacle: new LinkError('link.closed', 'no chip') }))
  assert.equal(closed.outcome, 'warning')
  assert.match(slotLines([closed], 'plain').join('\n'), /not known: no chip$/m)
  assert.equal(reportOf('U3', () => undefined).outcome, 'warning')
})

test('doctor --board: text has one head a slot, and what mends its node', () => {
  const board = hatBoard()
  const node = wrong('i2c', { found: '/dev/i2c-1 is not there', meaning: 'off', remedy: 'switch it on' })
  const lines = slotLines([slotReport(slotOf(board, 'U1'), board, { node, ask: FREE })], 'plain')
  assert.match(lines[0] ?? '', /^wrong {4}U1 {11}SE050/)
  assert.ok(lines.includes('         found        /dev/i2c-1 is not there: off'))
  assert.ok(lines.includes('         mend         switch it on'))
  assert.ok(lines.includes('         lines        8 of 8 are free'))
  const coloured = slotLines([slotReport(slotOf(board, 'U1'), board, { node, ask: FREE })], 'coloured')
  assert.ok(coloured[0]?.startsWith('\x1b[31mwrong\x1b[0m    U1'))
})

test('doctor --board: the EEPROM of the board is that of the file, of another, or none', () => {
  const board = hatBoard()
  const good: Record<string, string> = {
    vendor: 'Internet of Secure Elements',
    product: 'IoSE HAT, revision A',
    custom_1: wiringMark(board),
  }
  const outcomes = [
    good,
    { ...good, custom_1: wiringMark(hatBoard(changedIn('U1', 'line = 17', 'line = 14'))) },
    { vendor: good['vendor'] ?? '', product: good['product'] ?? '' },
    { ...good, product: 'IoSE HAT, revision B' },
    { ...good, vendor: 'ACME' },
    {},
  ].map((files: Record<string, string>) => {
    const [finding] = hatFinding(board, (name) => files[name], 'hat.eep')
    if (finding?.outcome !== 'ok') assert.match(finding?.remedy ?? '', /eepflash\.sh -w -t=24c32 -f=hat\.eep/)
    return `${finding?.outcome ?? ''}: ${finding?.found ?? ''}`
  })
  assert.deepEqual(outcomes, [
    'ok: Internet of Secure Elements, IoSE HAT, revision A: wired as the board file says',
    'wrong: Internet of Secure Elements, IoSE HAT, revision A: it is wired in another way',
    'warning: Internet of Secure Elements, IoSE HAT, revision A: its EEPROM says nothing of its wiring',
    'wrong: the ID EEPROM is that of Internet of Secure Elements, IoSE HAT, revision B',
    'wrong: the ID EEPROM is that of ACME, IoSE HAT, revision A',
    'warning: /proc/device-tree/hat is not there',
  ])
  assert.deepEqual(
    hatFinding(hatBoard(BOARD_FILE.replace(/\[hat\][^[]*\[bus\]/, '[bus]')), () => undefined, 'b'),
    [],
  )
})

test('doctor --board: a peripheral that takes lines of the board is wrong, unless the board uses it', () => {
  const board = hatBoard()
  const tree = (status: Readonly<Record<string, string>>, labels = LABELS): HatFile => {
    const files: Record<string, string> = {}
    for (const [name, path] of Object.entries(labels)) files[`__symbols__/${name}`] = path
    for (const [name, text] of Object.entries(status)) files[`${labels[name] ?? ''}/status`.slice(1)] = text
    return (name) => files[name]
  }
  const off = { spi0: 'disabled', i2s: 'disabled' }
  assert.deepEqual(takenFindings(board, tree(off)), [])
  assert.deepEqual(takenFindings(board, tree({}, {})), [], 'no Raspberry Pi')
  const [spi, ...others] = takenFindings(board, tree({ ...off, spi0: 'okay' }))
  assert.deepEqual(others, [])
  assert.equal(spi?.outcome, 'wrong')
  assert.equal(
    `${spi.found}: ${spi.meaning ?? ''}`,
    'SPI 0 is on and has lines 7, 8, 9, 10, 11: here they are J1_BUTTON_N, J2_BUTTON_N, J3_BUTTON_N, J4_BUTTON_N, MUX70_RESET_N',
  )
  assert.match(spi.remedy ?? '', /dtparam=spi=on/)
  const [sound] = takenFindings(board, tree({ spi0: 'disabled' }))
  assert.match(sound?.found ?? '', /^I2S is on and has lines 18, 19, 20, 21$/)
  const own = `name = "b"\nrevision = "1"\n[[slots]]\ndesignator = "X1"\ndriver = "spi"\nbus = 0\nchip_select = 1\nframing = "gp"\nled = { line = 8 }\n`
  assert.deepEqual(takenFindings(hatBoard(own), tree({ ...off, spi0: 'okay' })), [])
})

test('doctor --board: whether the overlay is applied is seen by the names of the lines', () => {
  const board = hatBoard()
  const names = (...text: string[]): HatFile => {
    const files: Record<string, string> = {
      '__symbols__/gpio': '/soc/gpio@7e200000',
      'soc/gpio@7e200000/gpio-line-names': `${text.join('\0')}\0`,
    }
    return (name) => files[name]
  }
  const of = (file: HatFile, has: (path: string) => boolean = () => true): Finding[] =>
    overlayFinding(board, file, { folder: '/h/overlay', has })
  const uses = headerUses(board)
  const all = Array.from({ length: 28 }, (_, line) => uses.get(line)?.net ?? '')
  assert.deepEqual(of(names(...all)), [fine('overlay', 'iose-hat-rev-a is applied: lines have its names')])
  const [none] = of(names('ID_SDA', 'ID_SCL'))
  assert.equal(none?.outcome, 'warning')
  assert.match(none.found, /^iose-hat-rev-a is not applied$/)
  assert.equal(
    none.remedy,
    'sudo cp /h/overlay/iose-hat-rev-a.dtbo /boot/firmware/overlays/ && echo dtoverlay=iose-hat-rev-a | sudo tee -a /boot/firmware/config.txt, then restart; an ID EEPROM that is written makes the second part needless',
  )
  const [source] = of(names('ID_SDA'), () => false)
  assert.match(
    source?.remedy ?? '',
    /^sudo dtc -@ -I dts -O dtb -o \/boot\/firmware\/overlays\/iose-hat-rev-a\.dtbo \/h\/overlay\/iose-hat-rev-a\.dts && /,
  )
  assert.deepEqual(
    of(() => undefined),
    [],
    'no Raspberry Pi: the EEPROM has said so',
  )
})

test('iose doctor --board: a board that is not there, and one with a mistake, end with 78', async () => {
  const missing = await iose(['doctor', '--board', 'hat-rev-z'])
  assert.equal(missing.exitCode, 78)
  assert.match(
    missing.stdout,
    /^wrong {4}board {8}hat-rev-z: there is neither .* nor .*boards\/hat-rev-z\.toml$/m,
  )
  const directory = mkdtempSync(join(tmpdir(), 'iose-doctor-'))
  after(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'mine.toml')
  writeFileSync(file, BOARD_FILE.replace('line = 17', 'line = 1'))
  const wrongLine = await iose(['doctor', '--board', file, '--json'])
  assert.equal(wrongLine.exitCode, 78)
  assert.match(wrongLine.stdout, /slots\[0\]\.led: GPIO 1 is ID_SC of the ID EEPROM/)
})
