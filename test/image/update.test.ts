// Updates of a booted image, good ones and all others, and what becomes of a system that is not good enough to stay.

import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { openAsBlob, readFileSync, statSync } from 'node:fs'
import test from 'node:test'
import { CHUNK_BYTES } from '../../src/update/header.ts'
import { cannotBootImage, Disk, ON_TRIAL } from '../support/image/disk.ts'
import { type Inside, powerOnInside } from '../support/image/inside.ts'
import { planesReady, UP } from '../support/image/planes.ts'
import { attached, UPDATE_DEVICE, VIRTUAL_BOARD, Workshop } from '../support/image/updates.ts'

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
  const before = await status(inside)
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
    assert.deepEqual((await status(inside)).next_start, { slot: 'A', tries_left: null }, what)
  }

  const begun = performance.now()
  const size = statSync(good).size
  const said = await inside.success(`head -c ${size} ${UPDATE_DEVICE} | iose update -`, 300)
  t.diagnostic(`update of ${Math.ceil(size / 1048576)} MiB: ${seconds(begun)} s`)
  assert.match(said, /Version 9\.0\.1 is in slot B, which has 3 tries/)
  assert.deepEqual((await status(inside)).next_start, { slot: 'B', tries_left: 3 })
  const restarted = performance.now()
  await inside.restart()
  await inside.board.waitFor(/iose: slot B, confirmed 0, tries left 2/)
  const [, slot, version] = await inside.board.waitFor(new RegExp(UP.source.replace('([AB])', '(B)')))
  assert.deepEqual([slot, version], ['B', '9.0.1'])
  t.diagnostic(`from the order to restart to the new system: ${seconds(restarted)} s`)
  await inside.success('until iose update status | grep -q "running .*confirmed$"; do sleep 1; done', 240)
  t.diagnostic(`confirmed after ${seconds(restarted)} s: ${await planesReady(inside.board)}`)
  assert.match((await status(inside)).last.outcome, /^confirmed$/)
  await inside.board.powerOff()
  assert.deepEqual([disk.bootState()?.slot, disk.bootState()?.isConfirmed], ['B', true])
})

test('update: an operator uploads one on the status page, follows it there, and restarts the machine into it', {
  skip,
}, async (t) => {
  using workshop = new Workshop()
  using disk = new Disk()
  const page = '[status]\nlisten = "0.0.0.0:8080"\noperator_token_file = "/etc/iose/operator.token"\n'
  disk.putOnCard('gateway.toml', `${page}[[slots]]\ndriver = "simulator"\nsen = "key1.com"\n`)
  disk.putOnCard('operator.token', TOKEN)
  disk.putOnCard('update-keys/owner.pem', workshop.publicKey)
  const system = workshop.system({ 'usr/lib/iose-appliance/version': '9.0.1\n' })
  const good = await workshop.update(system, { version: '9.0.1' })
  const { privateKey: stranger } = generateKeyPairSync('ed25519')
  const unsigned = await workshop.update(system, { version: '9.0.1', key: stranger })
  await using inside = await powerOnInside(disk)
  await inside.board.waitFor(UP)
  assert.doesNotMatch(await inside.success('cat /boot/iose/report.txt'), /REFUSED/)
  const origin = `http://127.0.0.1:${inside.board.ports.statusPort}`
  const post = async (path: string, file?: string, token = TOKEN) => {
    const response = await fetch(`${origin}${path}`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${token}`,
        Origin: origin,
        'Content-Type': 'application/octet-stream',
      },
      body: file === undefined ? null : await openAsBlob(file),
    })
    return { status: response.status, body: await response.text() }
  }
  const headers = { Authorization: `Bearer ${TOKEN}` }
  const events = await fetch(`${origin}/api/events`, { headers })
  const told = textOf(events)

  assert.equal((await post('/api/update', undefined, 'somebody else')).status, 401)
  const refused = await post('/api/update', unsigned)
  assert.equal(refused.status, 422, refused.body)
  assert.match(refused.body, /update\.untrusted/)
  assert.equal((await post('/api/update/restart')).status, 409)
  const begun = performance.now()
  const installed = await post('/api/update', good)
  t.diagnostic(`${Math.ceil(statSync(good).size / 1048576)} MiB by the page: ${seconds(begun)} s`)
  assert.equal(
    installed.status,
    200,
    installed.body + (await inside.success('journalctl -u "iose-update@*" -o cat')),
  )
  assert.deepEqual((await status(inside)).next_start, { slot: 'B', tries_left: 3 })
  const restarted = await post('/api/update/restart')
  assert.equal(restarted.status, 202, restarted.body)
  await inside.board.waitFor(/iose: slot B, confirmed 0, tries left 2/)
  const [, slot, version] = await inside.board.waitFor(new RegExp(UP.source.replace('([AB])', '(B)')))
  assert.deepEqual([slot, version], ['B', '9.0.1'])
  for (const state of ['receiving', 'comparing', 'installed']) {
    assert.match(await told, new RegExp(`"state":"${state}"`))
  }
})

test('update: a system whose gateway fails is given up by the gate, and says why', { skip }, async (t) => {
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
  t.diagnostic(`fallback: ${seconds(given)} s, from power on ${inside.board.seconds.toFixed(1)} s`)
  await planesReady(inside.board)
  await inside.success('until iose update status | grep -q "was given up"; do sleep 1; done', 60)
  const { last } = await status(inside)
  assert.equal(last.outcome, 'fell-back')
  assert.match(last.reason, /status plane/)
})

interface Status {
  readonly running: { readonly version: string }
  readonly next_start: unknown
  readonly last: { readonly outcome: string; readonly reason: string }
}

async function status(inside: Inside): Promise<Status> {
  return JSON.parse(await inside.success('iose update status --json')) as Status
}

/** All that a stream says until it ends, or breaks. */
async function textOf({ body }: Response): Promise<string> {
  let text = ''
  const decoder = new TextDecoder()
  try {
    for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>)
      text += decoder.decode(chunk, { stream: true })
  } catch {
    // The machine restarts.
  }
  return text
}

const TOKEN = 'token-for-tests-alone'
/** More than any header here has. */
const HEAD_BYTES = 8_192

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(1)
}
