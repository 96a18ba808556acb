// Updates over the status plane, down to `iose update receive` and the slots of an appliance in files.

import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { lockUpdates } from '../../src/update/lock.ts'
import { MAX_UPDATE_BYTES } from '../../src/update/orders.ts'
import { Random } from '../support/random.ts'
import { OPERATOR_TOKEN, TOKEN } from '../support/status-bench.ts'
import { UpdateBench } from '../support/update-bench.ts'
import { type PostOptions, UploadBench } from '../support/upload-bench.ts'

test('upload: an update is in the other slot and started next, and feed, log and observer are told', async () => {
  await using bench = await UploadBench.start()
  const { appliance, plane } = bench
  const { path, payload, rootBytes } = await appliance.update({ rootBytes: 3 * 1024 * 1024 })
  const bytes = readFileSync(path)
  const watch = await bench.watch()
  const answer = await bench.upload(bytes)
  const outcome = 'version 1.1.0 is in slot B and waits for its first start'
  assert.deepEqual([answer.status, answer.body], [200, { outcome, version: '1.1.0', slot: 'B' }])
  assert.ok(appliance.slot('B', rootBytes, 4096).equals(payload))
  const { slot, tries, isConfirmed } = appliance.boot() ?? {}
  assert.deepEqual({ slot, tries, isConfirmed }, { slot: 'B', tries: 3, isConfirmed: false })

  const row = await watch.row(({ state }) => state === 'installed')
  assert.deepEqual(
    [row.version, row.slot, row.bytes, row.received_bytes, row.payload_bytes, row.error],
    ['1.1.0', 'B', bytes.length, bytes.length, payload.length, null],
  )
  assert.deepEqual(
    plane.told.map((event) => [event.kind, 'user' in event && event.user, 'code' in event && event.code]),
    [
      ['update.started', 'status operator', false],
      ['update.ended', 'status operator', 'installed'],
    ],
  )
  assert.equal(plane.log.of('update.ended')[0]?.fields['version'], '1.1.0')
  assert.match(bench.service.stderr, /install ordered by 127\.0\.0\.1:\d+\n/)
  assert.ok(!JSON.stringify(plane.log.lines).includes(OPERATOR_TOKEN))

  // Whoever opens the page later sees it, too.
  assert.equal((await (await bench.watch()).row(() => true)).state, 'installed')
  const facts = JSON.parse((await plane.get('/api/gateway')).text) as { update: { by_page: boolean } }
  assert.deepEqual(facts.update, { by_page: true })
})

test('upload: split anywhere it is the same', async () => {
  await using bench = await UploadBench.start()
  const { path, payload, rootBytes } = await bench.appliance.update({ rootBytes: 8192 })
  const bytes = readFileSync(path)
  const random = new Random(11)
  for (const next of [() => 1, () => 1 + random.int(3000)]) {
    const answer = await bench.upload(bytes, {
      send: (sent) => {
        const step = (at: number): void => {
          if (at >= bytes.length) {
            sent.end()
            return
          }
          const end = at + next()
          sent.write(bytes.subarray(at, end), () => step(end))
        }
        step(0)
      },
    })
    assert.equal(answer.status, 200)
    assert.ok(bench.appliance.slot('B', rootBytes, 4096).equals(payload))
  }
})

