// What the status plane of a running gateway shows, and to whom.

import assert from 'node:assert/strict'
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import type { SlotRow } from '../../src/status/row.ts'
import { Gateway } from '../support/gateway.ts'
import { NodePeer, shell, TlsPeer } from '../support/peers.ts'

test('a first start makes a token that only its owner reads, and the next start takes the same', async () => {
  await using gateway = await Gateway.start()
  const path = join(gateway.stateDir, 'status.token')
  assert.equal(statSync(path).mode & 0o777, 0o600)
  const token = readFileSync(path, 'utf8')
  assert.match(token, /^[\w-]{43}\n$/)
  await using again = await gateway.restart('SIGTERM')
  assert.equal(readFileSync(path, 'utf8'), token)
  assert.equal((await rowsOf(again)).length, 5)
  assert.equal(again.all('status.token-exposed').length, 0)
})

test('the status plane tells who holds an element, for how long, and who waits', async () => {
  await using gateway = await Gateway.start()
  const before = await rowsOf(gateway)
  assert.deepEqual(
    before.map(({ seid, sen, state, holder, queue }) => [seid, sen, state, holder, queue]),
    [1, 2, 3, 4]
      .map((n) => [`sim${n}`, `key${n}.com`, 'ready', null, 0])
      .concat([['sim5', null, 'ready', null, 0]]),
  )
  await using session = await NodePeer.open(gateway.port, 'key1.com')
  await session.ask('?01hello')
  using waiting = await TlsPeer.greet(gateway.port, { sni: 'key1.com' })
  await gateway.logged('lease.awaited')
  const [row] = await rowsOf(gateway)
  assert.ok(row)
  assert.match(row.holder ?? '', /^tls-se 127\.0\.0\.1:\d+$/)
  assert.deepEqual([row.state, row.queue, row.sessions], ['leased', 1, 1])
  assert.match(row.waiters[0]?.holder ?? '', /^tls-se 127\.0\.0\.1:\d+$/)
  assert.ok(Date.now() - Date.parse(row.held_since ?? '') < 10_000)
  waiting.raw.socket.destroy()
})

test('a token of the operator is taken as it is, and one that others can read is warned about', async () => {
  await using gateway = await Gateway.start()
  const path = join(gateway.stateDir, 'status.token')
  writeFileSync(path, 'a-token-of-mine-1234\n')
  chmodSync(path, 0o644)
  await using again = await gateway.restart('SIGTERM')
  assert.equal((await rowsOf(again)).length, 5)
  assert.equal(again.all('status.token-exposed').length, 1)
})

test('an operator token that is configured and not there keeps the gateway from starting, with what to do', async () => {
  await using gateway = await Gateway.start()
  await gateway.stop()
  gateway.configure('status.operator_token_file = "operator.token"')
  const said = await shell(`${gateway.commandLine}; echo "exit $?"`)
  assert.match(said, /status\.operator_token_file: no .*operator\.token; make one: .*umask 077/)
  assert.match(said, /exit 78/)
})

test('an operator sets a slot aside and releases it; what somebody holds is not reset', async () => {
  await using first = await Gateway.start()
  writeFileSync(join(first.stateDir, 'operator.token'), 'the-token-of-an-operator', { mode: 0o600 })
  first.configure('status.operator_token_file = "operator.token"')
  await using gateway = await first.restart('SIGTERM')
  const order = async (name: string): Promise<[number, unknown]> => {
    const origin = `http://127.0.0.1:${gateway.statusPort}`
    const headers = { authorization: 'Bearer the-token-of-an-operator', origin }
    const response = await fetch(`${origin}/api/slots/sim1/${name}`, { method: 'POST', headers })
    return [response.status, await response.json()]
  }
  assert.deepEqual(await order('reset'), [200, { outcome: 'sim1 was reset' }])
  {
    await using session = await NodePeer.open(gateway.port, 'key1.com')
    await session.ask('?01hello')
    assert.equal((await order('reset'))[0], 409)
    assert.deepEqual(await order('quarantine'), [200, { outcome: 'sim1 is quarantined' }])
  }
  const [row] = await rowsOf(gateway)
  assert.deepEqual([row?.state, row?.last?.code], ['quarantined', 'lease.revoked'])
  assert.match(row?.last?.cause ?? '', /set aside by status operator/)
  assert.equal((await order('reset'))[0], 502)
  assert.deepEqual(await order('release'), [200, { outcome: 'sim1 is ready' }])
})

async function rowsOf(gateway: Gateway): Promise<SlotRow[]> {
  const token = readFileSync(join(gateway.stateDir, 'status.token'), 'utf8').trim()
  const headers = { authorization: `Bearer ${token}` }
  const response = await fetch(`http://127.0.0.1:${gateway.statusPort}/api/slots`, { headers })
  assert.equal(response.status, 200)
  return (await response.json()) as SlotRow[]
}
