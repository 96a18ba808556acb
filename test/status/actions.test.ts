import assert from 'node:assert/strict'
import test from 'node:test'
import { InternalError } from '../../src/base/errors.ts'
import { ElementError } from '../../src/drivers/errors.ts'
import { LeaseError } from '../../src/slots/errors.ts'
import type { Actions } from '../../src/status/actions.ts'
import { OPERATOR_TOKEN, reportOf, StatusBench, TOKEN } from '../support/status-bench.ts'

test('actions: done for whoever has the operator token, told to log and observer', async () => {
  await using stand = await actionBench()
  const { bench, calls, post } = stand
  for (const name of ['reset', 'quarantine', 'release']) {
    const { status, text } = await post(`/api/slots/sim1/${name}`)
    assert.deepEqual([status, JSON.parse(text)], [200, { outcome: 'done' }])
  }
  assert.deepEqual(calls, [
    'reset sim1 status operator',
    'quarantine sim1 status operator',
    'release sim1 status operator',
  ])
  assert.deepEqual(
    bench.log.of('slot.ordered').map(({ fields }) => [fields['action'], fields['user'], fields['seid']]),
    ['reset', 'quarantine', 'release'].map((name) => [name, 'status operator', 'sim1']),
  )
  assert.deepEqual(
    bench.told.map((event) => event.kind === 'command.started' && [event.user, event.command, event.seid]),
    ['RESET', 'QUARANTINE', 'RELEASE'].map((name) => ['status operator', name, 'sim1']),
  )
})

test('actions: nothing is done without the operator token, from elsewhere, or by another method', async () => {
  await using stand = await actionBench()
  const { bench, calls, post } = stand
  const path = '/api/slots/sim1/quarantine'
  const origin = `http://127.0.0.1:${bench.port}`
  const cases: readonly [number, Parameters<StatusBench['get']>[1]][] = [
    [401, { token: '', headers: { origin } }],
    [401, { token: TOKEN, headers: { origin } }],
    [401, { token: `${OPERATOR_TOKEN}x`, headers: { origin } }],
    [403, { headers: {} }],
    [403, { headers: { origin: 'http://127.0.0.1:1' } }],
    [403, { headers: { origin, 'sec-fetch-site': 'cross-site' } }],
    [405, { method: 'GET', headers: { origin } }],
    [413, { headers: { origin }, body: 'x' }],
  ]
  for (const [expected, options] of cases) {
    const headers = { host: `127.0.0.1:${bench.port}`, ...options?.headers }
    const { status } = await bench.get(path, { method: 'POST', token: OPERATOR_TOKEN, ...options, headers })
    assert.deepEqual([status, options], [expected, options])
  }
  assert.equal((await post('/api/slots/none/reset')).status, 404)
  assert.equal((await post('/api/slots/sim1/eject')).status, 404)
  assert.deepEqual([calls, bench.told], [[], []])
})

test('actions: off without an operator token, whatever token comes', async () => {
  await using stand = await actionBench({ operatorToken: undefined })
  const { bench, post } = stand
  const { status, text } = await post('/api/slots/sim1/reset')
  assert.equal(status, 403)
  assert.match(text, /actions are off/)
  const { text: facts } = await bench.get('/api/gateway')
  assert.deepEqual(JSON.parse(facts), { actions: false, may_act: false })
})

test('actions: a slot that somebody holds is a conflict, an element that fails an answer of the other side', async () => {
  const errors: readonly [Error, number, RegExp][] = [
    [new LeaseError('lease.busy', 'held by ada for 3 s'), 409, /held by ada for 3 s/],
    [new ElementError('element.absent', 'sim1 is empty'), 409, /empty/],
    [new ElementError('element.mute', 'no ATR'), 502, /no ATR/],
    [new InternalError('secret of ours'), 500, /the log of the gateway has more/],
  ]
  for (const [error, expected, words] of errors) {
    const actions = { ...DONE, reset: () => Promise.reject(error) }
    await using stand = await actionBench({ actions })
    const { bench, post } = stand
    const { status, text } = await post('/api/slots/sim1/reset')
    assert.equal(status, expected)
    assert.match(text, words)
    assert.ok(!text.includes('secret of ours'))
    assert.deepEqual(
      bench.told.map(({ kind }) => kind),
      ['command.started', 'command.failed'],
    )
  }
})

test('actions: not done when it could not be kept', async () => {
  const calls: string[] = []
  const observer = {
    tell: () => Promise.resolve(),
    check: () => {
      throw new Error('the disk is full')
    },
  }
  await using stand = await actionBench({ observer, actions: noting(calls) })
  const { post } = stand
  assert.equal((await post('/api/slots/sim1/reset')).status, 500)
  assert.deepEqual(calls, [])
})

test('actions: ten a minute, and those that were refused do not count', async () => {
  await using stand = await actionBench()
  const { calls, post } = stand
  for (let n = 0; n < 12; n++) assert.equal((await post('/api/slots/sim1/reset', 'wrong')).status, 401)
  for (let n = 0; n < 10; n++) assert.equal((await post('/api/slots/sim1/reset')).status, 200)
  assert.equal((await post('/api/slots/sim1/reset')).status, 429)
  assert.equal(calls.length, 10)
})

const DONE: Actions = {
  reset: () => Promise.resolve('done'),
  quarantine: () => Promise.resolve('done'),
  release: () => Promise.resolve('done'),
}

function noting(calls: string[]): Actions {
  const note =
    (name: string) =>
    (seid: string, by?: string): Promise<string> => {
      calls.push([name, seid, by].filter((word) => word !== undefined).join(' '))
      return Promise.resolve('done')
    }
  return { reset: note('reset'), quarantine: note('quarantine'), release: note('release') }
}

async function actionBench(changes: Parameters<typeof StatusBench.start>[2] = {}) {
  const calls: string[] = []
  const bench = await StatusBench.start([reportOf(1)], '127.0.0.1', {
    ...{ operatorToken: OPERATOR_TOKEN, actions: noting(calls), ...changes },
  })
  const host = `127.0.0.1:${bench.port}`
  const post = (path: string, token = OPERATOR_TOKEN) =>
    bench.get(path, { method: 'POST', token, headers: { host, origin: `http://${host}` } })
  return { bench, calls, post, [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose]() }
}
