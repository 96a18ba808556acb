// What a running gateway counts is exactly what has happened; and whoever asks whether it is ready learns the truth.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { keyOf, noPromtool, parsed, promtool, samplesOf } from '../support/exposition.ts'
import { Gateway } from '../support/gateway.ts'
import { NodePeer, TlsPeer } from '../support/peers.ts'
import { RacsPeer } from '../support/racs-plane.ts'

const SELECT = 'APDU sim1 00A4040006010203040500'
const WRONG_PIN = 'APDU sim1 002000000431313131'

test('after a few clients the figures are what they have done', async () => {
  await using gateway = await Gateway.start()
  const before = samplesOf(await scrape(gateway))
  await beClients(gateway)
  const text = await scrape(gateway)
  const after = samplesOf(text)
  const grown = (name: string, labels: Record<string, string> = {}): number => {
    const key = keyOf(name, labels)
    return (after.get(key) ?? NaN) - (before.get(key) ?? 0)
  }
  const sessions = (plane: string, code: string) => grown('iose_sessions_total', { plane, code })
  assert.deepEqual(
    ['closed', 'peer.refused', 'peer.unknown-sen'].map((code) => sessions('tls_se', code)),
    [1, 1, 1],
  )
  assert.equal(sessions('racs', 'closed'), 1)
  const codes = parsed(text).get('iose_sessions_total')?.samples.size
  assert.equal(codes, 4, 'no other code')
  assert.equal(grown('iose_handshake_seconds_count', { outcome: 'opened' }), 1)
  assert.equal(grown('iose_handshake_seconds_count', { outcome: 'failed' }), 1)
  assert.equal(grown('iose_session_wait_seconds_count'), 2)
  assert.equal(grown('iose_session_seconds_count', { plane: 'tls_se' }), 3)

  const logged = gateway.all('session.closed').reduce((sum, line) => sum + Number(line['commands']), 0)
  const apdus = (plane: string) => grown('iose_apdu_seconds_count', { plane, driver: 'simulator' })
  assert.ok(logged > 0)
  assert.equal(apdus('tls_se'), logged)
  assert.equal(apdus('racs'), 2)
  for (const plane of ['tls_se', 'racs']) {
    assert.equal(grown('iose_apdu_failures_total', { plane, driver: 'simulator' }), 0)
  }
  const sim1 = { seid: 'sim1', driver: 'simulator' }
  assert.equal(grown('iose_slot_leases_total', sim1), 3)
  assert.equal(grown('iose_slot_apdus_total', sim1), logged + 2)
  assert.equal(grown('iose_slot_resets_total', sim1), 3)
  assert.equal(grown('iose_slot_mutes_total', sim1), 0)
  assert.equal(grown('iose_tries_total', { kind: 'verification', outcome: 'counted' }), 1)
  assert.equal(grown('iose_tries_total', { kind: 'verification', outcome: 'refused' }), 0)
  assert.equal(grown('iose_tries_total', { kind: 'authentication', outcome: 'counted' }), 0)
  assert.equal(grown('iose_racs_commands_total', { command: 'APDU' }), 3)
  assert.equal(grown('iose_racs_command_failures_total', { code: 'access.forbidden' }), 1)
  assert.equal(grown('iose_racs_lines_total'), Number(gateway.all('racs.closed')[0]?.['lines']))
  for (const [name, labels] of [
    ['iose_racs_clients', {}],
    ['iose_connections', { plane: 'tls_se' }],
    ['iose_connections', { plane: 'racs' }],
    ['iose_leases', { plane: 'racs' }],
  ] as const) {
    assert.equal(after.get(keyOf(name, labels)), 0, name)
  }
  assert.equal(after.get(keyOf('iose_slots', { driver: 'simulator', state: 'ready' })), 5)
})

