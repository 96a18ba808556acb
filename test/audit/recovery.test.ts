import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { AuditError } from '../../src/audit/errors.ts'
import { lockDirectory } from '../../src/audit/lock.ts'
import { AuditBench, KEY } from '../support/audit-bench.ts'

/** What opening the log ends with. */
async function refusalOf(bench: AuditBench, key = KEY): Promise<AuditError> {
  const error = await bench.open({ key }).then(
    () => assert.fail('opened'),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof AuditError, String(error))
  return error
}

test('audit: a last line that was torn at any length is cut off, and the log tells how long it was', async () => {
  const bench = new AuditBench()
  await bench.fill(2)
  const lines = bench.lines()
  const kept = lines.slice(0, 2).map((line) => `${line}\n`)
  const torn = lines[2] ?? ''
  for (let bytes = 1; bytes <= torn.length; bytes++) {
    bench.write(kept.join('') + torn.slice(0, bytes))
    await bench.fill(1)
    const after = bench.records().slice(2)
    assert.deepEqual(
      after.map(({ seq, event }) => [seq, event]),
      [
        [3, 'log.recovered'],
        [4, 'lease.granted'],
      ],
    )
    assert.deepEqual(after[0]?.fields, { bytes, file: 'audit-000001.jsonl' })
    if (bytes % 50 === 0) assert.deepEqual(await bench.findings(), [])
  }
})

test('audit: zero bytes behind the last line, as a power cut may leave them, are cut off', async () => {
  const bench = new AuditBench()
  await bench.fill(2)
  bench.write(bench.read() + '\0'.repeat(10_000))
  await bench.fill(1)
  assert.deepEqual(await bench.findings(), [])
})

test('audit: a first record that was torn makes a new log', async () => {
  for (const content of ['', '{"seq":1,"at']) {
    const bench = new AuditBench()
    mkdirSync(bench.path, { recursive: true })
    bench.write(content)
    await bench.fill(1)
    assert.equal(bench.records()[0]?.event, 'log.created')
    assert.deepEqual(await bench.findings(), [])
  }
})

test('audit: a crash between two files loses nothing', async () => {
  for (const content of ['', '{"seq":5,"at":"20']) {
    const bench = new AuditBench()
    await bench.fill(3)
    bench.write(content, 'audit-000002.jsonl')
    await bench.fill(1)
    const events = bench.records().map(({ event }) => event)
    const recovered = content === '' ? [] : ['log.recovered']
    const [created, ...leases] = ['log.created', 'lease.granted', 'lease.granted', 'lease.granted']
    assert.deepEqual(events, [created, ...leases, 'log.rotated', ...recovered, 'lease.granted'])
    assert.deepEqual(await bench.findings(), [])
  }
})

test('audit: whatever else is wrong in the last file stays as it is, and the log is not opened', async () => {
  const bench = new AuditBench()
  await bench.fill(4)
  const lines = bench.lines()
  const damaged = {
    garbage: lines.with(2, 'garbage'),
    edited: lines.with(2, (lines[2] ?? '').replace('sim1', 'sim2')),
    missing: lines.toSpliced(2, 1),
    twice: lines.toSpliced(2, 0, lines[1] ?? ''),
    empty: lines.toSpliced(2, 0, ''),
  }
  for (const [name, content] of Object.entries(damaged)) {
    bench.writeLines(content)
    const before = bench.read()
    const error = await refusalOf(bench)
    assert.equal(error.code, 'audit.damaged', name)
    assert.match(error.message, /audit-000001\.jsonl:3: /, name)
    assert.equal(bench.read(), before)
  }
})

test('audit: the key of another log opens nothing', async () => {
  const bench = new AuditBench()
  await bench.fill(1)
  const error = await refusalOf(bench, KEY.toReversed())
  assert.equal(error.code, 'audit.key')
  assert.match(error.message, /:1: .*not the key of the log/)
})

test('audit: an empty last file without the file before it is not gone on with', async () => {
  const bench = new AuditBench()
  await bench.fill(1)
  rmSync(join(bench.path, 'audit-000001.jsonl'))
  bench.write('', 'audit-000002.jsonl')
  assert.match((await refusalOf(bench)).message, /the file before it is missing/)
  bench.write('torn', 'audit-000001.jsonl')
  assert.match((await refusalOf(bench)).message, /audit-000001\.jsonl: its last line is cut/)
})

test('audit: a directory has one holder at a time, and is free when it lets go', async () => {
  const bench = new AuditBench()
  await bench.fill(1)
  const lock = await lockDirectory(bench.path)
  await assert.rejects(lockDirectory(bench.path), /another gateway writes the audit log/)
  await lock[Symbol.asyncDispose]()
  const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => lockDirectory(bench.path)))
  const holders = outcomes.filter((outcome) => outcome.status === 'fulfilled')
  assert.equal(holders.length, 1)
  await holders[0]?.value[Symbol.asyncDispose]()
  assert.ok(!existsSync(join(bench.path, 'lock')))
})

test('audit: the directory of a holder that was killed is free, for one of those who come', async () => {
  const bench = new AuditBench()
  await bench.fill(1)
  const script = `require('node:net').createServer().listen(${JSON.stringify(join(bench.path, 'lock'))}, () => console.log('held'))`
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  await assert.rejects(lockDirectory(bench.path), /another gateway/)
  child.kill('SIGKILL')
  await once(child, 'exit')
  assert.ok(existsSync(join(bench.path, 'lock')))
  const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => lockDirectory(bench.path)))
  const holders = outcomes.filter((outcome) => outcome.status === 'fulfilled')
  assert.equal(holders.length, 1)
  await holders[0]?.value[Symbol.asyncDispose]()
})
