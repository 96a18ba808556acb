import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { Outbox } from '../../src/racs/outbox.ts'
import { loopback } from '../support/loopback.ts'
import { settle } from '../support/manual-clock.ts'
import { until } from '../support/until.ts'

const IDLE_MS = 1_000
/** More than the kernel takes over from a sender whose reader does nothing. */
const STUCK = 'x'.repeat(32_000_000)

async function bench(context: TestContext) {
  const pair = await loopback(context)
  const writes: number[] = []
  const { socket } = pair
  const write = socket.write.bind(socket) as (bytes: Uint8Array, done: () => void) => boolean
  socket.write = ((bytes: Uint8Array, done: () => void) => {
    writes.push(bytes.length)
    return write(bytes, done)
  }) as typeof socket.write
  const limits = { idleTimeoutMs: IDLE_MS, apduTimeoutMs: 1 }
  const outbox = new Outbox(pair.connection, { clock: pair.clock, limits })
  let received = 0
  pair.client.on('data', (chunk: Buffer) => (received += chunk.length))
  return { ...pair, outbox, writes, received: () => received }
}

test('outbox: what is ready at the same time leaves in one write, without being asked to', async (context) => {
  const { outbox, writes, received } = await bench(context)
  outbox.push('one')
  await Promise.resolve()
  outbox.push('two')
  assert.deepEqual(writes, [])
  await until(() => received() === 6)
  assert.deepEqual(writes, [6])
})

test('outbox: what becomes ready later leaves later, in order', async (context) => {
  const { outbox, writes, client, received } = await bench(context)
  let text = ''
  client.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
  outbox.push('one')
  await until(() => received() === 3)
  outbox.push('t\xe9o')
  await until(() => received() === 6)
  assert.deepEqual(writes, [3, 3])
  assert.equal(text, 'onet\xe9o')
})

test('outbox: flushed sends at once, and there is nothing left to send afterwards', async (context) => {
  const { outbox, writes, clock } = await bench(context)
  outbox.push('one')
  await outbox.flushed()
  await settle()
  await outbox.flushed()
  assert.deepEqual(writes, [3])
  assert.equal(clock.pending, 0)
})

test('outbox: is full from 65,536 characters on, until they are on their way', async (context) => {
  const { outbox } = await bench(context)
  outbox.push('x'.repeat(65_535))
  assert.ok(!outbox.isFull)
  outbox.push('x')
  assert.ok(outbox.isFull)
  await outbox.flushed()
  assert.ok(!outbox.isFull)
})

test('outbox: flushed waits for a slow reader, for what others have begun to send as well', async (context) => {
  const { outbox, client, writes, received } = await bench(context)
  client.pause()
  outbox.push(STUCK)
  await settle()
  outbox.push(STUCK)
  await settle()
  let isFlushed = false
  const flushed = outbox.flushed().then(() => (isFlushed = true))
  // The client takes the first one only.
  client.on('data', () => {
    if (received() >= STUCK.length) client.pause()
  })
  client.resume()
  await until(() => writes.length === 2)
  for (let turn = 0; turn < 20; turn++) await settle()
  assert.ok(!isFlushed, 'flushed before the socket had taken everything')
  client.removeAllListeners('data').resume()
  await flushed
  assert.deepEqual(writes, [STUCK.length, STUCK.length])
})

test('outbox: there is one write at a time', async (context) => {
  const { outbox, client, writes } = await bench(context)
  client.pause()
  outbox.push(STUCK)
  await settle()
  const flushing = [outbox.flushed(), outbox.flushed()]
  outbox.push('more')
  flushing.push(outbox.flushed())
  await settle()
  assert.deepEqual(writes, [STUCK.length])
  client.resume()
  await Promise.all(flushing)
  assert.deepEqual(writes, [STUCK.length, 4])
})

test('outbox: a client that does not read is given up in time, and whoever flushes hears of it', async (context) => {
  const { outbox, client, clock, socket } = await bench(context)
  client.pause()
  outbox.push(STUCK)
  await settle()
  await clock.advanceTo(IDLE_MS - 1)
  assert.ok(!socket.destroyed)
  await clock.advanceTo(IDLE_MS)
  assert.ok(socket.destroyed)
  await assert.rejects(outbox.flushed(), { code: 'peer.timeout' })
  outbox.push('more')
  await assert.rejects(outbox.flushed(), { code: 'peer.timeout' })
})

test('outbox: a connection that fails rejects flushed with its reason, also when nobody asks for long', async (context) => {
  const { outbox, connection } = await bench(context)
  connection.fail(new Error('revoked'))
  outbox.push('one')
  for (let turn = 0; turn < 5; turn++) await settle()
  await assert.rejects(outbox.flushed(), { message: 'revoked' })
})
