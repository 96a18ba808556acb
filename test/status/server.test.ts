import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import test from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Seid } from '../../src/slots/identity.ts'
import { reportOf, StatusBench, TOKEN } from '../support/status-bench.ts'

test('status: a row says what is known of a slot, with instants of the day and null for what is not there', async () => {
  await using bench = await StatusBench.start([
    reportOf(1),
    reportOf(2, {
      ...{ state: 'leased', cause: 'held by tls-se 192.0.2.7:1', stateMs: 1_500, doing: 'being reset' },
      ...{ holder: 'tls-se 192.0.2.7:1', heldMs: 1_500, aliases: ['999' as Seid], aid: '0102030405' },
      waiters: [{ holder: 'tls-se 192.0.2.8:1', priority: 'service', waitedMs: 250 }],
    }),
  ])
  const { status, headers, text } = await bench.get('/api/slots')
  assert.equal(status, 200)
  assert.equal(headers['content-type'], 'application/json')
  assert.equal(headers['cache-control'], 'no-store')
  const counters = { sessions: 3, apdus: 40, errors: 1, resets: 5, mutes: 0, quarantines: 0 }
  assert.deepEqual(JSON.parse(text), [
    {
      ...{
        slot: 1,
        driver: 'simulator',
        seid: 'sim1',
        aliases: [],
        sen: 'key1.com',
        aid: null,
        designator: null,
      },
      ...{ atr: '3B086B6579312E636F6D', state: 'ready', cause: 'free', since: '2026-01-31T11:59:00.000Z' },
      ...{ holder: null, held_since: null, queue: 0, waiters: [], doing: null, last: null, ...counters },
    },
    {
      ...{
        slot: 2,
        driver: 'simulator',
        seid: 'sim2',
        aliases: ['999'],
        sen: 'key2.com',
        aid: '0102030405',
        last: null,
      },
      designator: null,
      ...{ atr: '3B086B6579312E636F6D', state: 'leased', cause: 'held by tls-se 192.0.2.7:1' },
      ...{ since: '2026-01-31T11:59:58.500Z', holder: 'tls-se 192.0.2.7:1' },
      ...{ held_since: '2026-01-31T11:59:58.500Z', queue: 1, doing: 'being reset', ...counters },
      waiters: [{ holder: 'tls-se 192.0.2.8:1', priority: 'service', since: '2026-01-31T11:59:59.750Z' }],
    },
  ])
})

test('status: beyond loopback, without the token there is nothing, and nothing of it in answer or log', async () => {
  await using bench = await StatusBench.start([reportOf(1)], '0.0.0.0')
  assert.equal(bench.log.of('status.exposed').length, 1)
  assert.equal((await bench.get('/', { token: '' })).status, 200)
  assert.equal((await bench.get('/health/none', { token: '' })).status, 404)
  for (const path of [
    '/api/slots',
    '/api/events',
    '/api/slots/sim1',
    '/api/sessions',
    '/api/gateway',
    '/api/none',
    '/metrics',
    '/none',
  ]) {
    for (const token of ['', 'wrong', `${TOKEN}x`, TOKEN.slice(0, -1), ` ${TOKEN}`]) {
      const { status, headers, text } = await bench.get(path, { token })
      assert.deepEqual([status, headers['www-authenticate']], [401, 'Bearer'])
      assert.ok(!text.includes(TOKEN.slice(0, -1)) && !text.includes('wrong '))
    }
    const basic = { authorization: `Basic ${TOKEN}` }
    assert.equal((await bench.get(path, { token: '', headers: basic })).status, 401)
  }
  assert.ok(!JSON.stringify(bench.log.lines).includes(TOKEN))
})

test('status: other paths, other methods and bodies are refused', async () => {
  await using bench = await StatusBench.start()
  assert.equal((await bench.get('/none')).status, 404)
  assert.equal((await bench.get('/api/slots/')).status, 404)
  assert.equal((await bench.get('/api/none', { token: '' })).status, 404)
  assert.equal((await bench.get('/api/none', { token: 'wrong' })).status, 401)
  assert.equal((await bench.get('/api/slots/sim2')).status, 404)
  assert.equal((await bench.get('/api/slots?x=1')).status, 200)
  for (const method of ['POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS']) {
    const { status, headers } = await bench.get('/api/slots', { method })
    assert.deepEqual([method, status, headers['allow']], [method, 405, 'GET'])
  }
  const { status, headers } = await bench.get('/api/slots', { method: 'POST', body: 'x' })
  assert.deepEqual([status, headers['connection']], [413, 'close'])
})

test('status: a name that somebody else has led here is refused, addresses and localhost are not', async () => {
  await using bench = await StatusBench.start()
  for (const [host, expected] of [
    ['attacker.example', 421],
    ['attacker.example:8080', 421],
    ['127.0.0.1', 200],
    ['192.0.2.7:8080', 200],
    ['[::1]:8080', 200],
    ['localhost:8080', 200],
    ['LocalHost', 200],
  ] as const) {
    assert.deepEqual([host, (await bench.get('/api/slots', { headers: { host } })).status], [host, expected])
  }
})

test('status: a request that does not come to its end in five seconds is cut off', async () => {
  await using bench = await StatusBench.start()
  const from = Date.now()
  const answer = await ask(bench.port, 'GET /api/slots HTTP/1.1\r\nHost: localhost\r\n')
  assert.match(answer, /^HTTP\/1\.1 408 /)
  assert.ok(Date.now() - from < 9_000)
})

test('status: 8 KiB of headers are too many', async () => {
  await using bench = await StatusBench.start()
  const answer = await ask(bench.port, `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(9_000)}\r\n\r\n`)
  assert.match(answer, /^HTTP\/1\.1 431 /)
})

test('status: the seventeenth connection from one address is refused, and place is made by who goes', async () => {
  await using bench = await StatusBench.start()
  const sockets: Socket[] = []
  for (let n = 0; n < 16; n++) sockets.push(await connected(bench.port))
  const extra = await connected(bench.port)
  await new Promise((resolve) => extra.once('close', resolve))
  assert.equal(bench.log.of('status.refused').length, 1)
  const [first] = sockets
  first?.destroy()
  let status = 0
  for (let n = 0; n < 100 && status !== 200; n++) {
    await delay(10)
    status = await bench.get('/api/slots').then(
      (answer) => answer.status,
      () => 0,
    )
  }
  assert.equal(status, 200)
  for (const socket of sockets) socket.destroy()
})

/** The whole answer to `text`, until the other side closes. */
async function ask(port: number, text: string): Promise<string> {
  const socket = await connected(port)
  let answer = ''
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString()))
  socket.write(text)
  await new Promise((resolve) => socket.once('close', resolve))
  return answer
}

function connected(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket))
    socket.on('error', reject)
  })
}
