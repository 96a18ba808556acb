// The whole gateway with elements on an SPI controller: the real addon, emulated device nodes, real clients.

import assert from 'node:assert/strict'
import test from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { Card } from '../../src/simulator/card.ts'
import type { Faults } from '../../src/simulator/faults.ts'
import { LATENCY_PROFILES } from '../../src/simulator/latency.ts'
import { type WireCardOptions, wireCardOf } from '../../src/simulator/wire-card.ts'
import { Gateway } from '../support/gateway.ts'
import { askOnce, askUntilServed, NodePeer } from '../support/peers.ts'
import { RacsPeer } from '../support/racs-plane.ts'
import { Rig } from './rig.ts'
import { type Ailment, SpiChip } from './spi-chip.ts'

const skip = Rig.isMissing('spi-device')
const SELECT = '00A4040006010203040500'

type FramingName = 'gp' | 'nxp'

/** A key store named `sen` behind a chip select. */
function chip(framing: FramingName, sen: string, habits: Partial<WireCardOptions> = {}): SpiChip {
  const card = new Card({ applet: 'keystore', protocol: 't1', sen })
  const common = { framing, medium: 'spi', busy: 'zero-bytes', latency: LATENCY_PROFILES.none } as const
  return new SpiChip(wireCardOf({ ...common, card, clock: systemClock, ...habits }), framing === 'gp' ? 2 : 1)
}

function slotAt(chipSelect: number, framing: FramingName, more = ''): string {
  return `[[slots]]\ndriver = "spi"\nchip_select = ${chipSelect}\nframing = "${framing}"\n${more}\n`
}

for (const [framing, lead, idleByte, sealBytes] of [
  ['gp', 0, 0x00, 16],
  ['gp', 1, 0xff, 64],
  ['gp', 3, 0x00, 64],
  ['gp', 3, 0xff, 16],
  ['nxp', 0, 0x00, undefined],
  ['nxp', 1, 0xff, undefined],
  ['nxp', 3, 0x00, undefined],
] as const) {
  const habits = `${lead} bytes ${idleByte} before a block, ${sealBytes ?? 'any number of'} bytes an access`
  test(`spi: TLS-SE and RACS over ${framing}, ${habits}`, { skip }, async () => {
    const device = chip(framing, 'wire.com', { leadBytes: () => lead, idleByte, sealBytes })
    await using rig = await Rig.start({ timing: 'none', spi: { '0.0': { devices: { 0: device } } } })
    await using gateway = await Gateway.start(slotAt(0, framing), rig.env)
    await gateway.logged('slot.ready', { seid: 'spi-0.0', sen: 'wire.com' })
    await using session = await NodePeer.open(gateway.port, 'wire.com')
    assert.equal(await session.ask('?01hello'), 'hello')
    // More than one fragment, both ways.
    const long = 'x'.repeat(400)
    assert.equal(await session.ask(`?01${long}`), long)
    await session[Symbol.asyncDispose]()
    await using racs = await RacsPeer.open(gateway.racsPort, 'operator')
    assert.deepEqual(await racs.ask('LIST'), ['+004 001 spi-0.0'])
    const answer = await racs.ask('POWERON spi-0.0', `APDU spi-0.0 ${SELECT}`, 'RESET spi-0.0 APPEND')
    assert.match(answer.join(), /^\+005 003 spi-0\.0 was reset ATR= 3B/)
  })
}

for (const framing of ['gp', 'nxp'] as const) {
  test(`spi: over ${framing} an element that asks for more time has it`, { skip }, async () => {
    const device = chip(framing, 'slow.com')
    await using rig = await Rig.start({ timing: 'none', spi: { '0.0': { devices: { 0: device } } } })
    await using gateway = await Gateway.start(slotAt(0, framing), rig.env)
    await gateway.logged('slot.ready', { sen: 'slow.com' })
    await using session = await NodePeer.open(gateway.port, 'slow.com')
    device.card.delayAnswer(3)
    assert.equal(await session.ask('?01hello'), 'hello')
    const granted = rig.log.transfers.filter(({ bytes }) => bytes[1] === S_WTX_RESPONSE)
    assert.ok(granted.length >= 3, `${granted.length} extensions`)
  })

  test(`spi: over ${framing} wrong bits in both directions are repaired`, { skip }, async () => {
    const { answers, faults } = await underFaults(framing, { kinds: ['flip'], rate: 0.03 })
    const served = answers.filter((answer) => answer === 'hello').length
    // Three wrong blocks in a row are one too many (rule 7.4.2).
    assert.ok(served >= answers.length - 2, answers.join())
    assert.deepEqual([...new Set(faults.map(({ on }) => on))].sort(), ['read', 'write'])
  })

  test(`spi: over ${framing} lost, cut, late and repeated bytes cost sessions at most`, {
    skip,
  }, async () => {
    const { answers, faults } = await underFaults(framing, { rate: 0.03, silenceMs: 10 })
    const served = answers.filter((answer) => answer === 'hello').length
    assert.ok(served >= answers.length / 2, answers.join())
    assert.deepEqual(
      answers.filter((answer) => answer !== 'hello' && answer !== 'refused'),
      [],
    )
    assert.ok(new Set(faults.map(({ kind }) => kind)).size >= 5)
  })
}

