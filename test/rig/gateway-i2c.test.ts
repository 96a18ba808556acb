// The whole gateway with elements on an I2C bus: the real addon, emulated device nodes, real clients.

import assert from 'node:assert/strict'
import test from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { Card } from '../../src/simulator/card.ts'
import { LATENCY_PROFILES } from '../../src/simulator/latency.ts'
import { wireCardOf } from '../../src/simulator/wire-card.ts'
import { Gateway } from '../support/gateway.ts'
import { askByOpenssl, askOnce, isMissing, NodePeer } from '../support/peers.ts'
import { RacsPeer } from '../support/racs-plane.ts'
import { Pca9548a, Rig } from './rig.ts'

const skip = Rig.isMissing('i2c-bus') || isMissing('openssl', 'version')
const SELECT = '00A4040006010203040500'

type FramingName = 'nxp' | 'gp' | 'bridge' | 'iso'

/** A key store named `sen` at the end of a wire. */
function chip(framing: FramingName, sen: string, busy: 'nack' | 'zero-bytes' = 'nack') {
  const card = new Card({ applet: 'keystore', protocol: 't1', sen })
  const medium = 'i2c' as const
  return wireCardOf({ framing, medium, card, clock: systemClock, latency: LATENCY_PROFILES.none, busy })
}

function slotAt(address: number, framing: FramingName, more = ''): string {
  return `[[slots]]\ndriver = "i2c"\naddress = ${address}\nframing = "${framing}"\n${more}\n`
}

for (const [framing, busy] of [
  ['nxp', 'nack'],
  ['nxp', 'zero-bytes'],
  ['gp', 'nack'],
  ['bridge', 'zero-bytes'],
  ['iso', 'nack'],
] as const) {
  test(`i2c: TLS-SE and RACS over ${framing}, busy as ${busy}`, { skip }, async () => {
    const device = chip(framing, 'wire.com', busy)
    await using rig = await Rig.start({
      timing: 'none',
      buses: { 1: { clockHz: 400_000, devices: { 0x48: device } } },
    })
    // The bridge resets its card by a line only, and this card shows a new name one reset late. ISO blocks have no ATR.
    const name = framing === 'bridge' || framing === 'iso' ? 'sen = "wire.com"' : ''
    await using gateway = await Gateway.start(slotAt(0x48, framing, name), rig.env)
    await gateway.logged('slot.ready', { seid: 'i2c-1-48', sen: 'wire.com' })
    await using session = await NodePeer.open(gateway.port, 'wire.com')
    assert.equal(await session.ask('?01hello'), 'hello')
    // More than one fragment, both ways.
    const long = 'x'.repeat(400)
    assert.equal(await session.ask(`?01${long}`), long)
    await session[Symbol.asyncDispose]()
    assert.match(await askByOpenssl(gateway.port, 'wire.com'), /^hello\r$/m)
    await using racs = await RacsPeer.open(gateway.racsPort, 'operator')
    assert.deepEqual(await racs.ask('LIST'), ['+004 001 i2c-1-48'])
    const [answer = ''] = await racs.ask(
      'POWERON i2c-1-48',
      `APDU i2c-1-48 ${SELECT}`,
      'RESET i2c-1-48 APPEND',
    )
    assert.match(answer, /^\+005 003 i2c-1-48 was reset ATR= 3B[0-9A-F]+$/)
  })
}

test('i2c: elements with the same address behind two channels of a multiplexer', { skip }, async () => {
  const [left, right] = [chip('nxp', 'left.com'), chip('nxp', 'right.com')]
  const mux = new Pca9548a([{ 0x48: left }, { 0x48: right }])
  await using rig = await Rig.start({
    timing: 'none',
    buses: { 1: { clockHz: 400_000, devices: { 0x70: mux } } },
  })
  const at = (channel: number): string => slotAt(0x48, 'nxp', `select = { mux = 0x70, channel = ${channel} }`)
  await using gateway = await Gateway.start(at(0) + at(1), rig.env)
  await gateway.logged('slot.ready', { seid: 'i2c-1-48-ch0', sen: 'left.com' })
  await gateway.logged('slot.ready', { seid: 'i2c-1-48-ch1', sen: 'right.com' })
  const answers = await Promise.all(['left.com', 'right.com'].map((sen) => askOnce(gateway.port, sen)))
  assert.deepEqual(answers, ['hello', 'hello'])
})

test('i2c: a bus without an element, and no bus at all, cost their slots only', { skip }, async () => {
  await using rig = await Rig.start({
    timing: 'none',
    buses: { 1: { clockHz: 400_000, devices: { 0x48: chip('nxp', 'here.com') } } },
  })
  const nobody = slotAt(0x49, 'nxp')
  const nowhere = `[[slots]]\ndriver = "i2c"\nbus = 9\naddress = 0x48\nframing = "gp"\n`
  await using gateway = await Gateway.start(slotAt(0x48, 'nxp') + nobody + nowhere, rig.env)
  await gateway.logged('slot.muted', { seid: 'i2c-1-49' })
  await gateway.logged('slot.muted', { seid: 'i2c-9-48', cause: /\/dev\/i2c-9/ })
  assert.equal(await askOnce(gateway.port, 'here.com'), 'hello')
})
