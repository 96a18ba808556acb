// Who did what: two planes, and an operator, as the audit log has them.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { Gateway } from '../support/gateway.ts'
import { iose } from '../support/iose.ts'
import { askOnce } from '../support/peers.ts'
import { RacsPeer } from '../support/racs-plane.ts'

test('audit: sessions, commands and orders are in the log, and nothing of what was said', async () => {
  await using gateway = await Gateway.start()
  assert.equal(await askOnce(gateway.port, 'key1.com'), 'hello')
  await assert.rejects(askOnce(gateway.port, 'key2.com', new Uint8Array(32)))
  await using peer = await RacsPeer.open(gateway.racsPort, 'operator')
  await peer.ask('POWERON sim3', 'APDU sim3 00A4040006010203040500', 'APDU sim3 002000000439393939')
  await peer.ask('APDU sim9 00A4040006010203040500')
  await peer.ask('QUARANTINE sim4 ON')
  const text = readFileSync(join(gateway.stateDir, 'audit/audit-000001.jsonl'), 'utf8')
  const records = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { event: string; fields: Record<string, unknown> })
  const of = (event: string, ...names: string[]) =>
    records.filter((record) => record.event === event).map(({ fields }) => names.map((name) => fields[name]))
  assert.deepEqual(of('session.opened', 'sen', 'seid'), [
    ['key1.com', 'sim1'],
    ['key2.com', 'sim2'],
  ])
  assert.deepEqual(of('session.closed', 'sen', 'code'), [
    ['key1.com', 'closed'],
    ['key2.com', 'peer.refused'],
  ])
  assert.deepEqual(of('client.opened', 'user', 'cn'), [['operator', 'operator']])
  assert.deepEqual(of('command.started', 'user', 'command', 'seid', 'header'), [
    ['operator', 'POWERON', 'sim3', undefined],
    ['operator', 'APDU', 'sim3', '00A40400'],
    ['operator', 'APDU', 'sim3', '00200000'],
    ['operator', 'APDU', '?', '00A40400'],
    ['operator', 'QUARANTINE', 'sim4', undefined],
  ])
  assert.deepEqual(of('command.failed', 'seid', 'code'), [['?', 'access.unknown-seid']])
  assert.deepEqual(of('slot.changed', 'seid', 'to').at(-1), ['sim4', 'quarantined'])
  assert.ok(!text.includes('39393939') && !text.includes('010203040500'))
  const said = await iose(['audit', 'verify', '--state-dir', gateway.stateDir])
  assert.deepEqual([said.exitCode, said.stderr], [0, ''])
})

test('audit: its head is where others can keep it, and its state is a reason to alert', async () => {
  await using gateway = await Gateway.start()
  const ready = await fetch(`http://127.0.0.1:${gateway.statusPort}/health/ready`)
  const { audit_head: head, ready: isReady } = (await ready.json()) as {
    audit_head: { sequence: number; hash: string }
    ready: boolean
  }
  assert.equal(isReady, true)
  assert.match(head.hash, /^[0-9A-Fa-f]{64}$/)
  const published = `${head.sequence}:${head.hash}`
  const said = await iose(['audit', 'verify', '--state-dir', gateway.stateDir, '--head', published])
  assert.deepEqual([said.exitCode, said.stderr], [0, ''])
  const metrics = await (await fetch(`http://127.0.0.1:${gateway.statusPort}/metrics`)).text()
  assert.match(metrics, /^iose_audit_stopped 0$/m)
})
