import assert from 'node:assert/strict'
import test from 'node:test'
import { Gateway } from '../support/gateway.ts'
import { askOnce, TlsPeer } from '../support/peers.ts'

const ALERT_HANDSHAKE_FAILURE = Buffer.from('15030300020228', 'hex')

test('a wrong PSK gets handshake_failure, and is logged as refused although the client then closes', async () => {
  await using gateway = await Gateway.start()
  using peer = await TlsPeer.greet(gateway.port, { sni: 'key1.com', psk: Buffer.alloc(32, 0xee) })
  assert.deepEqual(await peer.raw.ended(), { bytes: ALERT_HANDSHAKE_FAILURE, by: 'fin' })
  const end = await gateway.logged('session.closed')
  assert.equal(end['code'], 'peer.refused')
  assert.match(String(end['cause']), /refused the handshake with 6D16: wrong PSK or identity, most likely/)
  assert.equal(await askOnce(gateway.port, 'key1.com'), 'hello')
})

test('a client Finished that the element refuses ends in a close, and is logged as refused', async () => {
  await using gateway = await Gateway.start()
  using peer = await TlsPeer.greet(gateway.port, { sni: 'key1.com' })
  peer.tls.readServerFlight(Buffer.concat(await peer.raw.records(3)))
  const finished = peer.tls.clientFinished()
  finished.writeUInt8(finished.readUInt8(20) ^ 1, 20)
  peer.raw.send(finished)
  assert.deepEqual(await peer.raw.ended(), { bytes: Buffer.alloc(0), by: 'fin' })
  await gateway.logged('session.closed', { code: 'peer.refused', cause: /refused the handshake with 6D16/ })
  assert.equal(await askOnce(gateway.port, 'key1.com'), 'hello')
})

test('close_notify and FIN are a close by the client, a damaged record is a refusal', async () => {
  await using gateway = await Gateway.start()
  using leaver = await TlsPeer.open(gateway.port, { sni: 'key1.com' })
  leaver.raw.send(leaver.tls.seal(Uint8Array.of(1, 0), { type: 0x15 })).close()
  assert.deepEqual(await leaver.raw.ended(), { bytes: Buffer.alloc(0), by: 'fin' })
  await gateway.logged('session.closed', { code: 'closed', cause: 'closed by the client' })

  using damaging = await TlsPeer.open(gateway.port, { sni: 'key1.com' })
  const damaged = damaging.tls.seal('?00\r\n')
  damaged.writeUInt8(damaged.readUInt8(8) ^ 1, 8)
  damaging.raw.send(damaged)
  // The client keeps its side open: this was no goodbye.
  await gateway.logged('session.closed', { code: 'peer.refused', cause: 'the element refused the record' })
  assert.equal(await askOnce(gateway.port, 'key1.com'), 'hello')
})
