import assert from 'node:assert/strict'
import test from 'node:test'
import { isLoopback } from '../../src/status/gate.ts'
import { OPERATOR_TOKEN, reportOf, StatusBench } from '../support/status-bench.ts'

test('gate: on loopback reading needs no token, but a wrong one is a mistake', async () => {
  await using bench = await StatusBench.start()
  assert.equal(bench.log.of('status.exposed').length, 0)
  for (const path of ['/api/slots', '/api/slots/sim1', '/api/sessions', '/api/gateway', '/']) {
    assert.deepEqual([path, (await bench.get(path, { token: '' })).status], [path, 200])
  }
  assert.equal((await bench.get('/api/slots', { token: 'wrong' })).status, 401)
})

test('gate: beyond loopback the operator token is good for reading, too', async () => {
  await using bench = await StatusBench.start([reportOf(1)], '0.0.0.0', { operatorToken: OPERATOR_TOKEN })
  for (const [token, status] of [
    ['', 401],
    ['wrong', 401],
    [OPERATOR_TOKEN, 200],
  ] as const) {
    assert.deepEqual([token, (await bench.get('/api/slots', { token })).status], [token, status])
  }
})

test('gate: a page of somebody else reads nothing, the own page and whoever types the address do', async () => {
  await using bench = await StatusBench.start()
  const own = `127.0.0.1:${bench.port}`
  const cases: readonly [Record<string, string>, number][] = [
    [{ 'sec-fetch-site': 'same-origin' }, 200],
    [{ 'sec-fetch-site': 'none' }, 200],
    [{ 'sec-fetch-site': 'cross-site' }, 403],
    // Another port of this machine.
    [{ 'sec-fetch-site': 'same-site' }, 403],
    [{ origin: `http://${own}` }, 200],
    [{ origin: 'http://127.0.0.1:1' }, 403],
    [{ origin: 'https://attacker.example' }, 403],
    [{ origin: 'null' }, 403],
  ]
  for (const [headers, status] of cases) {
    const answer = await bench.get('/api/slots', { token: '', headers: { host: own, ...headers } })
    assert.deepEqual([headers, answer.status], [headers, status])
    assert.equal(answer.headers['access-control-allow-origin'], undefined)
  }
})

test('gate: loopback is 127.0.0.0/8 and ::1', () => {
  for (const address of ['127.0.0.1', '127.255.0.9', '::1']) assert.equal(isLoopback(address), true, address)
  for (const address of ['0.0.0.0', '::', '192.0.2.7', '128.0.0.1', '2001:db8::1']) {
    assert.equal(isLoopback(address), false, address)
  }
})
