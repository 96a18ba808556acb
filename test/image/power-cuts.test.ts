// The power goes while something is written: the box starts, and nothing that was acknowledged is lost. QEMU is killed, so
// what the board had given to its disk is there, in the order in which it gave it; what a real card loses besides is not
// tested here. As often as IOSE_POWER_CUTS says at each place; the moments are those of a seed.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type BootState, confirmedState } from '../../src/update/boot-state.ts'
import { cannotBootImage, Disk, ON_TRIAL } from '../support/image/disk.ts'
import { powerOnInside } from '../support/image/inside.ts'
import { type Board, powerOn } from '../support/image/machine.ts'
import { elementSession, UP } from '../support/image/planes.ts'
import { attached, UPDATE_DEVICE, Workshop } from '../support/image/updates.ts'
import { iose } from '../support/iose.ts'
import { Random } from '../support/random.ts'

const skip = cannotBootImage()
const CUTS = Number(process.env['IOSE_POWER_CUTS'] ?? 3)
const SEED = Number(process.env['IOSE_SEED'] ?? Date.now() % 1_000_000)

test('power cuts: while a configuration is taken, the box starts with it or with the one before, whole', {
  skip,
}, async (t) => {
  const random = seeded(t)
  using disk = new Disk()
  disk.putOnCard('gateway.toml', named(0))
  let spanMs = 0
  {
    await using board = await powerOn(disk)
    await board.waitFor(IDENTITY)
    const { seconds } = board
    await board.waitFor(UP)
    spanMs = 1000 * (board.seconds - seconds)
  }
  for (let cut = 1; cut <= CUTS; cut++) {
    disk.putOnCard('gateway.toml', named(cut))
    {
      await using board = await powerOn(disk)
      await board.waitFor(IDENTITY)
      const { seconds } = board
      await delay(random.int(Math.ceil(spanMs)))
      t.diagnostic(`cut ${cut}: ${(board.seconds - seconds).toFixed(1)} s after the initramfs`)
    }
    disk.checkedState()
    await using board = await powerOn(disk)
    await board.waitFor(UP)
    await elementSession(board, `box${cut}.example`)
    assert.match(disk.onCard('report.txt'), /was taken, and the gateway has become ready with it/)
  }
})

test('power cuts: of what administrators were told that it was done, the audit log has every record', {
  skip,
}, async (t) => {
  const random = seeded(t)
  const folder = mkdtempSync(join(tmpdir(), 'operator-'))
  t.after(() => rmSync(folder, { recursive: true }))
  using disk = new Disk()
  let acknowledged = 0
  for (let cut = 1; cut <= CUTS; cut++) {
    {
      await using board = await powerOn(disk)
      await board.waitFor(UP)
      for (const name of ['ca.pem', 'operator.pem', 'operator.key']) {
        writeFileSync(join(folder, name), disk.onCard(`operator/${name}`), { mode: 0o600 })
      }
      const end = performance.now() + 2_000 + random.int(8_000)
      const working = resets(board, folder, () => performance.now() < end)
      await delay(end - performance.now())
      await board.powerOff()
      acknowledged += await working
    }
    const state = disk.checkedState()
    const { exitCode, stdout, stderr } = await iose(['audit', 'verify', '--state-dir', state])
    // A record that the cut has torn is what the next start cuts off, and says so.
    assert.ok(exitCode === 0 || /torn|cut/.test(stdout + stderr), stdout + stderr)
    const shown = await iose(['audit', 'show', '--event', 'command.started', '--state-dir', state])
    const recorded = shown.stdout.match(/ command=RESET /g)?.length ?? 0
    t.diagnostic(`cut ${cut}: ${acknowledged} acknowledged, ${recorded} recorded`)
    assert.ok(recorded >= acknowledged && acknowledged > 0)
  }
  await using board = await powerOn(disk)
  await board.waitFor(UP)
  await elementSession(board, 'key1.com')
  await board.powerOff()
  const { exitCode, stdout, stderr } = await iose(['audit', 'verify', '--state-dir', disk.checkedState()])
  assert.equal(exitCode, 0, stdout + stderr)
})

test('power cuts: during an update the old system starts, or a new one that is whole, and the update can be done again', {
  skip,
}, async (t) => {
  const random = seeded(t)
  using workshop = new Workshop()
  using disk = new Disk()
  disk.putOnCard('update-keys/owner.pem', workshop.publicKey)
  const system = workshop.system({ 'usr/lib/iose-appliance/version': '9.0.1\n' })
  const file = await workshop.update(system, { version: '9.0.1' })
  const order = `head -c ${statSync(file).size} ${UPDATE_DEVICE} | iose update -`
  for (let cut = 0; cut <= CUTS; cut++) {
    if (disk.bootState()?.slot === 'B') {
      // The cut was late: the update was whole already, and starts.
      await using board = await powerOn(disk)
      assert.equal((await board.waitFor(UP))[1], 'B', `after ${cut} cuts`)
      await board.powerOff()
      disk.setBootState(BEFORE)
    }
    await using inside = await powerOnInside(disk, { devices: attached(file) })
    const [, slot] = await inside.board.waitFor(UP)
    assert.equal(slot, 'A', `after ${cut} cuts`)
    if (cut === CUTS) {
      await inside.success(order, 400)
      break
    }
    const [phase, tenth] = [random.pick(['written', 'compared']), 10 * random.int(10)]
    await inside.success(`{ ${order}; } >/run/update.log 2>&1 &`)
    await inside.success(`until grep -q '^${phase}.* ${tenth} %' /run/update.log; do sleep 0.1; done`, 400)
    await delay(random.int(500))
    await inside.board.powerOff()
    t.diagnostic(`cut ${cut + 1}: ${phase} ${tenth} %, then slot ${disk.bootState()?.slot}`)
    disk.checkedState()
    assert.ok(disk.bootState()?.slot === 'A' || phase === 'compared')
  }
  await using board = await powerOn(disk)
  await board.waitFor(/iose: slot B, confirmed 0, tries left 2/)
  const [, slot] = await board.waitFor(UP)
  assert.equal(slot, 'B')
})

function seeded(t: TestContext): Random {
  t.diagnostic(`seed ${SEED}: IOSE_SEED=${SEED} makes the same again`)
  return new Random(SEED)
}

/** A configuration whose element tells it from others. */
function named(number: number): string {
  return `[[slots]]\ndriver = "simulator"\nsen = "box${number}.example"\n`
}

/** Resets an element again and again, in sessions of an administrator. @returns how often the gateway said that it was done */
async function resets(board: Board, folder: string, isOn: () => boolean): Promise<number> {
  const where = [
    '--gateway',
    `127.0.0.1:${board.ports.racsPort}`,
    '--servername',
    'localhost',
    '--timeout',
    '5',
  ]
  const order = ['racs', 'reset', 'sim1', ...where, '--cert', join(folder, 'operator.pem')]
  let done = 0
  while (isOn()) if ((await iose(order)).exitCode === 0) done++
  return done
}

const BEFORE: BootState = { ...ON_TRIAL, ...confirmedState('A') }
const IDENTITY = /iose: this machine (knows its|has no) identity/
