// The image on the Raspberry Pi 3 of QEMU: its processor, SD card, USB and serial lines, with the device tree of the card.
// The firmware of the graphics processor and what it reads, config.txt, are not there.

import assert from 'node:assert/strict'
import test from 'node:test'
import { Disk } from '../support/image/disk.ts'
import { planesReady, UP } from '../support/image/planes.ts'
import { cannotBootRaspi, powerOnRaspi } from '../support/image/raspi.ts'

const skip = cannotBootRaspi()

test('raspi3b: the kernel of slot A boots from the SD card, read-only, to both planes', {
  skip,
}, async (t) => {
  using disk = new Disk()
  await using board = await powerOnRaspi(disk, { by: 'kernel' })
  const [, slot, , service, root] = await board.waitFor(UP, LIMIT_SECONDS)
  assert.deepEqual([slot, service], ['A', 'active'])
  assert.match(root ?? '', /^squashfs ro,/)
  t.diagnostic(await planesReady(board))
  assert.deepEqual(board.serial.match(/.*(FAILED|TIME|DEPEND|Kernel panic).*/g) ?? [], [])
})

/** It is emulated, and waits for controllers that QEMU does not have: a minute and a half on an idle machine. */
const LIMIT_SECONDS = 540
