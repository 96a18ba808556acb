// A slot B that is no system, or that nobody confirms: slot A starts.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import test from 'node:test'
import { GIVEN_UP } from '../../src/update/boot-state.ts'
import { cannotBootImage, Disk, KERNEL_AREA_OFFSET, ON_TRIAL, SLOT_OFFSETS } from '../support/image/disk.ts'
import { powerOn } from '../support/image/machine.ts'
import { UP } from '../support/image/planes.ts'

const skip = cannotBootImage()

test('image: tries of a slot that nobody confirms count down, then slot A starts', { skip }, async () => {
  using disk = new Disk()
  disk.fillSlotB()
  disk.setBootState({ ...ON_TRIAL, tries: 2 })
  for (const left of [1, 0]) {
    await using board = await powerOn(disk)
    await board.waitFor(new RegExp(`iose: slot B, confirmed 0, tries left ${left}`))
    await board.powerOff()
    assert.equal(disk.bootState()?.tries, left)
  }
  await using board = await powerOn(disk)
  await board.waitFor(/iose: slot B used up its tries and was never confirmed/)
  const [, slot] = await board.waitFor(UP)
  assert.equal(slot, 'A')
  await board.powerOff()
  assert.deepEqual(disk.bootState(), {
    ...{ sequence: 10, slot: 'A', tries: 0, isConfirmed: true },
    ...{ reason: GIVEN_UP.triesUsedUp, givenUp: 'B' },
  })
})

test('image: from a slot of random bytes, slot A starts at once', { skip }, async () => {
  using disk = new Disk()
  for (const offset of [0, KERNEL_AREA_OFFSET]) disk.write(SLOT_OFFSETS.B + offset, randomBytes(8 << 20))
  disk.setBootState(ON_TRIAL)
  await using board = await powerOn(disk)
  await board.waitFor(/iose: the kernel of slot B is damaged/)
  await board.waitFor(/iose: slot A, confirmed 1/)
})

test('image: from a slot whose root is random bytes, the kernel resets until slot A starts', {
  skip,
}, async (t) => {
  using disk = new Disk()
  disk.fillSlotB()
  disk.write(SLOT_OFFSETS.B, randomBytes(8 << 20))
  disk.setBootState({ ...ON_TRIAL, tries: 2 })
  await using board = await powerOn(disk)
  const [, slot] = await board.waitFor(UP, 480)
  assert.equal(slot, 'A')
  assert.equal(board.serial.match(/Kernel panic/g)?.length, 2)
  t.diagnostic(`two tries and the fallback: ${board.seconds.toFixed(1)} s from power on`)
})

test('image: with both copies of the boot state damaged slot A is tried, and they are written anew', {
  skip,
}, async () => {
  using disk = new Disk()
  for (const offset of [1024 * 512, 1032 * 512]) disk.write(offset, randomBytes(512))
  await using board = await powerOn(disk)
  await board.waitFor(/iose: both copies of the boot state are damaged/)
  await board.waitFor(/iose: slot A, confirmed 0, tries left 2/)
  await board.powerOff()
  assert.deepEqual(disk.bootState(), { ...ON_TRIAL, sequence: 1, slot: 'A', tries: 2 })
})
