import assert from 'node:assert/strict'
import { exec, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { AuditBench } from '../support/audit-bench.ts'
import { Gateway } from '../support/gateway.ts'
import { iose } from '../support/iose.ts'
import { Random } from '../support/random.ts'

const WRITER = join(import.meta.dirname, '../support/audit-writer.js')
const KILLS = 200
const BUDGET_MS = 45_000

/** Runs a writer until it is killed, `afterMs` after its first sign of life. @returns what it acknowledged */
async function killedWriter(path: string, first: number, afterMs: number): Promise<number[]> {
  const child = spawn(process.execPath, [WRITER, path, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
  const closed = once(child, 'close')
  await Promise.race([once(child.stdout, 'data'), closed])
  await delay(afterMs)
  child.kill('SIGKILL')
  await closed
  assert.equal(child.signalCode, 'SIGKILL', 'the writer ended by itself')
  // The last number may have been cut.
  return text.split('\n').slice(1, -1).map(Number)
}

test('audit: a writer that is killed again and again loses no record that it acknowledged', async (t) => {
  const bench = new AuditBench()
  const random = new Random(20_260_131)
  const acknowledged: number[] = []
  const expiresAt = performance.now() + BUDGET_MS
  let kills = 0
  // On a machine that is busy, fewer kills rather than a longer test.
  for (; kills < KILLS && performance.now() < expiresAt; kills++) {
    acknowledged.push(...(await killedWriter(bench.path, (kills + 1) * 1_000_000, random.int(25))))
    if (kills % 10 === 0) assert.deepEqual(await bench.findings(), [])
  }
  // Opening it again repairs what the last kill has torn.
  await bench.fill(0)
  assert.deepEqual(await bench.findings(), [])
  const there = new Set(bench.records().map(({ fields }) => fields['n']))
  assert.deepEqual(
    acknowledged.filter((n) => !there.has(n)),
    [],
  )
  assert.ok(acknowledged.length > kills, `${acknowledged.length} records, ${kills} kills`)
  const recovered = bench.records().filter(({ event }) => event === 'log.recovered').length
  t.diagnostic(`${kills} kills, ${acknowledged.length} records acknowledged, ${recovered} torn lines`)
})

test('audit: the gateway records start, reload and stop, over restarts and kills, and its log has the head', async () => {
  await using first = await Gateway.start('gateway.name = "box"\n')
  const opened = await first.logged('audit.opened')
  assert.equal(opened['sequence'], 2)
  await first.logged('audit.key-created', { level: 'warn', path: /pki\/audit\.key$/ })
  const mode = (file: string): number => statSync(join(first.stateDir, file)).mode & 0o777
  assert.deepEqual(
    [mode('pki/audit.key'), mode('audit'), mode('audit/audit-000001.jsonl')],
    [0o600, 0o700, 0o600],
  )
  first.signal('SIGHUP')
  await first.logged('config.reloaded')
  await using second = await first.restart('SIGTERM')
  assert.equal(first.all('audit.head').length, 1)
  assert.equal(second.all('audit.key-created').length, 0)
  await using third = await second.restart('SIGKILL')
  const text = readFileSync(join(third.stateDir, 'audit/audit-000001.jsonl'), 'utf8')
  const records = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { event: string; fields: object })
    // Elements come and go besides.
    .filter(({ event }) => event !== 'slot.changed')
  assert.deepEqual(
    records.map(({ event }) => event),
    [
      ...['log.created', 'gateway.started', 'config.reloaded', 'gateway.stopped'],
      ...['gateway.started', 'gateway.started'],
    ],
  )
  assert.deepEqual(Object.keys(records[1]?.fields ?? {}), ['name', 'version'])
  const { sequence, hash } = first.all('audit.head')[0] as unknown as { sequence: number; hash: string }
  const said = await iose(['audit', 'verify', '--state-dir', third.stateDir, '--head', `${sequence}:${hash}`])
  assert.deepEqual([said.exitCode, said.stderr], [0, ''])
  assert.match(said.stdout, /^\d+ records, .* head \d+:/)
})

test('audit: a second gateway on the same state directory does not start', async () => {
  await using gateway = await Gateway.start()
  const said = await said78(gateway)
  assert.match(said, /another gateway writes the audit log in .*\/state\/audit/)
})

test('audit: a log or a key that is not as it was keeps the gateway from starting, with a next step', async () => {
  const gateway = await Gateway.start()
  const log = join(gateway.stateDir, 'audit/audit-000001.jsonl')
  const key = join(gateway.stateDir, 'pki/audit.key')
  await using next = await gateway.restart('SIGKILL')
  await next.stop()
  const content = readFileSync(log, 'utf8')
  writeFileSync(log, content.replace('"gateway.started"', '"gateway.stopped"'))
  assert.match(
    await said78(next),
    /iose audit verify.*audit-000001\.jsonl:2: the record is not as it was written/,
  )
  assert.equal(readFileSync(log, 'utf8'), content.replace('"gateway.started"', '"gateway.stopped"'))
  writeFileSync(log, content)
  copyFileSync(key, `${key}.kept`)
  writeFileSync(key, `${'22'.repeat(32)}\n`)
  assert.match(await said78(next), /audit\.key_file: bring back the key.*audit-000001\.jsonl:1: /)
  writeFileSync(key, 'x')
  assert.match(await said78(next), /audit\.key_file: .*must hold 64 hex digits/)
  // A credential of systemd goes before the key of a first start.
  const credentials = join(next.stateDir, 'credentials')
  mkdirSync(credentials)
  copyFileSync(`${key}.kept`, join(credentials, 'audit-key'))
  chmodSync(join(credentials, 'audit-key'), 0o400)
  await using last = await next.restart('SIGTERM', { CREDENTIALS_DIRECTORY: credentials })
  await last.logged('audit.opened')
  last.configure('audit.key_file = "audit/key"')
  assert.match(await said78(last), /audit\.key_file: .* is in the directory of the log/)
  await last.stop()
  last.configure('audit.key_file = "elsewhere.key"')
  assert.match(await said78(last), /there is no .*elsewhere\.key/)
})

async function said78(gateway: Gateway): Promise<string> {
  const { stdout, stderr } = await promisify(exec)(`${gateway.commandLine} 2>&1; echo exit $?`)
  assert.match(stdout, /exit 78\n$/, stdout + stderr)
  return stdout.replaceAll('\n', ' ')
}
