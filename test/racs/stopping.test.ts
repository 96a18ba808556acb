// How the plane stops: what its clients hold up, and what they do not.

import assert from 'node:assert/strict'
import test from 'node:test'
import { RacsPeer } from '../support/racs-plane.ts'
import { referenceRun } from '../support/reference-run.ts'
import { until } from '../support/until.ts'

const REQUEST = 'GET /RACS?BEGIN=&LIST&END= HTTP/1.1\r\nHost: x\r\n\r\n'

for (const { what, sent, isAnswered } of [
  { what: 'lines, in the middle of a request', sent: 'BEGIN\r\nLIST\r\n', isAnswered: false },
  { what: 'lines, between requests', sent: 'BEGIN\r\nEND\r\n', isAnswered: true },
  { what: 'HTTP, in the middle of a request', sent: 'GET /RACS?BEG', isAnswered: false },
  { what: 'HTTP, between requests', sent: REQUEST, isAnswered: true },
]) {
  test(`racs: stops at once although a client of ${what} is connected`, async () => {
    const { plane } = await referenceRun('draft')
    await using peer = await RacsPeer.open(plane.port, 'client')
    await peer.send(sent)
    if (isAnswered) assert.ok((await peer.take(1)).length > 0)
    else await until(() => plane.log.of('racs.opened').length === 1)
    const startedAt = performance.now()
    await plane.server.close()
    const stoppedMs = performance.now() - startedAt
    assert.ok(stoppedMs < 2_000, `stopped after ${stoppedMs} ms`)
    await peer.closed()
    const [line, ...more] = plane.log.of('racs.closed')
    assert.equal(more.length, 0)
    assert.equal(line?.fields['cause'], 'the gateway is stopping')
  })
}

test('racs: stops when the HTTP request that is under way has been executed, and gives its element back', async () => {
  const { plane, cards } = await referenceRun('draft')
  await using peer = await RacsPeer.open(plane.port, 'client')
  const select = 'APDU=0%2000A4040006010203040500'
  // 80E5 0064: answers after 100 ms.
  await peer.send(
    `GET /RACS?BEGIN&${select}&APDU=0%2080E50064&APDU=0%2080E10000&END HTTP/1.1\r\nHost: x\r\n\r\n`,
  )
  await until(() => cards[0]!.seen.includes('80E50064'))
  await plane.server.close()
  assert.deepEqual(cards[0]!.seen.slice(-2), ['80E50064', 'warm'])
  assert.equal(plane.inventory.bySeid('0')?.holder, undefined)
})
