// The image starts, and starts again.

import assert from 'node:assert/strict'
import test from 'node:test'
import { TRIES } from '../../src/update/boot-state.ts'
import { CARD_BYTES, cannotBootImage, Disk } from '../support/image/disk.ts'
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
