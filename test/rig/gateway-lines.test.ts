// The whole gateway with GPIO lines beside the bus: which element they reset, choose, and hear.

import assert from 'node:assert/strict'
import test from 'node:test'
import { Gateway } from '../support/gateway.ts'
import { askOnce } from '../support/peers.ts'
import { RacsPeer } from '../support/racs-plane.ts'
import { until } from '../support/until.ts'
import { Chip } from './chip.ts'
import { type Device, type GpioLine, Rig, type RigOptions } from './rig.ts'

const skip = Rig.isMissing('i2c-bus')

type Buses = NonNullable<RigOptions['buses']>

function rigOf(devices: Buses[number]['devices'], lines: NonNullable<RigOptions['gpio']>[number]['lines']) {
  const gpio = { 0: { label: 'pinctrl-bcm2711', count: 58, lines } }
  return Rig.start({ timing: 'none', buses: { 1: { clockHz: 400_000, devices } }, gpio })
}

function slotAt(address: number, sen: string, more: string): string {
  return `[[slots]]\ndriver = "i2c"\naddress = ${address}\nframing = "nxp"\nsen = "${sen}"\n${more}\n`
}

for (const gpio of ['cdev', 'onoff'] as const) {
  test(`lines: POWERON of an element pulls its own reset line, by ${gpio}`, { skip }, async () => {
    const [left, right] = [new Chip('left.com'), new Chip('right.com')]
    await using rig = await rigOf(
      { 0x48: left, 0x49: right },
      { 17: { resets: [left] }, 27: { resets: [right] } },
    )
    const toml = `panel.gpio = "${gpio}"\n${slotAt(0x48, 'left.com', 'reset = { line = 17 }')}${slotAt(0x49, 'right.com', 'reset = { line = 27 }')}`
    await using gateway = await Gateway.start(toml, rig.env)
    await gateway.loggedTimes(2, 'slot.ready')
    const before = [left.resets, right.resets] as const
    await using racs = await RacsPeer.open(gateway.racsPort, 'operator')
    await racs.ask('POWERON i2c-1-48', 'RESET i2c-1-48 APPEND')
    assert.ok(left.resets > before[0], 'its own line was not pulled')
    assert.equal(right.resets, before[1])
  })
}

test('lines: a decoder resets one element and no other', { skip }, async () => {
  const chips = [new Chip('zero.com'), new Chip('one.com'), new Chip('two.com')]
  await using rig = await rigOf({ 0x48: chips[0]!, 0x49: chips[1]!, 0x4a: chips[2]! }, {})
  const [a0, a1, enable] = [rig.line(0, 5), rig.line(0, 6), rig.line(0, 26)]
  enable.watch((level) => {
    if (level === 0) chips[a0.level + 2 * a1.level]?.reset()
  })
  const by = (output: number): string => `reset = { decoder = [5, 6], enable = 26, output = ${output} }`
  const names = ['zero.com', 'one.com', 'two.com']
  const toml = names.map((sen, n) => slotAt(0x48 + n, sen, by(n))).join('')
  await using gateway = await Gateway.start(toml, rig.env)
  await gateway.loggedTimes(3, 'slot.ready')
  const before = chips.map(({ resets }) => resets)
  assert.equal(await askOnce(gateway.port, 'one.com'), 'hello')
  await gateway.logged('session.closed')
  await until(() => chips[1]!.resets > (before[1] ?? 0))
  assert.deepEqual([chips[0]!.resets, chips[2]!.resets], [before[0], before[2]])
})

test('lines: a cold reset takes the power away first, a warm one leaves it', { skip }, async () => {
  const chip = new Chip('left.com')
  await using rig = await rigOf({ 0x48: chip }, {})
  const [power, reset] = [rig.line(0, 24), rig.line(0, 17)]
  const seen: string[] = []
  power.watch((level) => seen.push(level === 0 ? 'off' : 'on'))
  reset.watch((level) => {
    seen.push(level === 0 ? 'held' : 'let go')
    if (level === 0) chip.reset()
  })
  const toml = slotAt(0x48, 'left.com', 'reset = { line = 17 }\npower = { line = 24 }')
  await using gateway = await Gateway.start(toml, rig.env)
  await gateway.logged('slot.ready')
  await using racs = await RacsPeer.open(gateway.racsPort, 'operator')
  await racs.ask('POWERON i2c-1-48')
  seen.length = 0
  await racs.ask('RESET i2c-1-48')
  assert.deepEqual(seen, ['off', 'on', 'held', 'let go'])
  seen.length = 0
  await racs.ask('RESET i2c-1-48 WARM')
  assert.deepEqual(seen, ['held', 'let go'])
})

/** Whichever of two chips a decoder has chosen. */
class Chosen implements Device {
  readonly #chips: readonly Chip[]
  readonly #lines: { readonly address: () => GpioLine; readonly enable: () => GpioLine }

  constructor(chips: readonly Chip[], lines: { address: () => GpioLine; enable: () => GpioLine }) {
    this.#chips = chips
    this.#lines = lines
  }

  write(bytes: Uint8Array): boolean {
    return this.#now?.write(bytes) ?? false
  }

  read(length: number): Uint8Array | undefined {
    return this.#now?.read(length)
  }

  get #now(): Chip | undefined {
    return this.#lines.enable().level === 0 ? this.#chips[this.#lines.address().level] : undefined
  }
}

test('lines: a decoder chooses between elements with one address', { skip }, async () => {
  const chips = [new Chip('zero.com'), new Chip('one.com')]
  const chosen = new Chosen(chips, { address: () => rig.line(0, 5), enable: () => rig.line(0, 26) })
  await using rig: Rig = await rigOf({ 0x48: chosen }, {})
  const by = (output: number): string => `select = { decoder = [5], enable = 26, output = ${output} }`
  const toml = slotAt(0x48, 'zero.com', by(0)) + slotAt(0x48, 'one.com', by(1))
  await using gateway = await Gateway.start(toml, rig.env)
  await gateway.logged('slot.ready', { seid: 'i2c-1-48-out0' })
  await gateway.logged('slot.ready', { seid: 'i2c-1-48-out1' })
  const answers = await Promise.all(
    ['zero.com', 'one.com', 'zero.com'].map((sen) => askOnce(gateway.port, sen)),
  )
  assert.deepEqual(answers, ['hello', 'hello', 'hello'])
  await until(() => rig.line(0, 26).level === 1)
})

test('lines: an element with a data-ready line is not polled', { skip }, async () => {
  const chip = new Chip('calls.com')
  await using rig = await rigOf({ 0x48: chip }, {})
  const line = rig.line(0, 25)
  chip.onAccess = (access) => {
    if (access === 'read') line.drive(0)
    else setTimeout(() => line.drive(1), 20)
  }
  await using gateway = await Gateway.start(slotAt(0x48, 'calls.com', 'ready = { line = 25 }'), rig.env)
  await gateway.logged('slot.ready')
  chip.accesses.length = 0
  assert.equal(await askOnce(gateway.port, 'calls.com'), 'hello')
  const writes = chip.accesses.filter((access) => access === 'write').length
  const reads = chip.accesses.length - writes
  assert.ok(writes >= 5 && reads <= 2 * writes, `${writes} writes, ${reads} reads`)
})

test('lines: one that somebody else has is an error that names who', { skip }, async () => {
  await using rig = await rigOf({ 0x48: new Chip('a.com') }, { 17: { consumer: 'fan' } })
  await assert.rejects(
    Gateway.start(slotAt(0x48, 'a.com', 'reset = { line = 17 }'), rig.env),
    /the slot of i2c-1-48: .*17.*fan/s,
  )
})
