import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import test from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { StatusClient, type StatusEvent } from '../../src/client/status.ts'
import type { SlotEvent } from '../../src/slots/events.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { reportOf, StatusBench, TOKEN } from '../support/status-bench.ts'

const NEVER = new AbortController().signal
const CHANGE = { from: 'ready', to: 'leased', cause: 'held by a' } as const

test('status client: the slots of a plane, checked and as they came', async () => {
  await using bench = await StatusBench.start([reportOf(1), reportOf(2)])
  const { rows, raw } = await clientOf(bench.port).slots()
  assert.deepEqual(
    rows.map(({ seid, state, waiters }) => [seid, state, waiters]),
    [
      ['sim1', 'ready', []],
      ['sim2', 'ready', []],
    ],
  )
  assert.deepEqual(raw, rows)
})

test('status client: watching gives the slots, then what happens, until it is given up', async () => {
  await using bench = await StatusBench.start()
  const { slot, seid } = reportOf(1)
  const events: readonly SlotEvent[] = [
    { kind: 'changed', slot, seid, ...CHANGE },
    { kind: 'pressed', slot, seid, heldMs: 60, outcome: 'reset' },
  ]
  const ending = new AbortController()
  const told: StatusEvent[] = []
  for await (const event of clientOf(bench.port).watch(ending.signal)) {
    told.push(event)
    if (event.kind === 'slots') for (const one of events) bench.events.publish(one)
    if (event.kind === 'slot') ending.abort()
  }
  assert.deepEqual(
    told.map(({ kind }) => kind),
    ['slots', 'change', 'press', 'slot'],
  )
  assert.deepEqual(told[1]?.kind === 'change' && told[1].change.to, 'leased')
})

test('status client: a plane that closes ends the watch, without an error', async () => {
  const bench = await StatusBench.start()
  const told: string[] = []
  for await (const { kind } of clientOf(bench.port).watch(NEVER)) {
    told.push(kind)
    await bench.server.close()
  }
  assert.deepEqual(told, ['slots'])
})

test('status client: a wrong token is refused, and a port where nobody listens is told', async () => {
  const bench = await StatusBench.start()
  await assert.rejects(clientOf(bench.port, 'wrong').slots(), { code: 'client.refused' })
  const { port } = bench
  await bench.server.close()
  await assert.rejects(clientOf(port).slots(), { code: 'client.transport', message: /ECONNREFUSED/ })
})

test('status client: what is no answer of a gateway is refused', async () => {
  const rows = JSON.stringify([{ slot: 1, seid: 'sim1' }])
  for (const [status, body] of [
    [500, ''],
    [200, 'no JSON'],
    [200, '{}'],
    [200, 'null'],
    [200, rows],
    [200, '[null]'],
  ] as const) {
    await using server = await serverOf((response) => response.writeHead(status).end(body))
    await assert.rejects(clientOf(server.port).slots(), { code: 'client.protocol' }, body)
  }
})

test('status client: an answer without end is given up', async () => {
  await using server = await serverOf((response) => {
    const more = (): void => {
      while (response.write('x'.repeat(65_536))) if (response.destroyed) return
      response.once('drain', more)
    }
    more()
  })
  await assert.rejects(clientOf(server.port).slots(), { code: 'client.protocol' })
})

test('status client: forty seconds of silence are the end, one line every fifteen is not silence', async () => {
  let listener: ServerResponse | undefined
  await using server = await serverOf((response) => {
    listener = response
    response.write('event: slots\ndata: []\n\n')
  })
  const clock = new ManualClock()
  const url = new URL(`http://127.0.0.1:${server.port}`)
  const watching = new StatusClient({ url, token: TOKEN, clock }).watch(NEVER)
  assert.equal((await watching.next()).value?.kind, 'slots')
  const next = watching.next()
  listener?.write(':\n\n')
  await new Promise((resolve) => setTimeout(resolve, 50))
  await clock.advanceBy(39_999)
  const settled = await Promise.race([
    next.then(
      () => 'over',
      () => 'over',
    ),
    Promise.resolve('waiting'),
  ])
  assert.equal(settled, 'waiting')
  await clock.advanceBy(1)
  await assert.rejects(next, { code: 'client.timeout' })
})

function clientOf(port: number, token = TOKEN): StatusClient {
  return new StatusClient({ url: new URL(`http://127.0.0.1:${port}`), token, clock: systemClock })
}

async function serverOf(answer: (response: ServerResponse) => void) {
  const server = createServer((_, response) => answer(response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
