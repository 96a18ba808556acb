import assert from 'node:assert/strict'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import type { SessionClosed } from '../../src/base/plane-events.ts'
import { observersOf } from '../../src/bin/iosed/observers.ts'
import { atrAround } from '../../src/client/atr.ts'
import type { SlotRow } from '../../src/status/row.ts'
import type { SessionRow } from '../../src/status/sessions.ts'
import { reportOf, StatusBench } from '../support/status-bench.ts'

const AT = '2026-01-31T12:00:00.000Z'

test('sessions: the last fifty are kept, the latest first, those without a slot among them', async () => {
  await using bench = await StatusBench.start()
  for (let n = 1; n <= 60; n++) await bench.sessions.tell(closed({ peer: `192.0.2.7:${n}` }))
  const { status, text } = await bench.get('/api/sessions')
  const rows = JSON.parse(text) as SessionRow[]
  assert.deepEqual(
    [status, rows.length, rows[0]?.peer, rows.at(-1)?.peer],
    [200, 50, '192.0.2.7:60', '192.0.2.7:11'],
  )
  assert.deepEqual(rows[0], {
    ...{ at: AT, peer: '192.0.2.7:60', sen: null, pool: null, seid: null, slot: null },
    ...{ code: 'peer.unknown-sen', cause: "no element is named 'x'", records: 0, commands: 0 },
    ...{ handshake_ms: null, duration_ms: 3 },
  })
})

test('sessions: the row of a slot has how the last session or lease on it ended', async () => {
  const lease = { holder: 'racs ada 192.0.2.8:1', code: 'lease.revoked', cause: 'set aside', agoMs: 1_000 }
  const service = { holder: 'tls-se 192.0.2.7:1', code: 'closed', cause: 'given back', agoMs: 0 }
  await using bench = await StatusBench.start([
    reportOf(1),
    reportOf(2, { last: lease }),
    reportOf(3, { last: service }),
    reportOf(4, { last: { ...lease, agoMs: -1 } }),
  ])
  const wrongKey = { code: 'peer.refused', cause: 'wrong PSK' }
  for (const slot of [1, 2, 4]) {
    await bench.sessions.tell(closed({ slot, seid: `sim${slot}`, ...wrongKey }))
  }
  const { text } = await bench.get('/api/slots')
  const { holder, code, cause } = lease
  const seen = { at: AT, holder: 'tls-se 192.0.2.7:1', ...wrongKey }
  assert.deepEqual(
    (JSON.parse(text) as SlotRow[]).map(({ last }) => last),
    [seen, seen, null, { at: '2026-01-31T12:00:00.001Z', holder, code, cause }],
  )
})

test('sessions: however many end at once, a listener is told of fifty', async () => {
  await using bench = await StatusBench.start()
  const response = await fetch(`http://127.0.0.1:${bench.port}/api/events`)
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  await reader.read()
  for (let n = 1; n <= 500; n++) await bench.sessions.tell(closed({ peer: `192.0.2.7:${n}` }))
  const { value = '' } = await reader.read()
  assert.equal(value.split('event: session').length - 1, 50)
  assert.match(value, /"peer":"192\.0\.2\.7:451".*"peer":"192\.0\.2\.7:500"/s)
  await reader.cancel()
})

test('sessions: each that ends is an event, and its slot is told anew', async () => {
  await using bench = await StatusBench.start()
  const response = await fetch(`http://127.0.0.1:${bench.port}/api/events`)
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  assert.match((await reader.read()).value ?? '', /^event: slots/)
  await bench.sessions.tell(closed({ slot: 1, seid: 'sim1' }))
  const { value = '' } = await reader.read()
  assert.match(value, /^event: session\ndata: \{"at":.*\n\nevent: slot\ndata: .*"last":\{"at":/)
  await reader.cancel()
})

test('slot: its details have the ATR in words', async () => {
  await using bench = await StatusBench.start([
    reportOf(1, { atr: hexOf(atrAround('key1.com')) }),
    reportOf(2, { atr: '3B0F00' }),
    // T0 and seven historical bytes: 80 | 31 A0 | 73 BE 21 15 (ISO/IEC 7816-4, historical bytes).
    reportOf(3, { atr: '3B078031A073BE2115' }),
    reportOf(4, { atr: undefined }),
  ])
  const wordsOf = async (seid: string) => {
    const { text } = await bench.get(`/api/slots/${seid}`)
    return Object.fromEntries((JSON.parse(text) as { atr_words: [string, string][] }).atr_words)
  }
  const words = await wordsOf('sim1')
  assert.deepEqual(
    [words['protocols'], words['as text'], words['T=1']],
    ['T=1', 'key1.com', 'blocks of 32 bytes, LRC'],
  )
  const coded = await wordsOf('sim3')
  assert.deepEqual([coded['selects by'], coded['capabilities']], ['full name', '6 logical channels'])
  assert.deepEqual(await wordsOf('sim4'), {})
  assert.match((await wordsOf('sim2'))['not well-formed'] ?? '', /historical bytes/)
})

test('slot: its details have how it is wired, and nothing where that is not known', async () => {
  const wirings = new Map([['sim1', [['LED', 'GPIO 17, pin 11']] as const]])
  await using bench = await StatusBench.start([reportOf(1), reportOf(2)], '127.0.0.1', { wirings })
  const wiringOf = async (seid: string) => {
    const { text } = await bench.get(`/api/slots/${seid}`)
    return (JSON.parse(text) as { wiring: unknown }).wiring
  }
  assert.deepEqual(await wiringOf('sim1'), [['LED', 'GPIO 17, pin 11']])
  assert.deepEqual(await wiringOf('sim2'), [])
})

test('observers: all are told, and one that cannot keep an event is a failure of all', async () => {
  const told: string[] = []
  const one = { tell: () => Promise.resolve(void told.push('one')), check: () => void told.push('check') }
  const failing = { ...one, tell: () => Promise.reject(new Error('full')) }
  await assert.rejects(observersOf(failing, one).tell(closed({})), /full/)
  observersOf(one, one).check()
  assert.deepEqual(told, ['one', 'check', 'check'])
})

function closed(changes: Partial<SessionClosed>): SessionClosed {
  return {
    ...{ kind: 'session.closed', peer: '192.0.2.7:1', sen: undefined, pool: undefined, seid: undefined },
    ...{
      slot: undefined,
      code: 'peer.unknown-sen',
      cause: "no element is named 'x'",
      records: 0,
      commands: 0,
    },
    ...{ handshakeMs: undefined, durationMs: 3 },
    ...changes,
  }
}
