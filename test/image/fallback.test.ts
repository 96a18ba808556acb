// A slot B that is no system, that nobody confirms, or that breaks later: slot A starts.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import test from 'node:test'
import { confirmedState, GIVEN_UP, TRIES } from '../../src/update/boot-state.ts'
import { cannotBootImage, Disk, KERNEL_AREA_OFFSET, ON_TRIAL, SLOT_OFFSETS } from '../support/image/disk.ts'
import { powerOnInside } from '../support/image/inside.ts'
import { powerOn } from '../support/image/machine.ts'
import { planesReady, UP } from '../support/image/planes.ts'
import { secondsSince, updateStatus, Workshop } from '../support/image/updates.ts'

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
  await board.waitFor(/iose: slot A, confirmed 1, tries left 7/)
  assert.deepEqual(disk.bootState(), {
    ...{ sequence: 10, slot: 'A', tries: 7, isConfirmed: true },
    ...{ reason: GIVEN_UP.triesUsedUp, givenUp: 'B' },
  })
  const [, slot] = await board.waitFor(UP)
  assert.equal(slot, 'A')
})

test('image: from a slot of random bytes, slot A starts at once', { skip }, async () => {
  using disk = new Disk()
  for (const offset of [0, KERNEL_AREA_OFFSET]) disk.write(SLOT_OFFSETS.B + offset, randomBytes(8 << 20))
  disk.setBootState(ON_TRIAL)
  await using board = await powerOn(disk)
  await board.waitFor(/iose: the kernel of slot B is damaged/)
  await board.waitFor(/iose: slot A, confirmed 1/)
})

test('image: from a slot whose kernel is damaged by one byte, slot A starts at once', { skip }, async (t) => {
  using disk = new Disk()
  disk.fillSlotB()
  disk.damageKernel('B')
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

test('image: a system whose gateway fails is given up by the gate, and says why', { skip }, async (t) => {
  using workshop = new Workshop()
  using disk = new Disk()
  disk.fillSlotB(workshop.system({ 'usr/sbin/iosed': '#!/bin/sh\nexit 1\n' }))
  disk.setBootState({ ...ON_TRIAL, tries: 1 })
  await using inside = await powerOnInside(disk)
  // Three minutes for the mission would only make the test longer.
  const patience = '[Service]\nExecStart=\nExecStart=/usr/bin/iose update confirm --timeout 10\n'
  await inside.write('/run/systemd/system/iose-update-gate.service.d/patience.conf', patience)
  await inside.success('systemctl daemon-reload')
  await inside.board.waitFor(/iose: slot B, confirmed 0, tries left 0/)
  await inside.board.waitFor(/iose: slot B used up its tries and was never confirmed/, 560)
  const given = performance.now()
  const [, slot] = await inside.board.waitFor(new RegExp(UP.source.replace('([AB])', '(A)')))
  assert.equal(slot, 'A')
  t.diagnostic(`fallback: ${secondsSince(given)} s, from power on ${inside.board.seconds.toFixed(1)} s`)
  await planesReady(inside.board)
  await inside.success('until iose update status | grep -q "was given up"; do sleep 1; done', 60)
  const { last } = await updateStatus(inside)
  assert.equal(last.outcome, 'fell-back')
  assert.match(last.reason, /status plane/)
})

test('image: from a confirmed slot whose root is rotten, the kernel resets until slot A starts, which says so', {
  skip,
}, async (t) => {
  using disk = new Disk()
  disk.fillSlotB()
  // The middle of it: the file system is mounted, and not all of it can be read.
  for (let offset = 16 << 20; offset < 80 << 20; offset += 8 << 20) {
    disk.write(SLOT_OFFSETS.B + offset, randomBytes(8 << 20))
  }
  disk.setBootState({ ...ON_TRIAL, ...confirmedState('B'), tries: 2 })
  await using inside = await powerOnInside(disk)
  const { board } = inside
  const [, slot] = await board.waitFor(UP, 480)
  assert.equal(slot, 'A')
  assert.equal(board.serial.match(/Kernel panic - not syncing: squashfs read failed/g)?.length, 2)
  assert.match(board.serial, /iose: slot B used up its tries and did not come up/)
  t.diagnostic(`two tries and the fallback: ${board.seconds.toFixed(1)} s from power on`)
  await inside.success('until iose update status | grep -q "was given up"; do sleep 1; done', 60)
  const { running, last } = await updateStatus(inside)
  assert.deepEqual([running.slot, last.outcome, last.slot], ['A', 'fell-back', 'B'])
  // Up to here a root that cannot be read is a panic.
  await inside.success('until grep -q " / squashfs .*errors=continue" /proc/mounts; do sleep 1; done', 240)
  assert.deepEqual(disk.bootState()?.tries, TRIES.confirmed)
})

test('image: a slot that is alone is started again, however often it did not come up', { skip }, async () => {
  using disk = new Disk()
  disk.setBootState({ ...ON_TRIAL, ...confirmedState('A'), tries: 0 })
  await using board = await powerOn(disk)
  await board.waitFor(/iose: slot A used up its tries and did not come up/)
  await board.waitFor(/iose: slot B has no kernel, trying the same again/)
  await board.waitFor(/iose: slot A, confirmed 1, tries left 7/)
  await board.powerOff()
  assert.deepEqual(disk.bootState(), { ...confirmedState('A'), sequence: 8, tries: 7 })
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