test('what is known of files, process and machine is right', async () => {
  await using gateway = await Gateway.start()
  await scrape(gateway)
  const samples = samplesOf(await scrape(gateway))
  const nowS = Date.now() / 1000
  for (const file of ['server', 'ca', 'crl']) {
    const atS = samples.get(keyOf('iose_certificate_expiry_seconds', { file }))
    assert.ok(atS !== undefined && atS > nowS && atS < nowS + 11 * 366 * 86_400, `${file}: ${atS}`)
  }
  assert.ok((samples.get('iose_state_free_bytes') ?? 0) > 1e6)
  assert.ok((samples.get('iose_process_open_fds') ?? 0) > gateway.sockets())
  assert.ok(Math.abs((samples.get('iose_process_start_time_seconds') ?? 0) - nowS) < 60)
  assert.ok((samples.get('iose_process_cpu_seconds_total') ?? 0) > 0.01)
  assert.ok((samples.get('iose_event_loop_delay_seconds{stat="max"}') ?? -1) >= 0)
})

test('promtool has nothing to say about a running gateway', { skip: noPromtool }, async () => {
  await using gateway = await Gateway.start()
  await beClients(gateway)
  assert.equal(promtool(['check', 'metrics'], await scrape(gateway)), '')
})

test('a gateway whose only element is set aside is not ready, until it is released', async () => {
  await using gateway = await Gateway.start(
    '[[slots]]\ndriver = "simulator"\nsen = "key1.com"\nseid = "sim1"\n',
  )
  assert.deepEqual(await readiness(gateway), [200, { ready: true, reasons: [] }])
  await using operator = await RacsPeer.open(gateway.racsPort, 'operator')
  await operator.ask('QUARANTINE sim1 ON')
  const reasons = ['no slot is ready: 1 quarantined']
  assert.deepEqual(await readiness(gateway), [503, { ready: false, reasons }])
  assert.equal((await fetch(`http://127.0.0.1:${gateway.statusPort}/health/alive`)).status, 200)
  await operator.ask('QUARANTINE sim1 OFF')
  assert.deepEqual(await readiness(gateway), [200, { ready: true, reasons: [] }])
})

test('a gateway that ends says so as long as a command runs', async () => {
  await using gateway = await Gateway.start(
    '[[slots]]\ndriver = "simulator"\nsen = "key1.com"\nlatency = "javacard-2020"\n',
  )
  // The element computes for almost a second.
  using client = await TlsPeer.greet(gateway.port, { sni: 'key1.com' })
  await gateway.logged('session.routed')
  gateway.signal('SIGTERM')
  await gateway.logged('gateway.stopping')
  const [status, { ready, reasons }] = await readiness(gateway)
  assert.deepEqual([status, ready], [503, false])
  for (const reason of ['draining', 'the plane tls_se does not accept']) {
    assert.ok(reasons.includes(reason), reasons.join())
  }
  await client.raw.ended()
  await gateway.logged('gateway.stopped')
})

/** A session that succeeds, one with a wrong key, one with an unknown name, and an administrator with a wrong PIN. */
async function beClients(gateway: Gateway): Promise<void> {
  const peer = await NodePeer.open(gateway.port, 'key1.com')
  assert.equal(await peer.ask('?01hello'), 'hello')
  await peer[Symbol.asyncDispose]()
  await gateway.logged('session.closed', { code: 'closed' })
  await assert.rejects(NodePeer.open(gateway.port, 'key1.com', new Uint8Array(32)))
  await gateway.logged('session.closed', { code: 'peer.refused' })
  await assert.rejects(NodePeer.open(gateway.port, 'nobody.example'))
  await gateway.logged('session.closed', { code: 'peer.unknown-sen' })
  const racs = await RacsPeer.open(gateway.racsPort, 'client')
  assert.deepEqual(await racs.ask(SELECT, WRONG_PIN), ['+006 002 6302'])
  assert.match((await racs.ask('APDU sim2 00A4040000'))[0] ?? '', /^-6/)
  await racs[Symbol.asyncDispose]()
  await gateway.logged('racs.closed')
}

async function scrape(gateway: Gateway): Promise<string> {
  const token = readFileSync(join(gateway.stateDir, 'status.token'), 'utf8').trim()
  const headers = { authorization: `Bearer ${token}` }
  const response = await fetch(`http://127.0.0.1:${gateway.statusPort}/metrics`, { headers })
  assert.equal(response.status, 200)
  return response.text()
}

async function readiness(gateway: Gateway): Promise<[number, { ready: boolean; reasons: string[] }]> {
  const response = await fetch(`http://127.0.0.1:${gateway.statusPort}/health/ready`)
  const { ready, reasons } = (await response.json()) as { ready: boolean; reasons: string[] }
  return [response.status, { ready, reasons }]
}
