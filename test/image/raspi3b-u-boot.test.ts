// U-Boot of the card and its boot script on the Raspberry Pi 3 of QEMU: the SD card as this board reads and writes it.
// A file of its own: on a busy machine each of these boots takes minutes.

import assert from 'node:assert/strict'
import test from 'node:test'
import { GIVEN_UP } from '../../src/update/boot-state.ts'
import { Disk, ON_TRIAL } from '../support/image/disk.ts'
import { cannotBootRaspi, powerOnRaspi } from '../support/image/raspi.ts'

const skip = cannotBootRaspi()

test('raspi3b: the boot script in the U-Boot of the card gives up an empty slot B, and starts slot A', {
  skip,
}, async (t) => {
  using disk = new Disk()
  disk.setBootState(ON_TRIAL)
  await using board = await powerOnRaspi(disk, { by: 'u-boot' })
  await board.waitFor(/iose: the kernel of slot B is damaged/, LIMIT_SECONDS)
  await board.waitFor(/iose: slot A, confirmed 1/, LIMIT_SECONDS)
  t.diagnostic(`the kernel starts ${board.seconds.toFixed(1)} s after power on`)
  // Process 1 of the initramfs has found the partition that the script named.
  await board.waitFor(/iose: this machine has no identity yet/, LIMIT_SECONDS)
  t.diagnostic(`the root is mounted ${board.seconds.toFixed(1)} s after power on`)
  await board.powerOff()
  assert.deepEqual(disk.bootState(), {
    ...{ sequence: 9, slot: 'A', tries: 7, isConfirmed: true },
    ...{ reason: GIVEN_UP.kernelDamaged, givenUp: 'B' },
  })
})

/** U-Boot reads 15 MiB from the card twice, and its CRC-32 is reckoned in an emulated processor. */
const LIMIT_SECONDS = 540