test('spi: elements on two chip selects of one controller serve side by side', { skip }, async () => {
  const [left, right] = [chip('gp', 'left.com', { sealBytes: 16 }), chip('nxp', 'right.com')]
  await using rig = await Rig.start({
    timing: 'real',
    spi: { '0.0': { devices: { 0: left } }, '0.1': { devices: { 0: right } } },
  })
  await using gateway = await Gateway.start(slotAt(0, 'gp') + slotAt(1, 'nxp'), rig.env)
  await gateway.logged('slot.ready', { seid: 'spi-0.0', sen: 'left.com' })
  await gateway.logged('slot.ready', { seid: 'spi-0.1', sen: 'right.com' })
  rig.log.clear()
  const names = ['left.com', 'right.com', 'left.com', 'right.com']
  const answers = await Promise.all(names.map((sen) => askOnce(gateway.port, sen)))
  assert.deepEqual(answers, ['hello', 'hello', 'hello', 'hello'])
  const changes = rig.log.transfers.filter(({ bus }, n, all) => n > 0 && bus !== all[n - 1]?.bus)
  assert.ok(changes.length > 20, `the wires changed over ${changes.length} times`)
})

test('spi: every access has its length, its clock and the pause that the element wants', {
  skip,
}, async () => {
  const parameters = { gapUs: 700, maxClockKhz: 800 }
  const device = chip('gp', 'wire.com', { sealBytes: 24, parameters })
  await using rig = await Rig.start({ timing: 'real', spi: { '0.0': { devices: { 0: device } } } })
  await using gateway = await Gateway.start(slotAt(0, 'gp', 'clock_hz = 4_000_000'), rig.env)
  await gateway.logged('slot.ready', { sen: 'wire.com' })
  // Until it has answered to S(CIP), what the standard says.
  assert.ok(device.periods.every(({ length, speedHz }) => length <= 24 && speedHz <= 1_000_000))
  assert.equal(device.periods[0]?.speedHz, 1_000_000)
  assert.ok(leastPauseUs(device) >= 200, `${leastPauseUs(device)} us`)
  await using session = await NodePeer.open(gateway.port, 'wire.com')
  device.periods.length = 0
  const long = 'x'.repeat(400)
  assert.equal(await session.ask(`?01${long}`), long)
  assert.deepEqual([...new Set(device.periods.map(({ speedHz }) => speedHz))], [800_000])
  assert.equal(Math.max(...device.periods.map(({ length }) => length)), 24)
  assert.ok(device.periods.length > 400 / 24, `${device.periods.length} accesses`)
  assert.ok(leastPauseUs(device) >= 700, `${leastPauseUs(device)} us`)
})

test('spi: a select without an element, and one without a node, cost their slots only', {
  skip,
}, async () => {
  await using rig = await Rig.start({
    timing: 'none',
    spi: { '0.0': { devices: { 0: chip('gp', 'here.com') } }, '0.1': { devices: {} } },
  })
  const slots = slotAt(0, 'gp') + slotAt(1, 'gp') + slotAt(2, 'nxp', 'bus = 7')
  await using gateway = await Gateway.start(slots, rig.env)
  await gateway.logged('slot.muted', { seid: 'spi-7.2', cause: /cannot open \/dev\/spidev7\.2/ })
  assert.equal(await askOnce(gateway.port, 'here.com'), 'hello')
  await gateway.logged('slot.muted', { seid: 'spi-0.1' })
})

for (const ailment of ['dead', 'garbage', 'truncated'] satisfies Ailment[]) {
  test(`spi: a ${ailment} element fails its sessions by its plane, and it is served again when that is over`, {
    skip,
  }, async () => {
    const [left, right] = [chip('gp', 'left.com', { bwtMs: 30 }), chip('nxp', 'right.com', { bwtMs: 30 })]
    const chips = { 'spi-0.0': left, 'spi-0.1': right }
    await using rig = await Rig.start({
      timing: 'none',
      spi: { '0.0': { devices: { 0: left } }, '0.1': { devices: { 0: right } } },
    })
    await using gateway = await Gateway.start(slotAt(0, 'gp') + slotAt(1, 'nxp'), rig.env)
    await gateway.loggedTimes(2, 'slot.ready')
    await Promise.all(
      Object.entries(chips).map(async ([seid, device]) => {
        const sen = device === left ? 'left.com' : 'right.com'
        const racs = await RacsPeer.open(gateway.racsPort, 'operator')
        assert.deepEqual(await racs.ask(`POWERON ${seid}`), [`+008 001 ${seid} is on`])
        device.ailment = ailment
        const [answer = ''] = await racs.ask(`APDU ${seid} ${SELECT}`)
        assert.match(answer, /^-806 .*no way to the element: /)
        await racs[Symbol.asyncDispose]()
        await gateway.logged('slot.muted', { seid, code: /^(t1|link)\./ })
        await assert.rejects(askOnce(gateway.port, sen), /internal error/)
        device.ailment = 'none'
        await askUntilServed(gateway.port, sen)
      }),
    )
  })
}

/** What twelve sessions in a row say, `refused` for one that fails. */
async function underFaults(framing: FramingName, faults: Omit<Faults, 'seed'>) {
  const device = chip(framing, 'shaky.com', { bwtMs: 50, sealBytes: 512, faults: { seed: 11, ...faults } })
  await using rig = await Rig.start({ timing: 'none', spi: { '0.0': { devices: { 0: device } } } })
  await using gateway = await Gateway.start(slotAt(0, framing, 'sen = "shaky.com"'), rig.env)
  const answers: string[] = []
  for (let n = 0; n < 12; n++) {
    answers.push(await askOnce(gateway.port, 'shaky.com').catch(() => 'refused'))
  }
  return { answers, faults: device.card.faultLog }
}

/** From one access to the next, the shortest. */
function leastPauseUs({ periods }: SpiChip): number {
  const pauses = periods.slice(1).map(({ startsAtNs }, n) => startsAtNs - (periods[n]?.endsAtNs ?? 0))
  return Math.min(...pauses) / 1000
}

const S_WTX_RESPONSE = 0xe3
