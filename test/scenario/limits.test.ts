import assert from 'node:assert/strict'
import test from 'node:test'
import { Gateway } from '../support/gateway.ts'
import { askOnce, NodePeer, RawPeer } from '../support/peers.ts'

/** Connects and lets the gateway close at once: it is refused when that happens without a byte. */
async function checkRefused(gateway: Gateway, cause: string, localAddress = '127.0.0.1'): Promise<void> {
  using peer = await RawPeer.connect(gateway.port, { localAddress })
  assert.equal((await peer.ended()).bytes.length, 0)
  await gateway.logged('session.refused', { peer: peer.name, cause })
  assert.equal(gateway.all('session.closed', { peer: peer.name }).length, 0)
}

test('max_connections: so many clients are served, one more is refused, and a place becomes free again', async () => {
  await using gateway = await Gateway.start('tls_se.max_connections = 3')
  using first = await RawPeer.connect(gateway.port)
  using second = await RawPeer.connect(gateway.port)
  await using served = await NodePeer.open(gateway.port, 'key1.com')
  await checkRefused(gateway, '3 clients are connected already')
  await checkRefused(gateway, '3 clients are connected already', '127.0.0.2')
  assert.equal(await served.ask('?01unharmed'), 'unharmed')
  first.close()
  await gateway.logged('session.closed', { peer: first.name })
  assert.equal(await askOnce(gateway.port, 'key2.com'), 'hello')
  second.close()
})

test('max_connections_per_address: one address has so many places, another has its own', async () => {
  await using gateway = await Gateway.start('tls_se.max_connections_per_address = 2')
  const options = { localAddress: '127.0.0.2' }
  using first = await RawPeer.connect(gateway.port, options)
  using second = await RawPeer.connect(gateway.port, options)
  await checkRefused(gateway, '2 clients from this address are connected already', '127.0.0.2')
  assert.equal(await askOnce(gateway.port, 'key1.com'), 'hello')
  first.close('reset')
  await gateway.logged('session.closed', { peer: first.name })
  using third = await RawPeer.connect(gateway.port, options)
  await third.send('no TLS').ended()
  await gateway.logged('session.closed', { peer: third.name, code: 'peer.not-tls' })
  second.close()
})

test('2,000 clients that say nothing do not harm a session, nor those that come after them', async () => {
  await using gateway = await Gateway.start()
  await using early = await NodePeer.open(gateway.port, 'key1.com')
  const socketsBefore = gateway.sockets()
  const idle: RawPeer[] = []
  for (let host = 1; host <= 40; host++) {
    const localAddress = `127.0.1.${host}`
    const connecting = Array.from({ length: 50 }, () => RawPeer.connect(gateway.port, { localAddress }))
    idle.push(...(await Promise.all(connecting)))
    assert.equal(await early.ask(`?01${host}`), String(host))
  }
  assert.equal(await askOnce(gateway.port, 'key2.com'), 'hello')
  assert.ok(gateway.sockets() >= socketsBefore + 2_000)
  for (const peer of idle) peer.close('reset')
  await gateway.loggedTimes(2_000, 'session.closed', { code: 'peer.gone' })
  assert.equal(await early.ask('?01unharmed'), 'unharmed')
  await gateway.socketsBackTo(socketsBefore)
  assert.equal(gateway.all('session.refused').length, 0)
})
