// Updates of a booted image: good ones, and all others; and the way back.

import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import test from 'node:test'
import { TRIES } from '../../src/update/boot-state.ts'
import { CHUNK_BYTES } from '../../src/update/header.ts'
import { cannotBootImage, Disk } from '../support/image/disk.ts'
import { powerOnInside } from '../support/image/inside.ts'
import { powerOn } from '../support/image/machine.ts'
import { planesReady, UP } from '../support/image/planes.ts'
import {
  attached,
  secondsSince,
  UPDATE_DEVICE,
  updateStatus,
  VIRTUAL_BOARD,
  Workshop,
} from '../support/image/updates.ts'

const skip = cannotBootImage()

test('update: what is not whole, not signed, not for this board or not new is refused; a good one is installed, started and confirmed', {
  skip,
}, async (t) => {
  using workshop = new Workshop()
  using disk = new Disk()
  disk.putOnCard('update-keys/owner.pem', workshop.publicKey)
  const system = workshop.system({ 'usr/lib/iose-appliance/version': '9.0.1\n' })
  const good = await workshop.update(system, { version: '9.0.1' })
  await using inside = await powerOnInside(disk, { devices: attached(good) })
  await inside.board.waitFor(UP)
  const before = await updateStatus(inside)
  assert.deepEqual(before.running, { slot: 'A', version: before.running.version, confirmed: true })

  const { privateKey: stranger } = generateKeyPairSync('ed25519')
  const others = {
    unsigned: await workshop.update(system, { version: '9.0.1', key: stranger }),
    downgraded: await workshop.update(system, { version: '0.0.1' }),
    'for another board': await workshop.update(system, { version: '9.0.1', board: 'raspberrypi,4-model-b' }),
  }
  for (const [what, file] of Object.entries(others)) {
    await inside.write(`/run/${what}`, readFileSync(file).subarray(0, HEAD_BYTES))
  }
  await inside.success(`head -c ${2 * CHUNK_BYTES} ${UPDATE_DEVICE} >/run/truncated; cp /run/truncated /run/damaged
    printf x | dd of=/run/damaged bs=1 seek=${CHUNK_BYTES} conv=notrunc status=none`)
  for (const [what, words] of [
    ['truncated', /it ends after \d+ bytes/],
    ['damaged', /chunk 1 of \d+ is not what was signed/],
    ['unsigned', /signed with key \w+; this machine has \w+/],
    ['downgraded', /it is version 0\.0\.1, and \S+ is newer/],
    ['for another board', new RegExp(`for boards raspberrypi,4-model-b, and this one is ${VIRTUAL_BOARD}`)],
  ] as const) {
    const { status: code, stderr } = await inside.run(`iose update '/run/${what}'`, 120)
    assert.equal(code, 1, what)
    assert.match(stderr, words)
    assert.equal(disk.bootState()?.slot, 'A', what)
  }

  const begun = performance.now()
  const size = statSync(good).size
  const said = await inside.success(`head -c ${size} ${UPDATE_DEVICE} | iose update -`, 300)
  t.diagnostic(`update of ${Math.ceil(size / 1048576)} MiB: ${secondsSince(begun)} s`)
  assert.match(said, /Version 9\.0\.1 is in slot B, which has 3 tries/)
  assert.deepEqual((await updateStatus(inside)).next_start, { slot: 'B', tries_left: 3 })
  const restarted = performance.now()
  await inside.restart()
  await inside.board.waitFor(/iose: slot B, confirmed 0, tries left 2/)
  const [, slot, version] = await inside.board.waitFor(new RegExp(UP.source.replace('([AB])', '(B)')))
  assert.deepEqual([slot, version], ['B', '9.0.1'])
  t.diagnostic(`from the order to restart to the new system: ${secondsSince(restarted)} s`)
  await inside.success('until iose update status | grep -q "running .*confirmed$"; do sleep 1; done', 240)
  t.diagnostic(`confirmed after ${secondsSince(restarted)} s: ${await planesReady(inside.board)}`)
  assert.match((await updateStatus(inside)).last.outcome, /^confirmed$/)
  await inside.board.powerOff()
  assert.deepEqual([disk.bootState()?.slot, disk.bootState()?.isConfirmed], ['B', true])

  // Broken, it gives way to the one before.
  disk.damageKernel('B')
  await using board = await powerOn(disk)
  await board.waitFor(/iose: the kernel of slot B is damaged/)
  await board.waitFor(new RegExp(`iose: slot A, confirmed 1, tries left ${TRIES.confirmed - 1}\\b`))
})

/** More than any header here has. */
const HEAD_BYTES = 8_192
