import assert from 'node:assert/strict'
import { appendFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { AuditError, type AuditErrorCode } from '../../src/audit/errors.ts'
import { AuditBench } from '../support/audit-bench.ts'
import { FaultyDisk } from '../support/faulty-disk.ts'
import { RecordedLog } from '../support/recorded-log.ts'

async function fails(promise: Promise<unknown>, code: AuditErrorCode): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof AuditError, String(error))
    assert.equal(error.code, code, error.message)
    return true
  })
}

test("audit: a new log begins with its name, and is its owner's only", async () => {
  const bench = new AuditBench()
  await bench.fill(1)
  const [first, second] = bench.records()
  assert.deepEqual(
    [first?.event, first?.fields['name'], first?.fields['version']],
    ['log.created', 'test', 1],
  )
  assert.match(String(first?.fields['id']), /^[0-9a-f]{32}$/)
  assert.deepEqual([second?.seq, second?.event, second?.fields], [2, 'lease.granted', { n: 1, seid: 'sim1' }])
  assert.equal(statSync(bench.path).mode & 0o777, 0o700)
  assert.equal(statSync(join(bench.path, 'audit-000001.jsonl')).mode & 0o777, 0o600)
})

test('audit: a log that is opened again goes on, and its head is that of the disk', async () => {
  const bench = new AuditBench()
  await bench.fill(3)
  await using log = await bench.open()
  assert.equal(log.head().sequence, 4)
  await log.record('lease.ended')
  const { last, findings } = await bench.verify()
  assert.deepEqual(findings, [])
  assert.deepEqual(log.head(), last)
})

test('audit: ten thousand records at once keep their order, and take a few syncs', async () => {
  const bench = new AuditBench()
  const disk = new FaultyDisk()
  const settled: number[] = []
  {
    await using log = await bench.open({ maxFileBytes: 1 << 24 }, disk.wrap)
    const records = Array.from({ length: 10_000 }, (_, n) =>
      log.record('apdu.sent', { n }).then(() => settled.push(n)),
    )
    await Promise.all(records)
  }
  assert.ok(disk.syncs < 20, `${disk.syncs} syncs`)
  const ns = bench
    .records()
    .slice(1)
    .map(({ fields }) => fields['n'])
  assert.deepEqual(
    ns,
    Array.from({ length: 10_000 }, (_, n) => n),
  )
  assert.deepEqual(settled, ns)
  assert.deepEqual(await bench.findings(), [])
})

test('audit: what a record says is what its fields were when it was made', async () => {
  const bench = new AuditBench()
  {
    await using log = await bench.open()
    const fields = { n: 1 }
    const recorded = Promise.all([log.record('a.b', fields), log.record('a.b', fields)])
    fields.n = 2
    await recorded
  }
  assert.deepEqual(
    bench
      .records()
      .slice(1)
      .map(({ fields }) => fields),
    [{ n: 1 }, { n: 1 }],
  )
})

test('audit: a file is as long as its limit allows, and not a byte longer', async () => {
  const sizes = new AuditBench()
  await sizes.fill(5)
  const limit = sizes.read().length
  const [exact, short] = [new AuditBench(), new AuditBench()]
  await exact.fill(5, { maxFileBytes: limit })
  assert.deepEqual(exact.files, ['audit-000001.jsonl'])
  await short.fill(5, { maxFileBytes: limit - 1 })
  assert.deepEqual(short.files, ['audit-000001.jsonl', 'audit-000002.jsonl'])
  const [before, first] = [short.lines().at(-1), short.lines('audit-000002.jsonl')[0]]
  const { seq, hash } = JSON.parse(before ?? '') as { seq: number; hash: string }
  const { event, fields, prev } = JSON.parse(first ?? '') as { event: string; fields: object; prev: string }
  const { id, name } = short.records()[0]?.fields ?? {}
  assert.deepEqual([event, fields, prev], ['log.rotated', { hash, id, name, records: seq }, hash])
  assert.deepEqual(await short.findings(), [])
})

test('audit: a limit that is shorter than a record makes a file for each, and a burst goes over many', async () => {
  const bench = new AuditBench()
  {
    await using log = await bench.open({ maxFileBytes: 1 })
    await Promise.all(Array.from({ length: 12 }, (_, n) => log.record('a.b', { n })))
  }
  // The first one has the name of the log only.
  assert.equal(bench.files.length, 13)
  await bench.fill(1, { maxFileBytes: 1 })
  assert.deepEqual(await bench.findings(), [])
})

