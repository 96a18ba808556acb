// What goes wrong while an update is under way: the client, the network, root's side.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'
import type { ClientRequest } from 'node:http'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { lineOf } from '../../src/update/orders.ts'
import { OPERATOR_TOKEN } from '../support/status-bench.ts'
import { UploadBench } from '../support/upload-bench.ts'

test('upload: cut in the middle, nothing is started, and the next one is taken', async () => {
  await using bench = await UploadBench.start()
  const { appliance, plane, service } = bench
  const bytes = readFileSync((await appliance.update({ rootBytes: 6 * 1024 * 1024 })).path)
  for (const share of [0.00001, 0.3, 0.999]) {
    const watch = await bench.watch()
    const before = watch.rows[0]?.by
    const sentBytes = Math.ceil(bytes.length * share)
    let sent: ClientRequest | undefined
    const answer = bench.upload(bytes, {
      send: (request) => {
        sent = request
        request.write(bytes.subarray(0, sentBytes))
      },
    })
    await watch.row(({ by, received_bytes: received }) => by !== before && received === sentBytes)
    sent?.destroy()
    await assert.rejects(answer)
    const row = await watch.row(({ state, by }) => state === 'failed' && by !== before)
    assert.deepEqual([row.code, row.received_bytes], ['peer.gone', sentBytes])
    assert.match(
      row.error ?? '',
      new RegExp(`^the upload was cut after ${sentBytes} of ${bytes.length} bytes`),
    )
    await service.settled()
    assert.deepEqual([appliance.boot()?.slot, appliance.boot()?.isConfirmed], ['A', true])
    assert.match(service.stderr, /iose update: the upload was cut after \d+ of \d+ bytes\n$/)
  }
  assert.deepEqual(
    plane.told.map(({ kind }) => kind),
    Array.from({ length: 6 }, (_, n) => (n % 2 === 0 ? 'update.started' : 'update.ended')),
  )
  assert.equal((await bench.upload(bytes)).status, 200)
})

test('upload: a client that goes when all has come finds it installed', async () => {
  await using bench = await UploadBench.start()
  const { appliance, plane } = bench
  const bytes = readFileSync((await appliance.update({ rootBytes: 6 * 1024 * 1024 })).path)
  const watch = await bench.watch()
  let sent: ClientRequest | undefined
  const answer = bench.upload(bytes, {
    send: (request) => {
      sent = request
      request.end(bytes)
    },
  })
  await watch.row(({ received_bytes: received }) => received === bytes.length)
  sent?.destroy()
  await answer.catch(() => undefined)
  await watch.row(({ state }) => state === 'installed')
  assert.equal(appliance.boot()?.slot, 'B')
  assert.equal(plane.told.at(-1)?.kind, 'update.ended')
})

test('upload: a gateway that goes when all has come leaves it to root, and one that goes before cuts it', async () => {
  for (const [share, slot] of [
    [1, 'B'],
    [0.5, 'A'],
  ] as const) {
    await using bench = await UploadBench.start()
    const { appliance, plane, service } = bench
    const bytes = readFileSync((await appliance.update({ rootBytes: 6 * 1024 * 1024 })).path)
    const watch = await bench.watch()
    const sentBytes = Math.floor(share * bytes.length)
    const answer = bench.upload(bytes, { send: (request) => request.write(bytes.subarray(0, sentBytes)) })
    await watch.row(({ received_bytes: received }) => received === sentBytes)
    await plane.server.close()
    await answer.catch(() => undefined)
    await service.settled()
    assert.equal(appliance.boot()?.slot, slot)
  }
})

test('upload: a gateway that stops waits for nobody', { timeout: 20_000 }, async () => {
  const path = join(tmpdir(), `silent-${process.pid}.sock`)
  const server = createServer((socket) => socket.resume()).listen(path)
  await once(server, 'listening')
  await using bench = await UploadBench.start({ path, limits: { stuckMs: 600_000, wholeMs: 600_000 } })
  const watch = await bench.watch()
  const connected = once(server, 'connection') as Promise<[Socket]>
  const answer = bench.upload(Buffer.alloc(10))
  const [socket] = await connected
  await watch.row(({ received_bytes: received }) => received === 10)
  await bench.plane.server.close()
  await assert.rejects(answer)
  await once(socket, 'close')
  server.close()
})

