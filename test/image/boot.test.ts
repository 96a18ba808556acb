// The image starts, and starts again; and it starts from the other slot.

import assert from 'node:assert/strict'
import test from 'node:test'
import { GIVEN_UP, TRIES } from '../../src/update/boot-state.ts'
import {
  CARD_BYTES,
  cannotBootImage,
  Disk,
  KERNEL_AREA_OFFSET,
  ON_TRIAL,
  SLOT_OFFSETS,
} from '../support/image/disk.ts'
import { powerOn } from '../support/image/machine.ts'
import { planesReady, UP } from '../support/image/planes.ts'
import { until } from '../support/until.ts'

const skip = cannotBootImage()

test('image: boots slot A read-only to both planes, and a second time from what it kept', {
  skip,
}, async (t) => {
  using disk = new Disk()
  {
    await using board = await powerOn(disk)
    const [, slot, , service, root] = await board.waitFor(UP)
    assert.deepEqual([slot, service], ['A', 'active'])
    assert.match(root ?? '', /^squashfs ro,/)
    t.diagnostic(`first start: ${await planesReady(board)}`)
    assert.ok(board.serial.includes('iose: this machine has no identity yet'))
    assert.deepEqual(board.serial.match(/.*(FAILED|TIME|DEPEND|Kernel panic).*/g) ?? [], [])
  }
  await using board = await powerOn(disk)
  await board.waitFor(UP)
  assert.ok(board.serial.includes('iose: this machine knows its identity'))
  t.diagnostic(`second start, after a power cut: ${await planesReady(board)}`)
  // Each start uses up a try, until the system says that it is up.
  await until(() => disk.bootState()?.tries === TRIES.confirmed, 60_000)
  await board.powerOff()
  // The entry of the data partition in the MBR: it reaches the end of the card.
  const [start, sectors] = [8, 12].map((field) => disk.read(0, 512).readUInt32LE(446 + 3 * 16 + field))
  assert.deepEqual([start, sectors], [2_367_488, CARD_BYTES / 512 - 2_367_488])
})

test('image: from a slot whose kernel is damaged by one byte, slot A starts at once', { skip }, async (t) => {
  using disk = new Disk()
  disk.fillSlotB()
  const place = SLOT_OFFSETS.B + KERNEL_AREA_OFFSET + (5 << 20)
  const sector = disk.read(place, 512)
  sector.writeUInt8(sector.readUInt8(100) ^ 1, 100)
  disk.write(place, sector)
  disk.setBootState(ON_TRIAL)
  await using board = await powerOn(disk)
  await board.waitFor(/iose: the kernel of slot B is damaged/)
  // Its tries, of which this start is one, are those that the gate gives back.
  await board.waitFor(new RegExp(`iose: slot A, confirmed 1, tries left ${TRIES.confirmed - 1}\\b`))
  const [, slot] = await board.waitFor(UP)
  assert.equal(slot, 'A')
  t.diagnostic(`${board.seconds.toFixed(1)} s from power on`)
  await board.powerOff()
  const state = disk.bootState()
  assert.deepEqual([state?.reason, state?.givenUp], [GIVEN_UP.kernelDamaged, 'B'])
})
