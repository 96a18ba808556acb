// An update by the status page of a booted image.

import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { openAsBlob, statSync } from 'node:fs'
import test from 'node:test'
import { cannotBootImage, Disk } from '../support/image/disk.ts'
import { powerOnInside } from '../support/image/inside.ts'
import { UP } from '../support/image/planes.ts'
import { secondsSince, updateStatus, Workshop } from '../support/image/updates.ts'

const skip = cannotBootImage()

test('upload: an operator uploads one on the status page, follows it there, and restarts the machine into it', {
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
  t.diagnostic(`${Math.ceil(statSync(good).size / 1048576)} MiB by the page: ${secondsSince(begun)} s`)
  assert.equal(
    installed.status,
    200,
    installed.body + (await inside.success('journalctl -u "iose-update@*" -o cat')),
  )
  assert.deepEqual((await updateStatus(inside)).next_start, { slot: 'B', tries_left: 3 })
  const restarted = await post('/api/update/restart')
  assert.equal(restarted.status, 202, restarted.body)
  await inside.board.waitFor(/iose: slot B, confirmed 0, tries left 2/)
  const [, slot, version] = await inside.board.waitFor(new RegExp(UP.source.replace('([AB])', '(B)')))
  assert.deepEqual([slot, version], ['B', '9.0.1'])
  for (const state of ['receiving', 'comparing', 'installed']) {
    assert.match(await told, new RegExp(`"state":"${state}"`))
  }
})

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
