import assert from 'node:assert/strict'
import test from 'node:test'
import { Gateway } from '../support/gateway.ts'
import { askOnce, NodePeer, TlsPeer } from '../support/peers.ts'

const ALERT_INTERNAL_ERROR = Buffer.from('15030300020250', 'hex')
const ONE_SLOT = '[[slots]]\ndriver = "simulator"\nsen = "key1.com"\n'

/** A client that stands in the queue for key1.com, its ClientHello sent. */
async function waiterOn(gateway: Gateway): Promise<TlsPeer> {
  const peer = await TlsPeer.greet(gateway.port, { sni: 'key1.com' })
  await gateway.logged('lease.awaited', { holder: `tls-se ${peer.raw.name}` })
  return peer
}

test('a second client on a busy name waits for its turn and is then served', async () => {
  await using gateway = await Gateway.start(ONE_SLOT)
  const holder = await NodePeer.open(gateway.port, 'key1.com')
  using second = await waiterOn(gateway)
  assert.equal(await holder.ask('?01still mine'), 'still mine')
  assert.equal(gateway.all('session.routed').length, 1)
  await holder[Symbol.asyncDispose]()
  await second.finish()
  assert.equal(await second.say('?01my turn\r\n'), 'my turn\r\n')
})

test('three clients that wait are served in the order in which they came', async () => {
  await using gateway = await Gateway.start(ONE_SLOT)
  const holder = await NodePeer.open(gateway.port, 'key1.com')
  using first = await waiterOn(gateway)
  using second = await waiterOn(gateway)
  using third = await waiterOn(gateway)
  await holder[Symbol.asyncDispose]()
  const waiters = [first, second, third]
  for (const peer of waiters) {
    await peer.finish()
    peer.raw.close()
  }
  await gateway.loggedTimes(4, 'session.closed', { code: 'closed' })
  const served = gateway.all('session.routed').slice(1)
  assert.deepEqual(
    served.map((line) => line['peer']),
    waiters.map((peer) => peer.raw.name),
  )
})

for (const how of ['fin', 'reset'] as const) {
  test(`a client that gives up while waiting (${how}) does not get the element`, async () => {
    await using gateway = await Gateway.start(ONE_SLOT)
    const holder = await NodePeer.open(gateway.port, 'key1.com')
    const socketsBefore = gateway.sockets()
    using quitter = await waiterOn(gateway)
    using patient = await waiterOn(gateway)
    const peer = quitter.raw.name
    quitter.raw.close(how)
    await gateway.logged('session.closed', { peer, code: 'peer.gone', commands: 0 })
    await gateway.socketsBackTo(socketsBefore + 1)
    await holder[Symbol.asyncDispose]()
    await patient.finish()
    assert.equal(gateway.all('session.routed', { peer }).length, 0)
    assert.equal(gateway.all('session.closed', { peer }).length, 1)
  })
}

test('a client that finds the queue full is told internal_error, and those before it are served', async () => {
  await using gateway = await Gateway.start(`tls_se.queue_length = 2\n${ONE_SLOT}`)
  const holder = await NodePeer.open(gateway.port, 'key1.com')
  using first = await waiterOn(gateway)
  using second = await waiterOn(gateway)
  using third = await TlsPeer.greet(gateway.port, { sni: 'key1.com' })
  assert.deepEqual(await third.raw.ended(), { bytes: ALERT_INTERNAL_ERROR, by: 'fin' })
  const end = await gateway.logged('session.closed', { code: 'lease.queue-full' })
  assert.match(String(end['cause']), /^held by tls-se 127\.0\.0\.1:\d+, and 2 wait already$/)
  await holder[Symbol.asyncDispose]()
  await first.finish()
  first.raw.close()
  await second.finish()
})

test('a client that waits too long is told internal_error, and the holder does not notice', async () => {
  await using gateway = await Gateway.start(`tls_se.queue_wait_ms = 150\n${ONE_SLOT}`)
  const holder = await NodePeer.open(gateway.port, 'key1.com')
  using late = await waiterOn(gateway)
  assert.deepEqual(await late.raw.ended(), { bytes: ALERT_INTERNAL_ERROR, by: 'fin' })
  const end = await gateway.logged('session.closed', { code: 'lease.expired' })
  assert.match(String(end['cause']), /^waited 1\d\d ms, still held by tls-se 127\.0\.0\.1:\d+$/)
  assert.equal(await holder.ask('?01still mine'), 'still mine')
  await holder[Symbol.asyncDispose]()
  assert.equal(await askOnce(gateway.port, 'key1.com'), 'hello')
})

test('nothing of a session is left for the next holder: keys of the old one open nothing', async () => {
  await using gateway = await Gateway.start(ONE_SLOT)
  const holder = await TlsPeer.open(gateway.port, { sni: 'key1.com' })
  using second = await waiterOn(gateway)
  const stale = holder.tls.seal('?01leaked\r\n')
  holder.raw.close('reset')
  second.tls.readServerFlight(Buffer.concat(await second.raw.records(3)))
  // What the element would have answered to the holder it must not even decrypt now.
  second.raw.send(stale)
  assert.deepEqual(await second.raw.ended(), { bytes: Buffer.alloc(0), by: 'fin' })
  await gateway.logged('session.closed', { code: 'peer.refused', cause: /refused the handshake with 6D16/ })
  assert.equal(await askOnce(gateway.port, 'key1.com'), 'hello')
})
