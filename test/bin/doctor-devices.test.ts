// What the doctor says of device nodes, and what makes them appear.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'
import { i2cRemedy, type Machine, spiRemedy } from '../../src/bin/iose/doctor/device-remedies.ts'
import {
  chipFindings,
  chipsOf,
  type Device,
  deviceFinding,
  devicesOf,
  type Node,
  readNode,
  sysfsFinding,
} from '../../src/bin/iose/doctor/devices.ts'
import { parseConfig } from '../../src/config/config.ts'

const PI: Machine = { isRaspberryPi: true, hasI2cDev: true, hasI2cBus: () => false }
const PC: Machine = { ...PI, isRaspberryPi: false }
const USER = { name: 'iose', uid: 990, groups: new Set(['iose']), enteredIn: new Set<string>() }
const SPI: Device = { check: 'spi', path: '/dev/spidev0.0', group: 'spi', remedy: () => 'appear' }

test('doctor: each bus has one node, however many elements are on it', () => {
  const toml = `
[[slots]]
driver = "i2c"
address = 0x48
framing = "nxp"
[[slots]]
driver = "i2c"
address = 0x49
framing = "nxp"
[[slots]]
driver = "spi"
bus = 1
chip_select = 2
framing = "gp"
`
  const devices = devicesOf(parseConfig(toml, 'test').slots)
  assert.deepEqual(
    devices.map(({ path, remedy }) => [path, remedy(PI)]),
    [
      ['/dev/i2c-1', 'sudo raspi-config nonint do_i2c 0 && sudo reboot'],
      ['/dev/spidev1.2', 'echo dtoverlay=spi1-3cs | sudo tee -a /boot/firmware/config.txt && sudo reboot'],
    ],
  )
})

test('doctor: what makes a bus appear depends on the machine', () => {
  const cases: readonly [string, RegExp][] = [
    [i2cRemedy(1, { ...PI, hasI2cDev: false }), /^sudo modprobe i2c-dev && /],
    [i2cRemedy(1, { ...PI, hasI2cBus: (bus) => bus === 1 }), /^sudo modprobe i2c-dev && /],
    [i2cRemedy(0, PI), /dtparam=i2c_vc=on/],
    [i2cRemedy(3, PI), /dtoverlay=i2c3 /],
    [i2cRemedy(3, PC), /^ls \/dev\/i2c-\*/],
    [spiRemedy(0, 1, PI), /^sudo raspi-config nonint do_spi 0/],
    [spiRemedy(1, 0, PI), /dtoverlay=spi1-1cs /],
    [spiRemedy(0, 0, PC), /modprobe spidev/],
  ]
  for (const [remedy, pattern] of cases) assert.match(remedy, pattern)
})

test('doctor: a node may be missing, no device, or closed to this user', () => {
  const node = nodeOf('spi', 0o660, 'EACCES')
  const root: Node = { ...node, facts: { ...node.facts!, gid: 0 }, group: 'root' }
  const cases: readonly [Node, Partial<typeof USER>, string, RegExp][] = [
    [nodeOf('spi', 0o660), {}, 'ok', /^\/dev\/spidev0\.0\|\|$/],
    [{ ...node, facts: undefined }, {}, 'wrong', /is not there\|.*\|appear$/],
    [node, {}, 'wrong', /opened by iose \(group spi, mode 660\)\|.*\|sudo usermod -aG spi iose$/],
    [node, { enteredIn: new Set(['spi']) }, 'wrong', /session began before that\|newgrp spi$/],
    [
      node,
      { groups: new Set(['spi']) },
      'wrong',
      /container.*\|getfacl \/dev\/spidev0\.0; systemctl cat iosed$/,
    ],
    [
      root,
      {},
      'wrong',
      /no group has access.*\|sudo groupadd -f spi && echo 'SUBSYSTEM=="spidev", GROUP="spi", MODE="0660"'/,
    ],
    [nodeOf('spi', 0o600, 'EACCES'), {}, 'wrong', /udevadm trigger$/],
  ]
  for (const [node, user, outcome, pattern] of cases) {
    const finding = deviceFinding(SPI, node, { user: { ...USER, ...user }, machine: PI })
    assert.equal(finding.outcome, outcome, finding.found)
    assert.match(`${finding.found}|${finding.meaning ?? ''}|${finding.remedy ?? ''}`, pattern)
  }
})

