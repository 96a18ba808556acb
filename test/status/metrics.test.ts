// What Prometheus is told, over slots made by hand.

import assert from 'node:assert/strict'
import test from 'node:test'
import type { Seid } from '../../src/slots/identity.ts'
import { beBusy, busyBench, CLIENT, COMMANDED, closed, PEER } from '../support/busy-status.ts'
import { keyOf, noPromtool, parsed, promtool, samplesOf } from '../support/exposition.ts'
import { reportOf, StatusBench } from '../support/status-bench.ts'

test('metrics: every family has a name of ours, a help of full sentences, a type and legal labels', async () => {
  await using bench = await busyBench()
  const families = parsed(await textOf(bench))
  assert.ok(families.size > 30)
  for (const [name, { help, type, samples }] of families) {
    assert.match(name, /^iose_[a-z0-9_]+$/)
    assert.match(help, /^[A-Z].{15,}\.$/, name)
    assert.ok(['counter', 'gauge', 'histogram'].includes(type), name)
    assert.equal(type === 'counter', name.endsWith('_total'), name)
    assert.ok(samples.size > 0, `${name} says nothing`)
    for (const key of samples.keys()) {
      const labels = [...key.matchAll(/[{,]([a-z0-9_]+)="/g)].map(([, label]) => label)
      assert.ok(
        labels.every((label) => LABELS.has(label ?? '')),
        key,
      )
    }
  }
})

test('metrics: promtool has nothing to say about them', { skip: noPromtool }, async () => {
  await using bench = await busyBench()
  assert.equal(promtool(['check', 'metrics'], await textOf(bench)), '')
})

test('metrics: no name, address or user of a client, and nothing of an element but its SEID', async () => {
  await using bench = await busyBench()
  assert.doesNotMatch(await textOf(bench), /192\.0\.2|alice|key\d|3B08|default pin/)
})

test('metrics: beyond loopback there is nothing without the token', async () => {
  await using bench = await StatusBench.start(undefined, '0.0.0.0')
  for (const path of ['/metrics', '/metrics?x=1']) {
    assert.equal((await bench.get(path, { token: '' })).status, 401)
    assert.equal((await bench.get(path)).status, 200)
  }
  assert.equal((await bench.get('/metrics', { method: 'POST' })).status, 405)
})

test('metrics: slots by state, one state each, and their counters', async () => {
  await using bench = await StatusBench.start([
    reportOf(1),
    reportOf(2, { state: 'leased', holder: 'tls-se 192.0.2.7:1', waiters: [waiter(1), waiter(2)] }),
    reportOf(3, { state: 'leased', holder: 'racs alice 192.0.2.7:1' }),
    reportOf(4, { state: 'quarantined', driver: 'i2c', seid: 'i2c-1-48' as Seid }),
  ])
  const samples = samplesOf(await textOf(bench))
  const value = (name: string, labels?: Record<string, string>) => samples.get(keyOf(name, labels))
  assert.equal(value('iose_slots', { driver: 'simulator', state: 'leased' }), 2)
  assert.equal(value('iose_slots', { driver: 'i2c', state: 'quarantined' }), 1)
  assert.equal(value('iose_slots', { driver: 'i2c', state: 'ready' }), 0)
  const [sim2, i2c] = [
    { seid: 'sim2', driver: 'simulator' },
    { seid: 'i2c-1-48', driver: 'i2c' },
  ]
  assert.equal(value('iose_slot_state', { ...sim2, state: 'leased' }), 1)
  assert.equal(value('iose_slot_state', { ...sim2, state: 'ready' }), 0)
  assert.equal(value('iose_slot_state', { ...i2c, state: 'quarantined' }), 1)
  assert.deepEqual(
    ['tls_se', 'racs', 'gateway'].map((plane) => value('iose_leases', { plane })),
    [1, 1, 0],
  )
  assert.equal(value('iose_lease_waiters', sim2), 2)
  assert.equal(value('iose_slot_leases_total', sim2), 3)
  assert.equal(value('iose_slot_apdus_total', i2c), 40)
  assert.equal(value('iose_slot_resets_total', i2c), 5)
  bench.reports.shift()
  assert.doesNotMatch(await textOf(bench), /sim1/)
})

test('metrics: a session that opened, one that failed at the element, one that never had one', async () => {
  await using bench = await StatusBench.start()
  const { observer } = bench.metrics
  const story = { ...PEER, cause: '', records: 1, commands: 2 }
  await observer.tell({ kind: 'session.opened', ...PEER, waitedMs: 400 })
  await observer.tell(closed({ ...story, code: 'closed', handshakeMs: 30, durationMs: 1_500 }))
  await observer.tell({ kind: 'session.opened', ...PEER, waitedMs: 100 })
  await observer.tell(closed({ ...story, code: 'peer.refused', handshakeMs: undefined, durationMs: 160 }))
  await observer.tell(closed({ ...story, code: 'peer.unknown-sen', handshakeMs: undefined, durationMs: 1 }))
  const samples = samplesOf(await textOf(bench))
  const value = (name: string, labels?: Record<string, string>) => samples.get(keyOf(name, labels))
  for (const code of ['closed', 'peer.refused', 'peer.unknown-sen']) {
    assert.equal(value('iose_sessions_total', { plane: 'tls_se', code }), 1)
  }
  assert.equal(value('iose_sessions_total', { plane: 'racs', code: 'closed' }), 0)
  assert.equal(value('iose_handshake_seconds_bucket', { outcome: 'opened', le: '0.05' }), 1)
  assert.equal(value('iose_handshake_seconds_bucket', { outcome: 'opened', le: '0.025' }), 0)
  assert.equal(value('iose_handshake_seconds_sum', { outcome: 'failed' }), 0.06)
  assert.equal(value('iose_handshake_seconds_count', { outcome: 'failed' }), 1)
  assert.equal(value('iose_session_wait_seconds_count'), 2)
  assert.equal(value('iose_session_wait_seconds_bucket', { le: '0.1' }), 1)
  assert.equal(value('iose_session_seconds_count', { plane: 'tls_se' }), 3)
})

test('metrics: commands by who has the element; a bucket holds all that is not longer', async () => {
  await using bench = await StatusBench.start()
  for (const [holder, durationMs] of [
    ['tls-se 192.0.2.7:1', 1],
    ['tls-se 192.0.2.7:1', 2.5],
    ['racs alice 192.0.2.7:1', 20_000],
    ['the gateway', 7],
  ] as const) {
    bench.events.publish({ ...COMMANDED, holder, durationMs })
  }
  bench.events.publish({ ...COMMANDED, outcome: 'failed' })
  const samples = samplesOf(await textOf(bench))
  const bucket = (plane: string, le: string) =>
    samples.get(keyOf('iose_apdu_seconds_bucket', { plane, driver: 'simulator', le }))
  assert.deepEqual(
    ['0.001', '0.0025', '0.005', '10', '+Inf'].map((le) => bucket('tls_se', le)),
    [1, 2, 3, 3, 3],
  )
  assert.deepEqual([bucket('racs', '10'), bucket('racs', '+Inf'), bucket('gateway', '0.01')], [0, 1, 1])
  const failures = (plane: string) =>
    samples.get(keyOf('iose_apdu_failures_total', { plane, driver: 'simulator' }))
  assert.deepEqual([failures('tls_se'), failures('racs')], [1, 0])
})

test('metrics: buses once, however many elements share them, and elements with a T=1 of ours', async () => {
  await using bench = await StatusBench.start()
  const bus = { busyMs: 1_500, transfers: 7, errors: 2, busySince: undefined }
  bench.wires = [
    { seid: 'a', medium: 'i2c-1', bus, t1: { repeats: 3, resyncs: 1 } },
    { seid: 'b', medium: 'i2c-1', bus, t1: undefined },
  ]
  const samples = samplesOf(await textOf(bench))
  assert.equal(samples.get('iose_bus_busy_seconds_total{bus="i2c-1"}'), 1.5)
  assert.equal(samples.get('iose_bus_errors_total{bus="i2c-1"}'), 2)
  assert.equal(samples.get('iose_t1_retransmissions_total{seid="a"}'), 3)
  assert.equal(samples.get('iose_t1_resyncs_total{seid="a"}'), 1)
  assert.equal(samples.get('iose_t1_resyncs_total{seid="b"}'), undefined)
})

test('metrics: counters and buckets only grow', async () => {
  await using bench = await busyBench()
  const growing = (text: string) =>
    new Map(
      [...parsed(text).values()]
        .filter(({ type }) => type !== 'gauge')
        .flatMap(({ samples }) => [...samples]),
    )
  const before = growing(await textOf(bench))
  await beBusy(bench)
  const after = growing(await textOf(bench))
  for (const [key, value] of before) assert.ok((after.get(key) ?? -1) >= value, key)
  assert.ok([...after].some(([key, value]) => value > (before.get(key) ?? 0)))
})

test('metrics: codes without end become one series', async () => {
  await using bench = await StatusBench.start()
  for (let n = 0; n < 2_000; n++) {
    const failed = {
      ...CLIENT,
      command: 'APDU',
      seid: 'x',
      header: undefined,
      code: `made-up.${n}`,
      cause: '',
    }
    await bench.metrics.observer.tell({ kind: 'command.failed', ...failed })
  }
  const family = parsed(await textOf(bench)).get('iose_racs_command_failures_total')
  assert.equal(family?.samples.size, 257)
  assert.equal(family.samples.get('iose_racs_command_failures_total{code="other"}'), 2_000 - 256)
})

test('metrics: hundreds of scrapes at once are written once', async () => {
  let drawn = 0
  await using bench = await StatusBench.start(reports(1_000))
  Object.defineProperty(bench, 'reports', { get: () => (drawn++, THOUSAND) })
  const pages = await Promise.all(Array.from({ length: 300 }, () => bench.metrics.page()))
  assert.equal(drawn, 1)
  assert.equal(new Set(pages.map(({ body }) => body)).size, 1)
  await bench.metrics.page()
  assert.equal(drawn, 2)
})

test('metrics: of hundreds who connect at once some are sent away, the others get all of it', async () => {
  await using bench = await StatusBench.start(reports(1_000))
  const asked = await Promise.allSettled(Array.from({ length: 300 }, () => bench.get('/metrics')))
  const answers = asked.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  assert.ok(answers.length >= 16, `${answers.length}`)
  for (const { status, text } of answers) {
    assert.equal(status, 200)
    assert.match(text, /^iose_process_start_time_seconds \S+\n$/m)
  }
  assert.equal((await bench.get('/metrics')).status, 200)
})

test('metrics: while a thousand slots are written the event loop turns', async () => {
  await using bench = await StatusBench.start(reports(1_000))
  const longest: number[] = []
  for (let n = 0; n < 30; n++) longest.push(await longestBlockMs(() => bench.metrics.page()))
  // The machine may have other work: the best of the runs that are warm is what we cost.
  assert.ok(Math.min(...longest) < 20, `${Math.min(...longest)} ms`)
})

/** How long nothing else could run, at most, until `work` was done. */
async function longestBlockMs(work: () => Promise<unknown>): Promise<number> {
  let [longestMs, lastAt, isOver] = [0, performance.now(), false]
  const watch = (): void => {
    const now = performance.now()
    longestMs = Math.max(longestMs, now - lastAt)
    lastAt = now
    if (!isOver) setImmediate(watch)
  }
  setImmediate(watch)
  await work()
  isOver = true
  await new Promise((resolve) => setImmediate(resolve))
  return longestMs
}

async function textOf(bench: StatusBench): Promise<string> {
  const { status, headers, text } = await bench.get('/metrics')
  assert.equal(status, 200)
  assert.equal(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
  return text
}

function waiter(n: number) {
  return { holder: `tls-se 192.0.2.8:${n}`, priority: 'service', waitedMs: n } as const
}

function reports(count: number) {
  return Array.from({ length: count }, (_, n) => reportOf(n + 1))
}

const THOUSAND = reports(1_000)
const LABELS = new Set([
  ...['seid', 'driver', 'state', 'plane', 'code', 'outcome', 'kind', 'command', 'bus', 'le'],
  ...['version', 'node', 'file', 'stat'],
])