test('audit: on a full disk "stop" rejects, and the log shows how many when there is room again', async () => {
  const bench = new AuditBench()
  const disk = new FaultyDisk()
  const lines = new RecordedLog()
  {
    await using log = await bench.open({ log: lines }, disk.wrap)
    disk.roomBytes = 100
    await fails(log.record('a.b', { n: 1 }), 'audit.unwritable')
    await Promise.all([2, 3].map((n) => fails(log.record('a.b', { n }), 'audit.unwritable')))
    assert.equal(log.head().sequence, 1)
    disk.roomBytes = Infinity
    await log.record('a.b', { n: 4 })
  }
  const told = bench.records().slice(1)
  assert.deepEqual(
    told.map(({ event }) => event),
    ['log.resumed', 'a.b'],
  )
  assert.equal(told[0]?.fields['lost'], 3)
  assert.deepEqual(await bench.findings(), [])
  const events = lines.lines.map(({ level, event }) => `${level} ${event}`)
  assert.deepEqual(events, ['error audit.failed', 'warn audit.resumed'])
})

test('audit: on a full disk "count" goes on, and tells at the latest when the log is closed', async () => {
  const bench = new AuditBench()
  const disk = new FaultyDisk()
  {
    await using log = await bench.open({ onFull: 'count' }, disk.wrap)
    disk.roomBytes = 10
    await Promise.all(Array.from({ length: 5 }, (_, n) => log.record('a.b', { n })))
    disk.roomBytes = Infinity
  }
  assert.deepEqual(
    bench.records().map(({ event, fields }) => [event, fields['lost']]),
    [
      ['log.created', undefined],
      ['log.resumed', 5],
    ],
  )
  assert.deepEqual(await bench.findings(), [])
})

test('audit: after a sync that failed "stop" trusts nothing any more, until it is opened again', async () => {
  const bench = new AuditBench()
  const disk = new FaultyDisk()
  {
    await using log = await bench.open({}, disk.wrap)
    disk.failsSync = true
    await fails(log.record('a.b', { n: 1 }), 'audit.broken')
    disk.failsSync = false
    await fails(log.record('a.b', { n: 2 }), 'audit.broken')
  }
  await bench.fill(1)
  assert.deepEqual(await bench.findings(), [])
})

test('audit: after a sync that failed "count" cuts off what is not sure, and goes on', async () => {
  const bench = new AuditBench()
  const disk = new FaultyDisk()
  {
    await using log = await bench.open({ onFull: 'count' }, disk.wrap)
    disk.failsSync = true
    await log.record('a.b', { n: 1 })
    await log.record('a.b', { n: 2 })
    disk.failsSync = false
    await log.record('a.b', { n: 3 })
  }
  assert.deepEqual(
    bench.records().map(({ event, fields }) => [event, fields['lost'] ?? fields['n']]),
    [
      ['log.created', undefined],
      ['log.resumed', 2],
      ['a.b', 3],
    ],
  )
  assert.deepEqual(await bench.findings(), [])
})

test('audit: a disk that is full when the file is full loses nothing that it had', async () => {
  const bench = new AuditBench()
  const disk = new FaultyDisk()
  {
    await using log = await bench.open({ maxFileBytes: 1 }, disk.wrap)
    disk.failsCreate = true
    await fails(log.record('a.b', { n: 1 }), 'audit.unwritable')
    disk.failsCreate = false
    disk.roomBytes = 50
    await fails(log.record('a.b', { n: 2 }), 'audit.unwritable')
    disk.roomBytes = Infinity
    await log.record('a.b', { n: 3 })
  }
  assert.deepEqual(
    bench.records().map(({ event }) => event),
    [...['log.created', 'log.rotated', 'log.resumed'], ...['log.rotated', 'a.b']],
  )
  assert.deepEqual(await bench.findings(), [])
})

test('audit: whoever else writes to the file, or removes it, is found out before the next record', async () => {
  for (const meddle of [(path: string) => appendFileSync(path, 'x'), (path: string) => rmSync(path)]) {
    const bench = new AuditBench()
    await using log = await bench.open()
    await log.record('a.b')
    meddle(join(bench.path, 'audit-000001.jsonl'))
    await fails(log.record('a.b'), 'audit.broken')
    await fails(log.record('a.b'), 'audit.broken')
  }
})

test('audit: more records than may wait are refused', async () => {
  const bench = new AuditBench()
  await using log = await bench.open({ maxWaiting: 10 })
  const outcomes = await Promise.allSettled(Array.from({ length: 30 }, (_, n) => log.record('a.b', { n })))
  const refused = outcomes.filter(({ status }) => status === 'rejected')
  // The first is on its way already.
  assert.equal(refused.length, 19)
  await log.record('a.b')
  assert.deepEqual(await bench.findings(), [])
})

test('audit: a log that is closed writes what waits and takes no more', async () => {
  const bench = new AuditBench()
  const log = await bench.open()
  const recorded = log.record('a.b')
  await log[Symbol.asyncDispose]()
  await recorded
  await fails(log.record('a.b'), 'audit.closed')
  await log[Symbol.asyncDispose]()
  assert.equal(bench.records().length, 2)
})
