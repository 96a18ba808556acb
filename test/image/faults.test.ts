// What goes wrong in a box that nobody looks after.

import assert from 'node:assert/strict'
import test from 'node:test'
import { cannotBootImage, Disk } from '../support/image/disk.ts'
import { type Inside, powerOnInside } from '../support/image/inside.ts'
import { elementSession, planesReady, UP } from '../support/image/planes.ts'
import { iose } from '../support/iose.ts'

const skip = cannotBootImage()

test('faults: a gateway that hangs is started anew by the watchdog', { skip }, async (t) => {
  using disk = new Disk()
  await using inside = await powerOnInside(disk)
  await inside.board.waitFor(UP)
  await planesReady(inside.board)
  const before = await pidOf(inside)
  const stopped = performance.now()
  await inside.success(`kill -STOP ${before}`)
  await inside.success(
    `until [ "$(systemctl show --value --property=NRestarts iosed)" = 1 ]; do sleep 1; done
    until systemctl is-active --quiet iosed; do sleep 1; done`,
    180,
  )
  t.diagnostic(`${((performance.now() - stopped) / 1000).toFixed(1)} s until it was ready again`)
  assert.notEqual(await pidOf(inside), before)
  assert.match(await inside.success('journalctl --unit iosed --output cat'), /Watchdog timeout/)
  await planesReady(inside.board)
})

test('faults: with a full data partition the box starts, refuses what it cannot record, and serves again when there is room', {
  skip,
}, async () => {
  using disk = new Disk()
  {
    await using inside = await powerOnInside(disk)
    await inside.board.waitFor(UP)
    await planesReady(inside.board)
    await inside.success(FILL, 240)
    // The last block of the log has room for some records.
    let sessions = 0
    await assert.rejects(async () => {
      while (sessions++ < MAX_RECORDED) await answered(inside)
    }, /openssl|match/)
    assert.ok(sessions < MAX_RECORDED)
    assert.equal(await ready(inside), '503')
    // The power goes with the partition full.
  }
  await using inside = await powerOnInside(disk)
  await inside.board.waitFor(/iose: up, slot A/)
  // systemd and the board are well, whatever the gateway says.
  assert.match(await inside.success('systemctl list-jobs --no-legend; findmnt -no OPTIONS /'), /^ro,/m)
  await inside.success('rm /data/full; systemctl reset-failed iosed; systemctl restart iosed', 120)
  await planesReady(inside.board)
  assert.equal(await ready(inside), '200')
  await inside.board.powerOff()
  const { exitCode, stdout, stderr } = await iose(['audit', 'verify', '--state-dir', disk.checkedState()])
  assert.equal(exitCode, 0, stdout + stderr)
})

/** More records than a block of 4 KiB has. */
const MAX_RECORDED = 40
/** All there is, the reserve of root too; what files have allocated already included. */
const FILL = `cat /dev/zero >/data/full 2>/dev/null; sync
  df --output=avail /data | tail -n 1`

async function answered(inside: Inside): Promise<void> {
  assert.match(await elementSession(inside.board, 'key1.com'), /Cipher is TLS_AES_128_CCM_SHA256/)
}

/** The status of the answer to /health/ready. */
async function ready(inside: Inside): Promise<string> {
  const ask = 'fetch("http://127.0.0.1:8080/health/ready").then((answer) => console.log(answer.status))'
  return (await inside.success(`/usr/lib/iose-gateway/bin/node -e '${ask}'`)).trim()
}

async function pidOf(inside: Inside): Promise<string> {
  return (await inside.success('systemctl show --value --property=MainPID iosed')).trim()
}
