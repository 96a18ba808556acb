// Whether the gateway is alive and ready, told to everybody, in words that give nothing away.

import assert from 'node:assert/strict'
import test from 'node:test'
import { reportOf, StatusBench } from '../support/status-bench.ts'

test('health: alive says so without a token, and since when', async () => {
  await using bench = await StatusBench.start()
  const { status, headers, text } = await bench.get('/health/alive', { token: '' })
  assert.deepEqual([status, headers['content-type']], [200, 'application/json'])
  assert.deepEqual(JSON.parse(text), { alive: true, uptime_s: 61 })
})

test('health: ready as long as one slot is ready or leased and both planes accept', async () => {
  await using bench = await StatusBench.start([reportOf(1, { state: 'mute' }), reportOf(2)])
  for (const state of ['ready', 'leased'] as const) {
    bench.reports[1] = reportOf(2, { state })
    const { status, text } = await bench.get('/health/ready', { token: '' })
    assert.equal(status, 200)
    assert.deepEqual(JSON.parse(text), { audit_head: 'a1b2', ready: true, reasons: [] })
  }
})

test('health: not ready says why in words, every reason of it', async () => {
  await using bench = await StatusBench.start([])
  const reasonsNow = async (): Promise<string[]> => {
    const { status, text } = await bench.get('/health/ready', { token: '' })
    const { ready, reasons } = JSON.parse(text) as { ready: boolean; reasons: string[] }
    assert.deepEqual([status, ready], [503, false])
    return reasons
  }
  assert.deepEqual(await reasonsNow(), ['no slot is ready: there is none'])
  const states = ['mute', 'absent', 'mute', 'quarantined', 'mute', 'absent'] as const
  bench.reports.push(...states.map((state, n) => reportOf(n + 1, { state })))
  assert.deepEqual(await reasonsNow(), ['no slot is ready: 3 mute, 2 absent, 1 quarantined'])
  bench.reports.push(reportOf(9))
  bench.planes[1]!.isAccepting = false
  bench.problems = ['the audit log has stopped']
  bench.health.drain()
  const all = ['draining', 'the plane racs does not accept', 'the audit log has stopped']
  assert.deepEqual(await reasonsNow(), all)
})

test('health: nobody learns names of elements, holders or causes from it', async () => {
  const secret = { state: 'mute', cause: 'no ATR from /dev/i2c-1', holder: 'tls-se 192.0.2.7:1' } as const
  await using bench = await StatusBench.start([reportOf(1, secret), reportOf(2, secret)])
  for (const path of ['/health/alive', '/health/ready']) {
    const { text } = await bench.get(path, { token: '' })
    assert.doesNotMatch(text, /sim|key\d|192|i2c|3B08/)
  }
})

test('health: only GET, and by no name that somebody else has led here', async () => {
  await using bench = await StatusBench.start()
  for (const path of ['/health/alive', '/health/ready']) {
    assert.equal((await bench.get(path, { token: '', method: 'POST' })).status, 405)
    const headers = { host: 'attacker.example' }
    assert.equal((await bench.get(path, { token: '', headers })).status, 421)
  }
  assert.equal((await bench.get('/health/', { token: '' })).status, 404)
})

test('health: of a thousand slots it is told in milliseconds', async () => {
  const slots = Array.from({ length: 1_000 }, (_, n) => reportOf(n + 1, { state: 'mute' }))
  await using bench = await StatusBench.start(slots)
  await bench.get('/health/ready', { token: '' })
  const times: number[] = []
  for (let n = 0; n < 20; n++) {
    const startedAt = performance.now()
    assert.equal((await bench.get('/health/ready', { token: '' })).status, 503)
    times.push(performance.now() - startedAt)
  }
  // A connection of its own each, on a machine that may have other work: the quickest counts.
  assert.ok(Math.min(...times) < 20, `${Math.min(...times)} ms`)
})
