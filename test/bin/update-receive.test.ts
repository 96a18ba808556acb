// `iose update receive` as systemd starts it, and a gateway that is none of ours at the other end.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import test from 'node:test'
import { lineOf, type Reply, replyOf } from '../../src/update/orders.ts'
import { IOSE, iose } from '../support/iose.ts'
import { UpdateBench } from '../support/update-bench.ts'
import { UpdateService } from '../support/update-service.ts'

test('iose update receive: answers an order by how far it is and what came of it, and by nothing else', async () => {
  using bench = new UpdateBench()
  await using service = await UpdateService.start(bench)
  const { path, payload, rootBytes } = await bench.update({ rootBytes: 3 * 1024 * 1024 })
  const bytes = readFileSync(path)
  const order = lineOf({ order: 'install', bytes: bytes.length, by: 'a test' })
  const replies = await talk(service, [Buffer.concat([order, bytes])])
  assert.deepEqual(replies[0], { reply: 'accepted', version: '1.1.0', slot: 'B', bytes: payload.length })
  assert.deepEqual(replies.at(-1), { reply: 'done', version: '1.1.0', slot: 'B' })
  assert.deepEqual([...new Set(replies.slice(1, -1).map(({ reply }) => reply))], ['progress'])
  assert.ok(bench.slot('B', rootBytes, 4096).equals(payload))
  await service.settled()
  assert.equal(service.children[0]?.exitCode, 0)
  assert.equal(
    service.stderr,
    'iose update: install ordered by a test\niose update: version 1.1.0 is in slot B\n',
  )
})

test('iose update receive: what is no order, or more than was announced, is refused', async () => {
  using bench = new UpdateBench()
  await using service = await UpdateService.start(bench)
  const bytes = readFileSync((await bench.update()).path)
  const announced = (count: number) => lineOf({ order: 'install', bytes: count, by: 'a test' })
  for (const [pieces, words] of [
    [[Buffer.from('GET / HTTP/1.1\r\n\r\n')], /no order of a gateway/],
    [[Buffer.alloc(10_000)], /no order of a gateway/],
    [[lineOf({ order: 'restart', by: 'x' }).subarray(0, 5)], /no order of a gateway/],
    [[announced(bytes.length - 1), bytes], /more came than was announced|bytes behind|ends after/],
    [[announced(100), bytes.subarray(0, 50)], /the upload was cut after 50 of 100 bytes/],
    [[announced(0)], /the update file is damaged: it ends after 0 bytes|cut after 0 of 0/],
  ] as const) {
    const last = (await talk(service, pieces)).at(-1)
    assert.ok(last?.reply === 'refused', String(words))
    assert.equal(last.code, 'update.malformed')
    assert.match(last.cause, words)
    assert.equal(bench.boot()?.slot, 'A')
  }
  await service.settled()
  assert.deepEqual([...new Set(service.children.map(({ exitCode }) => exitCode))], [1])
})

test('iose update receive: a machine that is no appliance says so', async () => {
  using bench = new UpdateBench()
  await using service = await UpdateService.start(bench)
  bench.put('/proc/cmdline', 'root=/dev/sda1 quiet\n')
  const replies = await talk(service, [lineOf({ order: 'restart', by: 'x' })])
  assert.deepEqual(
    replies.map((one) => one.reply === 'refused' && one.code),
    ['update.no-appliance'],
  )
})

test('iose update receive: is nothing for a terminal', async () => {
  const said = await iose(['update', 'receive', '--json'])
  assert.deepEqual([said.exitCode, said.stderr.split('\n')[0]], [64, 'iose: --json is not for receive'])
  // What Node hands over as a pipe is a socket; /dev/null is none.
  const run = spawnSync(process.execPath, [IOSE, 'update', 'receive'], { stdio: ['ignore', 'pipe', 'pipe'] })
  assert.equal(run.status, 64)
  assert.match(run.stderr.toString(), /receive is for iose-update@\.service: standard input is no socket/)
})

/** Sends all, closes that side, and resolves to what is answered. */
async function talk(service: UpdateService, pieces: readonly Buffer[]): Promise<Reply[]> {
  const socket = connect({ path: service.path, allowHalfOpen: true })
  let text = ''
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
  socket.on('error', () => undefined)
  for (const piece of pieces) socket.write(piece)
  socket.end()
  await once(socket, 'end')
  socket.destroy()
  return text.trimEnd().split('\n').map(replyOf)
}