test('upload: what is damaged, unsigned, foreign or older is refused in words, and nothing is started', async () => {
  await using bench = await UploadBench.start()
  const { appliance, plane } = bench
  using stranger = new UpdateBench()
  const good = readFileSync((await appliance.update()).path)
  const updateOf = async (terms: Parameters<UpdateBench['update']>[0]) =>
    readFileSync((await appliance.update(terms)).path)
  const flipped = (at: number): Buffer => {
    const copy = Buffer.from(good)
    copy[at] = (copy[at] ?? 0) ^ 1
    return copy
  }
  const cases: readonly [string, Buffer, number, RegExp][] = [
    ['header', flipped(80), 422, /^the signature by key [0-9a-f]{16} is wrong: .*; get one that the maker/],
    [
      'first chunk',
      flipped(5000),
      400,
      /^the update file is damaged: chunk 1 of 2 is not what was signed; get/,
    ],
    ['last chunk', flipped(good.length - 1), 400, /chunk 2 of 2 is not what was signed/],
    [
      'truncated',
      good.subarray(0, 700_000),
      400,
      /^the upload was cut after \d+ of \d+ bytes|ends after \d+ bytes/,
    ],
    ['longer', Buffer.concat([good, Buffer.alloc(1)]), 400, /bytes behind its end/],
    ['noise', Buffer.from(new Random(3).bytes(4096)), 400, /no update file/],
    ['one byte', Buffer.from('I'), 400, /after 1 of 1|ends after 1 bytes/],
    [
      'unsigned',
      Buffer.concat([good.subarray(0, 576), Buffer.alloc(64), good.subarray(640)]),
      422,
      /signature by key/,
    ],
    [
      'foreign',
      readFileSync((await stranger.update()).path),
      422,
      /^the update is signed with key .*; this machine has/,
    ],
    // Nobody is shown a flag that the page has not.
    [
      'older',
      await updateOf({ version: '0.9.0', seed: 2 }),
      422,
      /it is version 0\.9\.0, and 1\.0\.0 is newer$/,
    ],
    ['board', await updateOf({ board: 'toaster', seed: 3 }), 422, /for boards toaster, and this one is/],
    ['product', await updateOf({ product: 'toaster', seed: 4 }), 422, /it is for toaster/],
  ]
  for (const [what, bytes, status, words] of cases) {
    const watch = await bench.watch()
    const before = watch.rows[0]?.by
    const answer = await bench.upload(bytes)
    assert.deepEqual([what, answer.status], [what, status], answer.body['error'])
    assert.match(answer.body['error'] ?? '', words, what)
    const row = await watch.row(({ state, by }) => state === 'failed' && by !== before)
    assert.deepEqual([row.error, row.code], [answer.body['error'], answer.body['code']])
    assert.deepEqual([appliance.boot()?.slot, appliance.boot()?.isConfirmed], ['A', true], what)
    const ended = plane.told.at(-1)
    assert.ok(ended?.kind === 'update.ended' && ended.code === row.code, what)
  }
})

test('upload: without token, from elsewhere, of another kind or length nothing reaches root', async () => {
  await using bench = await UploadBench.start()
  const { plane, service } = bench
  const bytes = Buffer.alloc(4096)
  const cases: readonly [number, PostOptions][] = [
    [401, { token: '' }],
    [401, { token: TOKEN }],
    [401, { token: `${OPERATOR_TOKEN}x` }],
    [403, { headers: { origin: 'http://127.0.0.1:1' } }],
    [403, { headers: { 'sec-fetch-site': 'cross-site' } }],
    [421, { headers: { host: 'attacker.example' } }],
    [415, { headers: { 'content-type': 'multipart/form-data' } }],
    [
      413,
      { headers: { 'content-length': String(MAX_UPDATE_BYTES + 1) }, send: (sent) => sent.flushHeaders() },
    ],
    [400, { headers: { 'content-length': '0' }, send: (sent) => sent.end() }],
    [
      411,
      {
        headers: { 'transfer-encoding': 'chunked' },
        send: (sent) => {
          sent.removeHeader('content-length')
          sent.end(bytes)
        },
      },
    ],
  ]
  for (const [expected, options] of cases) {
    const { status, body } = await bench.upload(bytes, options)
    assert.deepEqual([status, options], [expected, options], body['error'])
  }
  const { status, headers } = await plane.get('/api/update', {
    token: OPERATOR_TOKEN,
    headers: ownOrigin(bench),
  })
  assert.deepEqual([status, headers['allow']], [405, 'POST'])
  assert.deepEqual([service.children.length, plane.told], [0, []])
})

