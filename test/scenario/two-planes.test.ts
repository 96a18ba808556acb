// One element, two planes: whoever has it has it alone.

import assert from 'node:assert/strict'
import test from 'node:test'
import { Gateway } from '../support/gateway.ts'
import { askOnce, NodePeer, TlsPeer } from '../support/peers.ts'
import { RacsPeer } from '../support/racs-plane.ts'

const SELECT = '00A4040006010203040500'

test('racs: an element in a TLS-SE session is refused, and the session goes on (L01)', async () => {
  await using gateway = await Gateway.start()
  await using racs = await RacsPeer.open(gateway.racsPort, 'operator')
  {
    await using session = await NodePeer.open(gateway.port, 'key1.com')
    assert.equal(await session.ask('?01before'), 'before')
    for (const line of ['POWERON sim1', 'RESET sim1', `APDU sim1 ${SELECT}`, 'SEN sim1 other.com']) {
      const [answer = ''] = await racs.ask(line)
      assert.match(answer, /^-7\d\d 001 in use: held by tls-se 127\.0\.0\.1:\d+ for \d+ s$/, line)
    }
    assert.deepEqual(await racs.ask('GET-SEN sim1'), ['+011 001 key1.com [AID= default]'])
    assert.equal(await session.ask('?01after'), 'after')
  }
  await gateway.logged('session.closed')
  assert.deepEqual(await racs.ask('POWERON sim1', `APDU sim1 ${SELECT}`), ['+006 002 9000'])
})

test('a TLS-SE client waits for an element that an administrator holds, and gets it reset at SHUTDOWN', async () => {
  await using gateway = await Gateway.start()
  await using racs = await RacsPeer.open(gateway.racsPort, 'operator')
  await racs.ask('POWERON sim1', `APDU sim1 ${SELECT}`)
  using waiting = await TlsPeer.greet(gateway.port, { sni: 'key1.com' })
  await gateway.logged('lease.awaited', { heldBy: /^racs operator 127/ })
  assert.match((await racs.ask(`APDU sim1 ${SELECT}`))[0]!, /^\+006 001 /)
  assert.deepEqual(await racs.ask('SHUTDOWN sim1'), ['+007 001 sim1 is off'])
  await waiting.finish()
  assert.equal(await waiting.say('?01hello\r\n'), 'hello\r\n')
  assert.match((await racs.ask('POWERON sim1'))[0]!, /^-708 001 in use: held by tls-se /)
})

test('a TLS-SE client waits too long for an element that an administrator holds', async () => {
  await using gateway = await Gateway.start('tls_se.queue_wait_ms = 200')
  await using racs = await RacsPeer.open(gateway.racsPort, 'operator')
  await racs.ask('POWERON sim1')
  await assert.rejects(askOnce(gateway.port, 'key1.com'), /internal error/)
  const { cause } = await gateway.logged('session.closed', { code: 'lease.expired' })
  assert.match(String(cause), /still held by racs operator 127/)
  assert.deepEqual(await racs.ask('POWERON sim1'), ['+008 001 sim1 was on already'])
})

test('the end of a RACS session frees its elements for TLS-SE clients', async () => {
  await using gateway = await Gateway.start()
  const racs = await RacsPeer.open(gateway.racsPort, 'operator')
  await racs.ask('POWERON sim1', 'POWERON sim2', `APDU sim1 ${SELECT}`)
  racs.reset()
  assert.equal(await askOnce(gateway.port, 'key1.com'), 'hello')
  assert.equal(await askOnce(gateway.port, 'key2.com'), 'hello')
})

test('fifty clients of both planes fight for one element: each is served or told why, and it ends free', async () => {
  await using gateway = await Gateway.start()
  let served = 0
  const administrate = async (): Promise<void> => {
    await using racs = await RacsPeer.open(gateway.racsPort, 'operator')
    const [answer = ''] = await racs.ask('POWERON sim1', `APDU sim1 ${SELECT} CONTINUE=9000`, 'SHUTDOWN sim1')
    assert.match(answer, /^(\+007 003 sim1 is off|-708 001 in use: held by (tls-se|racs operator) .*)$/)
    if (answer.startsWith('+')) served++
  }
  const use = async (): Promise<void> => {
    const outcome = await askOnce(gateway.port, 'key1.com').catch((error: unknown) => String(error))
    assert.match(outcome, /^hello$|internal error|socket disconnected/)
    if (outcome === 'hello') served++
  }
  await Promise.all(Array.from({ length: 50 }, (_, n) => (n % 2 === 0 ? administrate() : use())))
  assert.ok(served > 5, `${served} served`)
  assert.equal(await askOnce(gateway.port, 'key1.com'), 'hello')
  await using racs = await RacsPeer.open(gateway.racsPort, 'operator')
  await gateway.loggedTimes(26, 'session.closed')
  assert.deepEqual(await racs.ask('POWERON sim1'), ['+008 001 sim1 is on'])
})