test('upload: one whose end cannot be kept is installed all the same', async () => {
  const observer = {
    tell: ({ kind }: { kind: string }) =>
      kind === 'update.ended' ? Promise.reject(new Error('the disk is full')) : Promise.resolve(),
    check: () => undefined,
  }
  await using bench = await UploadBench.start({ changes: { observer } })
  const bytes = readFileSync((await bench.appliance.update()).path)
  const watch = await bench.watch()
  assert.equal((await bench.upload(bytes)).status, 200)
  await watch.row(({ state }) => state === 'installed')
})

test('upload: a second one is told who is at it since when, and does not disturb', async () => {
  await using bench = await UploadBench.start()
  const bytes = readFileSync((await bench.appliance.update()).path)
  const watch = await bench.watch()
  let rest: (() => void) | undefined
  const first = bench.upload(bytes, {
    send: (request) => {
      request.write(bytes.subarray(0, 600_000))
      rest = () => request.end(bytes.subarray(600_000))
    },
  })
  const { by } = await watch.row(({ received_bytes: received }) => received === 600_000)
  for (const { status, body } of [await bench.upload(bytes), await bench.restart()]) {
    assert.equal(status, 409)
    assert.equal(body['error'], `not now: an update is under way, of ${by} since 2026-01-31T12:00:00.000Z`)
  }
  rest?.()
  assert.equal((await first).status, 200)
  assert.equal(bench.service.children.length, 1)
})

test('upload: a client that stands still is given up, one that is only slow is not', async () => {
  await using bench = await UploadBench.start({ limits: { silenceMs: 400 } })
  const { appliance, service } = bench
  const bytes = readFileSync((await appliance.update({ rootBytes: 8192 })).path)
  const silent = await bench.upload(bytes, { send: (request) => request.write(bytes.subarray(0, 100)) })
  assert.deepEqual([silent.status, silent.body['error']], [408, 'nothing of the update came for 0.4 s'])
  await service.settled()
  assert.equal(appliance.boot()?.slot, 'A')
  const slow = await bench.upload(bytes, {
    send: (request) => {
      const step = (at: number): void => {
        request.write(bytes.subarray(at, at + 2000))
        if (at + 2000 < bytes.length) setTimeout(() => step(at + 2000), 100)
        else request.end()
      }
      step(0)
    },
  })
  assert.equal(slow.status, 200)
})

test('upload: one that drips is over when its whole time is', async () => {
  await using bench = await UploadBench.start({ limits: { silenceMs: 5_000, wholeMs: 600 } })
  const bytes = Buffer.alloc(100_000)
  let dripping: NodeJS.Timeout | undefined
  const { status, body } = await bench.upload(bytes, {
    send: (request) => {
      request.on('error', () => undefined)
      dripping = setInterval(() => request.write('x'), 50)
    },
  })
  clearInterval(dripping)
  assert.equal(status, 408)
  assert.match(body['error'] ?? '', /^the update did not come within 0\.01 min$/)
})

test("upload: root's side killed in the middle is told, and what runs stays", async () => {
  await using bench = await UploadBench.start()
  const { appliance, service } = bench
  const bytes = readFileSync((await appliance.update({ rootBytes: 6 * 1024 * 1024 })).path)
  const watch = await bench.watch()
  const answer = bench.upload(bytes, { send: (request) => request.write(bytes.subarray(0, 3_000_000)) })
  await watch.row(({ written_bytes: written }) => written > 0)
  service.children[0]?.kill('SIGKILL')
  const { status, body } = await answer
  assert.deepEqual([status, body['code']], [502, 'update.unanswered'])
  assert.match(body['error'] ?? '', /ended without a result, or serves somebody else; what runs now stays/)
  assert.deepEqual([appliance.boot()?.slot, appliance.boot()?.isConfirmed], ['A', true])
  assert.equal((await bench.upload(bytes)).status, 200)
})

test('upload: a socket that nobody serves any more is no way', async () => {
  await using bench = await UploadBench.start()
  const { appliance } = bench
  const path = join(appliance.folder, 'stale.sock')
  const server = createServer().listen(path)
  await once(server, 'listening')
  await using other = await UploadBench.start({ path })
  server.close()
  await once(server, 'close')
  rmSync(path, { force: true })
  assert.equal((await other.upload(Buffer.alloc(10))).status, 501)
})

