import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import test, { type TestContext } from 'node:test'
import { Connection } from '../../src/net/connection.ts'
import { LeaseError } from '../../src/slots/errors.ts'
import { ManualClock } from '../support/manual-clock.ts'

const SOON = 1000
const GONE = { name: 'PeerError', code: 'peer.gone' }
const TIMEOUT = { name: 'PeerError', code: 'peer.timeout' }
const REVOKED = new LeaseError('lease.revoked', 'by an operator')

/** A connection over loopback, its own socket, the client at its other end, and a clock that stands still. */
async function bench(context: TestContext) {
  const listener = createServer({ allowHalfOpen: true, noDelay: true }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as AddressInfo
  const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
  const clientEnded = once(client, 'end')
  clientEnded.catch(() => undefined)
  client.on('error', () => undefined)
  const [socket] = (await once(listener, 'connection')) as [Socket]
  const clock = new ManualClock()
  context.after(() => {
    client.destroy()
    socket.destroy()
    listener.close()
  })
  return { connection: new Connection(socket, clock), socket, client, clientEnded, clock }
}

function textOf(chunk: Uint8Array | undefined): string | undefined {
  return chunk && Buffer.from(chunk).toString('latin1')
}

/** Waits until `holds` does: what the kernel does takes real time, if little. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}

test('connection: chunks come in order, then the end, again and again', async (context) => {
  const { connection, client } = await bench(context)
  const first = connection.read(SOON, 'silence')
  client.write('one')
  assert.equal(textOf(await first), 'one')
  client.end('two')
  assert.equal(textOf(await connection.read(SOON, 'silence')), 'two')
  assert.equal(await connection.read(SOON, 'silence'), undefined)
  assert.equal(await connection.read(SOON, 'silence'), undefined)
})

test('connection: bytes that came while nobody read are there at once, and leave no timer', async (context) => {
  const { connection, client, socket, clock } = await bench(context)
  client.write('early')
  await until(() => socket.readableLength > 0)
  assert.equal(textOf(await connection.read(SOON, 'silence')), 'early')
  const reading = connection.read(SOON, 'silence')
  assert.equal(clock.pending, 1)
  client.write('late')
  assert.equal(textOf(await reading), 'late')
  assert.equal(clock.pending, 0)
})

test('connection: a read ends exactly at its deadline, and the next read works', async (context) => {
  const { connection, client, clock } = await bench(context)
  let isOver = false
  const reading = connection.read(SOON, 'no record in time').finally(() => (isOver = true))
  const rejected = assert.rejects(reading, { ...TIMEOUT, message: 'no record in time' })
  await clock.advanceTo(SOON - 1)
  assert.ok(!isOver)
  await clock.advanceTo(SOON)
  await rejected
  client.write('late')
  assert.equal(textOf(await connection.read(2 * SOON, 'silence')), 'late')
})

test('connection: a reset is an error with its cause, now and later', async (context) => {
  const { connection, client } = await bench(context)
  const reading = connection.read(SOON, 'silence')
  client.resetAndDestroy()
  await assert.rejects(reading, (error: Error) => {
    assert.equal((error as { code?: string }).code, 'peer.gone')
    assert.equal((error.cause as { code?: string }).code, 'ECONNRESET')
    return true
  })
  await assert.rejects(connection.read(SOON, 'silence'), GONE)
  await assert.rejects(connection.write(Buffer.from('x'), SOON), GONE)
})

test('connection: onGone tells once of a client that closes while nobody reads', async (context) => {
  const { connection, client } = await bench(context)
  const told: Error[] = []
  connection.onGone = (error) => told.push(error)
  client.end()
  await until(() => told.length > 0)
  assert.equal((told[0] as PeerCoded).code, 'peer.gone')
  assert.equal(await connection.read(SOON, 'silence'), undefined)
  assert.equal(told.length, 1)
})

interface PeerCoded extends Error {
  code: string
}

test('connection: onGone tells of a reset while nobody reads', async (context) => {
  const { connection, client } = await bench(context)
  const told: Error[] = []
  connection.onGone = (error) => told.push(error)
  client.resetAndDestroy()
  await until(() => told.length > 0)
  assert.equal((told[0] as PeerCoded).code, 'peer.gone')
})

test('connection: what a client sends while nobody reads is not read for ever', async (context) => {
  const { connection, client, socket } = await bench(context)
  client.write(Buffer.alloc(8_000_000))
  await until(() => socket.readableLength > 0)
  for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve))
  assert.ok(socket.readableLength <= 1_000_000, `${socket.readableLength} bytes held`)
  assert.ok(((await connection.read(SOON, 'silence'))?.length ?? 0) > 0)
})

test('connection: fail rejects the read that waits, and every later read and write', async (context) => {
  const { connection, clock } = await bench(context)
  const reading = connection.read(SOON, 'silence')
  connection.fail(REVOKED)
  connection.fail(new Error('too late'))
  await assert.rejects(reading, REVOKED)
  await assert.rejects(connection.read(SOON, 'silence'), REVOKED)
  await assert.rejects(connection.write(Buffer.from('x'), SOON), REVOKED)
  assert.equal(clock.pending, 0)
})

test('connection: a write reaches the client and leaves no timer', async (context) => {
  const { connection, client, clock } = await bench(context)
  const received = once(client, 'data')
  await connection.write(Buffer.from('answer'), SOON)
  assert.equal(clock.pending, 0)
  assert.equal(String((await received)[0]), 'answer')
})

test('connection: a client that does not read makes the write end at its deadline', async (context) => {
  const { connection, client, socket, clock } = await bench(context)
  client.pause()
  const writing = connection.write(Buffer.alloc(32_000_000), SOON)
  const rejected = assert.rejects(writing, TIMEOUT)
  await clock.advanceTo(SOON - 1)
  assert.ok(!socket.destroyed)
  await clock.advanceTo(SOON)
  await rejected
  assert.ok(socket.destroyed)
})

test('connection: fail ends a write that is stuck, too', async (context) => {
  const { connection, client, clock } = await bench(context)
  client.pause()
  const writing = connection.write(Buffer.alloc(32_000_000), SOON)
  connection.fail(REVOKED)
  await assert.rejects(writing, REVOKED)
  assert.equal(clock.pending, 0)
})

test('connection: end sends the last bytes before it closes, and close waits for the client', async (context) => {
  const { connection, client, clientEnded, socket } = await bench(context)
  let received = ''
  client.on('data', (chunk) => (received += String(chunk)))
  connection.end(Buffer.from('alert'))
  const lingering = connection.close()
  await clientEnded
  assert.equal(received, 'alert')
  client.end('more that nobody wants')
  assert.equal(await lingering, true)
  assert.ok(socket.destroyed)
})

test('connection: close waits one second and not longer', async (context) => {
  const { connection, client, clientEnded, socket, clock } = await bench(context)
  await clock.advanceTo(500)
  client.resume()
  connection.end()
  const lingering = connection.close()
  await clientEnded
  await clock.advanceTo(1499)
  assert.ok(!socket.destroyed)
  await clock.advanceTo(1500)
  assert.equal(await lingering, false)
  assert.ok(socket.destroyed)
})

test('connection: close drops what still comes, but not without bound', async (context) => {
  const { connection, client, socket } = await bench(context)
  connection.end()
  client.write(Buffer.alloc(10_000_000))
  assert.equal(await connection.close(), false)
  assert.ok(socket.destroyed)
})

test('connection: close after a reset has nothing to wait for', async (context) => {
  const { connection, client, socket } = await bench(context)
  const reading = connection.read(SOON, 'silence')
  client.resetAndDestroy()
  await assert.rejects(reading, GONE)
  connection.end(Buffer.from('alert'))
  assert.equal(await connection.close(), false)
  assert.ok(socket.destroyed)
})

test('connection: close waits for the client also when it was our side that failed', async (context) => {
  const { connection, client, clientEnded, socket } = await bench(context)
  connection.fail(REVOKED)
  connection.end(Buffer.from('alert'))
  const lingering = connection.close()
  const [received] = (await once(client, 'data')) as [Buffer]
  assert.equal(String(received), 'alert')
  await clientEnded
  assert.ok(!socket.destroyed)
  client.end()
  assert.equal(await lingering, true)
})

test('connection: detach lets go of the socket, with what was read of it put back', async (context) => {
  const { connection, client, socket } = await bench(context)
  const told: Error[] = []
  connection.onGone = (error) => told.push(error)
  client.write('GET ')
  const chunk = await connection.read(SOON, 'silence')
  connection.detach(chunk)
  let text = ''
  socket.on('data', (bytes) => (text += String(bytes)))
  client.end('/RACS')
  await once(socket, 'end')
  assert.equal(text, 'GET /RACS')
  assert.deepEqual(told, [])
  assert.equal(connection.failure, undefined)
  for (const event of ['readable', 'close', 'error']) {
    assert.equal(socket.listeners(event).filter((listener) => listener.name === event).length, 0, event)
  }
})

test('connection: failure is what ended it first, and undefined before', async (context) => {
  const { connection } = await bench(context)
  assert.equal(connection.failure, undefined)
  connection.fail(REVOKED)
  connection.fail(new Error('too late'))
  assert.equal(connection.failure, REVOKED)
})

test('connection: a client that only closes its side is no failure', async (context) => {
  const { connection, client } = await bench(context)
  client.end()
  assert.equal(await connection.read(SOON, 'silence'), undefined)
  assert.equal(connection.failure, undefined)
  await connection.write(Buffer.from('answer'), SOON)
})
