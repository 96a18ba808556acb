// A card that is another one than before, and nobody says so: the gateway sees it by looking.

import assert from 'node:assert/strict'
import test from 'node:test'
import { Gateway } from '../support/gateway.ts'
import { askOnce } from '../support/peers.ts'
import { Chip } from './chip.ts'
import { type Device, Rig } from './rig.ts'

const skip = Rig.isMissing('i2c-bus')

/** A socket that the test puts chips into. */
class Seat implements Device {
  chip: Chip | undefined

  write(bytes: Uint8Array): boolean {
    return this.chip?.write(bytes) ?? false
  }

  read(length: number): Uint8Array | undefined {
    return this.chip?.read(length)
  }

  reset(): void {
    this.chip?.reset()
  }
}

test('hot swap: a chip of another name in the same place is noticed, and routed by its name', {
  skip,
}, async () => {
  const [seat, neighbour] = [new Seat(), new Chip('well.com')]
  seat.chip = new Chip('old.com')
  await using stand = await standOf(seat, neighbour)
  const { gateway } = stand
  assert.equal(await askOnce(gateway.port, 'old.com'), 'hello')
  await gateway.logged('session.closed')
  seat.chip = new Chip('new.com')
  await gateway.logged('slot.replaced', { seid: 'i2c-1-48', cause: 'another card is there' })
  await gateway.logged('slot.ready', { seid: 'i2c-1-48', sen: 'new.com' })
  assert.equal(await askOnce(gateway.port, 'new.com'), 'hello')
  await assert.rejects(askOnce(gateway.port, 'old.com'), /unrecognized name/)
  assert.equal(await askOnce(gateway.port, 'well.com'), 'hello')
})

test('hot swap: a chip that is taken out while nobody uses it is missed, and found again', {
  skip,
}, async () => {
  const [seat, neighbour] = [new Seat(), new Chip('well.com')]
  const chip = new Chip('here.com')
  seat.chip = chip
  await using stand = await standOf(seat, neighbour)
  const { gateway } = stand
  seat.chip = undefined
  await gateway.logged('slot.muted', { seid: 'i2c-1-48' })
  assert.equal(await askOnce(gateway.port, 'well.com'), 'hello')
  seat.chip = chip
  await gateway.loggedTimes(2, 'slot.ready', { seid: 'i2c-1-48' })
  assert.equal(await askOnce(gateway.port, 'here.com'), 'hello')
})

async function standOf(seat: Seat, neighbour: Chip) {
  const rig = await Rig.start({
    timing: 'none',
    buses: { 1: { clockHz: 400_000, devices: { 0x48: seat, 0x49: neighbour } } },
  })
  const slot = (address: number): string =>
    `[[slots]]\ndriver = "i2c"\naddress = ${address}\nframing = "nxp"\n`
  const gateway = await Gateway.start(`health.poll_ms = 100\n${slot(0x48)}${slot(0x49)}`, rig.env)
  await gateway.loggedTimes(2, 'slot.ready')
  return {
    gateway,
    [Symbol.asyncDispose]: async () => {
      await gateway[Symbol.asyncDispose]()
      await rig[Symbol.asyncDispose]()
    },
  }
}
