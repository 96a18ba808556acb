// What happens to sessions that are under way when the gateway is told to stop.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import test from 'node:test'
import { connect } from 'node:tls'
import { Gateway } from '../support/gateway.ts'
import { NodePeer, RawPeer, TlsPeer } from '../support/peers.ts'
import { certificateOf, RacsPeer } from '../support/racs-plane.ts'

const DRAINING = 'gateway.drain_ms = 3000\n'
const SELECT = '00A4040006010203040500'

test('a session that is under way at SIGTERM ends as its client wants, and one that waits has its turn', async () => {
  await using gateway = await Gateway.start(DRAINING)
  await using open = await NodePeer.open(gateway.port, 'key1.com')
  const waiting = NodePeer.open(gateway.port, 'key1.com')
  await gateway.logged('lease.awaited')
  using silent = await RawPeer.connect(gateway.port)
  const stopped = gateway.stop()
  await gateway.logged('gateway.stopping')
  await assert.rejects(RawPeer.connect(gateway.port), { code: 'ECONNREFUSED' })
  assert.equal(await open.ask('?01last words'), 'last words')
  await open[Symbol.asyncDispose]()
  await using second = await waiting
  assert.equal(await second.ask('?01mine'), 'mine')
  await second[Symbol.asyncDispose]()
  silent[Symbol.dispose]()
  const startedAt = performance.now()
  assert.equal(await stopped, 0)
  assert.ok(performance.now() - startedAt < 2_000, 'it does not wait for nobody')
  assert.equal(gateway.all('session.closed', { code: 'lease.revoked' }).length, 0)
})

test('a session that does not end by itself is ended after drain_ms', async () => {
  await using gateway = await Gateway.start('gateway.drain_ms = 300\n')
  using open = await TlsPeer.open(gateway.port, { sni: 'key1.com' })
  const startedAt = performance.now()
  const end = open.raw.ended()
  assert.equal(await gateway.stop(), 0)
  assert.ok(performance.now() - startedAt >= 300)
  await end
  assert.equal(gateway.all('session.closed', { code: 'lease.revoked' }).length, 1)
})

test('an administrator between two requests is ended at once, a new one after its first, one within at its END', async () => {
  await using gateway = await Gateway.start(DRAINING)
  await using idle = await RacsPeer.open(gateway.racsPort, 'operator')
  await idle.ask('POWERON sim1')
  await using busy = await RacsPeer.open(gateway.racsPort, 'operator')
  await busy.send('BEGIN\r\nPOWERON sim2\r\n')
  await gateway.logged('lease.granted', { seid: 'sim2' })
  await using fresh = await RacsPeer.open(gateway.racsPort, 'operator')
  const stopped = gateway.stop()
  await idle.closed()
  assert.match((await fresh.ask('LIST')).join(), /sim1/)
  await fresh.closed()
  await busy.send(`APDU sim2 ${SELECT}\r\nEND\r\n`)
  assert.match(await busy.response(), /9000/)
  await busy.closed()
  assert.equal(await stopped, 0)
  assert.equal(gateway.all('racs.closed', { code: 'lease.revoked' }).length, 3)
})

test('over HTTP the answer that is under way says that it is the last', async () => {
  await using gateway = await Gateway.start(
    `${DRAINING}[[slots]]\ndriver = "simulator"\nseid = "slow"\nlatency = "p71"\n`,
  )
  const options = { host: '127.0.0.1', port: gateway.racsPort, ...certificateOf('operator') }
  const socket = connect(options)
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk))
  await once(socket, 'secureConnect')
  const request = `GET /RACS?BEGIN=a&POWERON=slow&APDU=slow%20${SELECT}&END= HTTP/1.1\r\nHost: a\r\n\r\n`
  socket.write(request)
  await gateway.logged('lease.granted')
  const stopped = gateway.stop()
  await once(socket, 'end')
  assert.match(text, /9000/)
  assert.match(text, /connection: close/i)
  socket.end()
  assert.equal(await stopped, 0)
})