test('upload: what answers in another way, or nothing, is a failure of this machine', async () => {
  const path = join(tmpdir(), `updater-${process.pid}.sock`)
  let answer: (socket: Socket) => void = () => undefined
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.resume()
    answer(socket)
  }).listen(path)
  await once(server, 'listening')
  await using bench = await UploadBench.start({ path, limits: { stuckMs: 500 } })
  for (const [how, words] of [
    [(socket: Socket) => socket.write('nonsense\n'), /no answer of a machine that is updated/],
    [(socket: Socket) => socket.write('x'.repeat(20_000)), /an endless line/],
    [(socket: Socket) => socket.end(), /ended without a result/],
    [(socket: Socket) => socket.destroy(), /ended without a result/],
    [() => undefined, /did nothing for 0\.5 s/],
  ] as const) {
    answer = how
    for (const { status, body } of [await bench.upload(Buffer.alloc(10)), await bench.restart()]) {
      assert.equal(status, 502)
      assert.match(body['error'] ?? '', words)
    }
  }
  // What it says of itself is not believed to be one of ours.
  answer = (socket) => socket.write(lineOf({ reply: 'refused', code: 'root.secret', cause: 'why' }))
  const { status, body } = await bench.upload(Buffer.alloc(10))
  assert.deepEqual([status, body], [502, { error: 'why', code: 'update.unanswered' }])
  server.close()
})

test('upload: while root does not read, the client waits, and the gateway keeps next to nothing', async () => {
  const path = join(tmpdir(), `stuck-${process.pid}.sock`)
  const sockets: Socket[] = []
  const server = createServer({ pauseOnConnect: true }, (socket) => sockets.push(socket)).listen(path)
  await once(server, 'listening')
  await using bench = await UploadBench.start({ path, limits: { stuckMs: 1_500 } })
  const piece = Buffer.alloc(1024 * 1024)
  const before = process.memoryUsage()
  let peakBytes = 0
  let sentPieces = 0
  let inOurHands = 0
  const answer = bench.upload(Buffer.alloc(0), {
    headers: { 'content-length': String(256 * piece.length) },
    send: (request) => {
      request.on('error', () => undefined)
      const step = (): void => {
        if (request.destroyed) return
        inOurHands = request.writableLength
        const { arrayBuffers, external } = process.memoryUsage()
        peakBytes = Math.max(peakBytes, arrayBuffers + external - before.arrayBuffers - before.external)
        request.write(piece, () => {
          sentPieces++
          step()
        })
      }
      step()
    },
  })
  const { status, body } = await answer
  assert.equal(status, 502)
  assert.match(body['error'] ?? '', /did nothing for 1\.5 s/)
  // Buffers of the kernel, and of streams.
  assert.ok(sentPieces < 32, `${sentPieces} MiB went out, ${inOurHands} bytes waited`)
  assert.ok(peakBytes < 24 * 1024 * 1024, `${peakBytes} bytes`)
  for (const socket of sockets) socket.destroy()
  server.close()
})

test('upload: other requests have five seconds for their headers, and none for a body', async () => {
  await using bench = await UploadBench.start()
  const { port } = bench.plane
  const closing = async (text: string): Promise<[answer: string, ms: number]> => {
    const from = performance.now()
    const socket = connect({ port, host: '127.0.0.1' })
    let answer = ''
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()))
    socket.on('error', () => undefined)
    socket.write(text)
    await once(socket, 'close')
    return [answer, performance.now() - from]
  }
  const host = `127.0.0.1:${port}`
  const upload = `POST /api/update HTTP/1.1\r\nHost: ${host}\r\nOrigin: http://${host}\r\nAuthorization: Bearer ${OPERATOR_TOKEN}\r\n`
  const [[halfHeaders, halfMs], [body, bodyMs]] = await Promise.all([
    closing(upload),
    closing(`POST /api/slots HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 1000000\r\n\r\nx`),
  ])
  assert.match(halfHeaders, /^HTTP\/1\.1 408 /)
  assert.ok(halfMs < 9_000, `${halfMs} ms`)
  assert.match(body, /^HTTP\/1\.1 413 /)
  assert.ok(bodyMs < 3_000, `${bodyMs} ms`)
})