test('doctor: a regular file in the place of a node is told, and a real node is not opened', () => {
  const directory = mkdtempSync(join(tmpdir(), 'iose-doctor-'))
  after(() => rmSync(directory, { recursive: true }))
  const path = join(directory, 'spidev0.0')
  writeFileSync(path, '')
  const situation = { user: USER, machine: PI }
  const file = deviceFinding({ ...SPI, path }, readNode(path), situation)
  assert.deepEqual([file.outcome, file.found], ['wrong', `${path} is no device, but a file`])
  const absent = deviceFinding({ ...SPI, path }, readNode(`${path}.none`), situation)
  assert.equal(absent.found, `${path} is not there`)
  assert.equal(deviceFinding({ ...SPI, path: '/dev/null' }, readNode('/dev/null'), situation).outcome, 'ok')
})

test('doctor: GPIO chips by the name of their node, or any that may be the one', () => {
  const situation = { user: USER, machine: PI }
  const outcomes = (wanted: (string | undefined)[], there: Record<string, Node>): string[] =>
    chipFindings(new Set(wanted), new Map(Object.entries(there)), situation).map(
      ({ outcome, found }) => `${outcome} ${found.split(' ')[0] ?? ''}`,
    )
  const [open, closed] = [nodeOf('gpio', 0o660), nodeOf('gpio', 0o660, 'EACCES')]
  assert.deepEqual(outcomes(['gpiochip4'], { gpiochip0: open }), ['wrong /dev/gpiochip4'])
  assert.deepEqual(outcomes(['gpiochip0'], { gpiochip0: open, gpiochip1: closed }), ['ok /dev/gpiochip0'])
  assert.deepEqual(outcomes([undefined, 'gpiochip1'], { gpiochip0: open, gpiochip1: open }), [
    'ok /dev/gpiochip1',
    'ok /dev/gpiochip0',
  ])
  assert.deepEqual(outcomes([undefined], {}), ['wrong /dev/gpiochip0'])
  assert.deepEqual(outcomes([undefined], { gpiochip0: closed, gpiochip1: closed }), ['wrong /dev/gpiochip0'])
  assert.deepEqual(outcomes(['pinctrl-rp1'], { gpiochip0: open, gpiochip1: closed }), [
    'ok /dev/gpiochip0',
    'warning /dev/gpiochip1',
  ])
})

test('doctor: the chips of all lines are looked for: resets, decoders, LEDs and buttons', () => {
  const toml = `
[[slots]]
driver = "i2c"
address = 0x48
framing = "nxp"
reset = { line = 1, chip = "a" }
ready = { line = 2, chip = "b" }
select = { decoder = [13, 6], enable = 19, output = 1, chip = "c" }
led = { line = 3, chip = "d" }
button = { line = 4 }
[[slots]]
driver = "i2c"
address = 0x49
framing = "nxp"
select = { mux = 0x70, channel = 1, reset = { line = 5, chip = "e" } }
`
  assert.deepEqual(chipsOf(parseConfig(toml, 'test').slots), new Set(['a', 'b', 'c', 'd', 'e', undefined]))
})

test('doctor: GPIO by sysfs needs its file, and the right to write it', () => {
  const missing = sysfsFinding({ facts: undefined, obstacle: 'ENOENT', group: '' }, USER)
  assert.match(missing.remedy ?? '', /gpio = "cdev"/)
  assert.equal(sysfsFinding(nodeOf('gpio', 0o220), USER).outcome, 'ok')
  assert.match(sysfsFinding(nodeOf('gpio', 0o220, 'EACCES'), USER).remedy ?? '', /usermod -aG gpio iose$/)
})

function nodeOf(group: string, mode: number, obstacle?: string): Node {
  return { facts: { kind: 'character device', uid: 0, gid: 997, mode }, obstacle, group }
}