test('upload: whoever waits for 100 Continue is refused before sending', async () => {
  await using bench = await UploadBench.start()
  const { path } = await bench.appliance.update()
  const bytes = readFileSync(path)
  const expecting = (token: string) => {
    let isAsked = false
    const headers = { expect: '100-continue' }
    const send: PostOptions['send'] = (sent) => {
      sent.flushHeaders()
      sent.on('continue', () => {
        isAsked = true
        sent.end(bytes)
      })
    }
    return bench.upload(bytes, { token, headers, send }).then(({ status }) => [status, isAsked])
  }
  assert.deepEqual(await expecting('wrong'), [401, false])
  assert.deepEqual(await expecting(OPERATOR_TOKEN), [200, true])
})

test('upload: off without an operator token, and on a machine that is no appliance', async () => {
  await using off = await UploadBench.start({ changes: { operatorToken: undefined } })
  const refused = await off.upload(Buffer.alloc(10))
  assert.equal(refused.status, 403)
  assert.match(refused.body['error'] ?? '', /actions are off/)

  await using none = await UploadBench.start({ path: '/nowhere/update.sock' })
  for (const answer of [await none.upload(Buffer.alloc(10)), await none.restart()]) {
    assert.equal(answer.status, 501)
    assert.match(answer.body['error'] ?? '', /no appliance/)
  }
  assert.deepEqual(JSON.parse((await none.plane.get('/api/gateway')).text), { actions: true, may_act: false })
})

test('upload: not taken when it could not be kept who has ordered it', async () => {
  const observer = {
    tell: () => Promise.resolve(),
    check: () => {
      throw new Error('the disk is full')
    },
  }
  await using bench = await UploadBench.start({ changes: { observer } })
  const { path } = await bench.appliance.update()
  assert.equal((await bench.upload(readFileSync(path))).status, 500)
  assert.equal((await bench.restart()).status, 500)
  assert.equal(bench.service.children.length, 0)
})

test('upload: while the slot is on trial, or another update runs, it is refused', async () => {
  await using bench = await UploadBench.start()
  const { appliance } = bench
  const bytes = readFileSync((await appliance.update()).path)
  {
    await using lock = await lockUpdates(join(appliance.folder, 'data/update/lock'), 0)
    assert.ok(lock)
    const { status, body } = await bench.upload(bytes)
    assert.deepEqual([status, body['code']], [409, 'update.busy'])
    assert.equal((await bench.restart()).body['code'], 'update.busy')
  }
  appliance.setBoot({ slot: 'A', tries: 2, isConfirmed: false })
  const { status, body } = await bench.upload(bytes)
  assert.equal(status, 409)
  assert.match(body['error'] ?? '', /slot A is not confirmed yet.*; wait a few minutes for the health gate/)
  assert.ok(!existsSync(appliance.journal))
})

test('restart: only into an update that waits for its first start', async () => {
  await using bench = await UploadBench.start()
  const { appliance, plane, service } = bench
  const early = await bench.restart()
  assert.deepEqual([early.status, early.body['error']], [409, 'no update waits for its first start'])
  assert.equal((await bench.restart({ token: 'wrong' })).status, 401)
  assert.equal((await bench.upload(readFileSync((await appliance.update()).path))).status, 200)
  assert.equal(service.ordered, '')
  const { status, body } = await bench.restart()
  assert.deepEqual([status, body['outcome']], [202, 'the machine restarts into version 1.1.0, slot B'])
  // In a second: a stop of the machine ends the gateway, too, which has to answer before.
  assert.match(service.ordered, /^--.* --on-active=1s .* systemctl --no-block reboot\n$/)
  assert.deepEqual(
    plane.told.map(({ kind }) => kind),
    ['restart.ordered', 'restart.failed', 'update.started', 'update.ended', 'restart.ordered'],
  )
  // A start later it is on trial, and none waits.
  appliance.start('B', '1.1.0')
  assert.equal((await bench.restart()).status, 409)
  appliance.start('A')
  appliance.put('/bin/systemd-run', '#!/bin/sh\necho no bus >&2; exit 1\n')
  const failed = await bench.restart()
  assert.equal(failed.status, 502)
  assert.match(failed.body['error'] ?? '', /the restart failed: .*no bus/s)
})

function ownOrigin({ plane }: UploadBench): Record<string, string> {
  const host = `127.0.0.1:${plane.port}`
  return { host, origin: `http://${host}` }
}
