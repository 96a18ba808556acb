// Clients that go at the worst moment, dawdle, or do not read: their element is free again, and nobody else notices.

import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { RacsPeer, RacsPlane } from '../support/racs-plane.ts'
import { REFERENCE_USERS, type ReferenceRun, referenceRun } from '../support/reference-run.ts'
import { until } from '../support/until.ts'

const SELECT = '00A4040006010203040500'

/** After whatever happened to `count` clients: one line each, no lease left, and a good client is served. */
async function checkAftermath({ plane, cards }: ReferenceRun, codes: readonly string[]): Promise<void> {
  await until(() => plane.log.of('racs.closed').length === codes.length)
  assert.deepEqual(
    plane.log.of('racs.closed').map(({ fields }) => fields['code']),
    codes,
  )
  await until(() => plane.inventory.slots.every(({ holder }) => holder === undefined))
  assert.equal(cards[0]!.seen.at(-1), 'warm', 'reset after its holder')
  await until(() => plane.server.connections === 0)
  await using peer = await RacsPeer.open(plane.port, 'alluser')
  assert.deepEqual(await peer.ask('POWERON 0'), ['+008 001 0 is on'])
  assert.deepEqual(
    plane.log.lines.filter(({ level }) => level === 'error'),
    [],
  )
}

const moments: readonly (readonly [string, string])[] = [
  ['in the middle of a line', `BEGIN\r\nAPDU 0 ${SELECT}\r\nECHO hal`],
  ['in the middle of a request', `BEGIN\r\nAPDU 0 ${SELECT}\r\nECHO half\r\n`],
  ['before its answer', `BEGIN\r\nAPDU 0 ${SELECT}\r\nAPDU 0 80E50064\r\nEND\r\n`],
]
for (const [when, text] of moments) {
  test(`racs: a client that closes ${when} leaves nothing behind`, async () => {
    await using run = await referenceRun('draft')
    await using peer = await RacsPeer.open(run.plane.port, 'client')
    await peer.send(text)
    await until(() => run.cards[0]!.seen.includes(SELECT))
    peer.socket.end()
    await checkAftermath(run, [text.endsWith('END\r\n') ? 'closed' : 'peer.gone'])
  })

  test(`racs: a client that resets ${when} leaves nothing behind`, async () => {
    await using run = await referenceRun('draft')
    await using peer = await RacsPeer.open(run.plane.port, 'client')
    await peer.send(text)
    await until(() => run.cards[0]!.seen.includes(SELECT))
    peer.reset()
    await checkAftermath(run, ['peer.gone'])
  })
}

test('racs: a client that resets stops its script after the command that is under way', async () => {
  await using run = await referenceRun('draft')
  await using peer = await RacsPeer.open(run.plane.port, 'client')
  await peer.send(
    `BEGIN\r\nAPDU 0 ${SELECT}\r\nAPDU 0 80E500C8\r\n${'APDU 0 80E1000000\r\n'.repeat(100)}END\r\n`,
  )
  await until(() => run.cards[0]!.seen.includes('80E500C8'))
  peer.reset()
  await checkAftermath(run, ['peer.gone'])
  assert.ok(!run.cards[0]!.seen.includes('80E1000000'))
})

test('racs: a client that closes its side after a script still gets its answers', async () => {
  await using run = await referenceRun('draft')
  await using peer = await RacsPeer.open(run.plane.port, 'client')
  peer.socket.end(`BEGIN\r\nAPDU 0 ${SELECT} APPEND\r\nAPDU 0 80E50064\r\nEND\r\n`)
  assert.equal(await peer.response(), 'BEGIN\r\n+006 001 9000\r\n+006 002 9000\r\nEND\r\n')
})

test('racs: silence and slow drip both end at the idle time-out, holding or not', async () => {
  const run = await referenceRun('draft')
  await using plane = await RacsPlane.start({
    users: REFERENCE_USERS,
    elements: run.cards.map((element, n) => ({ element, seid: String(n) })),
    idleTimeoutMs: 300,
  })
  await run[Symbol.asyncDispose]()
  await using silent = await RacsPeer.open(plane.port, 'client')
  await using holding = await RacsPeer.open(plane.port, 'client')
  await using dripping = await RacsPeer.open(plane.port, 'client')
  await holding.ask(`APDU 0 ${SELECT}`)
  const drip = setInterval(() => dripping.socket.write('E'), 50)
  await Promise.all([silent.closed(), holding.closed(), dripping.closed()])
  clearInterval(drip)
  await until(() => plane.log.of('racs.closed').length === 3)
  for (const { fields } of plane.log.of('racs.closed')) assert.equal(fields['code'], 'peer.timeout')
  await until(() => plane.inventory.slots[0]?.holder === undefined)
})

test('racs: who sends lines in time may stay longer than the idle time-out', async () => {
  await using run = await referenceRun('draft')
  await using plane = await RacsPlane.start({ users: REFERENCE_USERS, elements: [], idleTimeoutMs: 300 })
  await using peer = await RacsPeer.open(plane.port, 'client')
  for (let n = 0; n < 8; n++) {
    assert.deepEqual(await peer.ask('ECHO here'), ['+009 001 here'])
    await delay(100)
  }
  assert.equal(run.plane.log.of('racs.closed').length, 0)
})

test('racs: a client that does not read its answers is stopped, and the gateway keeps no more than a little', async () => {
  await using plane = await RacsPlane.start({ users: REFERENCE_USERS, elements: [], idleTimeoutMs: 500 })
  await using peer = await RacsPeer.open(plane.port, 'client')
  peer.socket.pause()
  const request = `BEGIN\r\n${`ECHO ${'x'.repeat(16_000)} APPEND\r\n`.repeat(60)}END\r\n`
  for (let n = 0; n < 40; n++) peer.socket.write(request)
  await until(() => plane.log.of('racs.closed').length === 1, 10_000)
  const [line] = plane.log.of('racs.closed')
  assert.equal(line?.fields['code'], 'peer.timeout')
  assert.ok(Number(line.fields['requests']) < 40, `${String(line.fields['requests'])} answered`)
})

test('racs: a line of 16,384 bytes is taken, one of 16,385 or of 17 kB without an end is -500 and the end', async () => {
  await using run = await referenceRun('draft')
  for (const [length, ending] of [
    [16_385, '\r\n'],
    [16_385, ''],
    [17_000, ''],
  ] as const) {
    await using peer = await RacsPeer.open(run.plane.port, 'client')
    const [echo = ''] = await peer.ask(`ECHO ${'x'.repeat(16_384 - 5)}`)
    assert.equal(echo.length, '+009 001 '.length + 16_384 - 5)
    await peer.send(`BEGIN t\r\nECHO first APPEND\r\nECHO ${'x'.repeat(length - 5)}${ending}`)
    const said = await peer.response()
    assert.match(said, /^BEGIN t\r\n\+009 001 first\r\n-500 002 line of more than 16384 bytes\r\nEND\r\n$/)
    await peer.closed()
  }
  await until(() => run.plane.log.of('racs.closed').length === 3)
  for (const { fields } of run.plane.log.of('racs.closed')) assert.equal(fields['code'], 'peer.oversize')
})

test('racs: a request of 10,000 lines is taken, line 10,001 is -5yz, and the session goes on', async () => {
  await using run = await referenceRun('draft')
  await using peer = await RacsPeer.open(run.plane.port, 'client')
  await peer.send(`BEGIN\r\n${'ECHO x\r\n'.repeat(10_000)}END\r\n`)
  assert.equal(await peer.response(), 'BEGIN\r\n+009 10000 x\r\nEND\r\n')
  await peer.send(`BEGIN\r\n${'ECHO x\r\n'.repeat(10_001)}ECHO unheard\r\nEND\r\n`)
  assert.match(await peer.response(), /^BEGIN\r\n-509 10001 [^\r]+\r\nEND\r\n$/)
  assert.deepEqual(await peer.ask('ECHO on'), ['+009 001 on'])
})

test('racs: binary is told at once that it is no request, and ends in one log line', async () => {
  for (const dialect of ['draft', 'reference'] as const) {
    await using run = await referenceRun(dialect)
    await using peer = await RacsPeer.open(run.plane.port, 'client')
    await peer.send(Buffer.from(Array.from({ length: 256 }, (_, n) => n)))
    assert.match(await peer.response(), /^BEGIN\r\n-300 000 /)
    peer.socket.end()
    await until(() => run.plane.log.of('racs.closed').length === 1)
    assert.equal(run.plane.log.of('request.failed').length, 1)
  }
})

test('racs: four requests in one TLS record are answered in order and without a wait', async () => {
  await using run = await referenceRun('draft')
  await using peer = await RacsPeer.open(run.plane.port, 'client')
  await peer.ask(`APDU 0 ${SELECT}`)
  let records = 0
  peer.socket.on('data', () => records++)
  await peer.send([1, 2, 3, 4].map((n) => `BEGIN ${n}\r\nAPDU 0 80E00000010${n}\r\nEND\r\n`).join(''))
  for (const n of [1, 2, 3, 4]) {
    assert.equal(await peer.response(), `BEGIN ${n}\r\n+006 001 0${n}9000\r\nEND\r\n`)
  }
  assert.equal(records, 1, 'ready together, sent together')
})

test('racs: an answer that is ready is not kept back by a slow element behind it', async () => {
  await using run = await referenceRun('draft')
  await using peer = await RacsPeer.open(run.plane.port, 'client')
  await peer.ask(`APDU 0 ${SELECT}`)
  const startedAt = performance.now()
  await peer.send('BEGIN 1\r\nECHO 1\r\nEND\r\nBEGIN 2\r\nAPDU 0 80E501F4\r\nEND\r\n')
  assert.equal(await peer.response(), 'BEGIN 1\r\n+009 001 1\r\nEND\r\n')
  assert.ok(performance.now() - startedAt < 400, 'kept back')
  assert.equal(await peer.response(), 'BEGIN 2\r\n+006 001 9000\r\nEND\r\n')
})

test('racs: the gateway that stops lets the command under way end, then says goodbye', async () => {
  await using run = await referenceRun('draft')
  await using peer = await RacsPeer.open(run.plane.port, 'client')
  await peer.ask(`APDU 0 ${SELECT}`)
  await peer.send('BEGIN\r\nAPDU 0 80E500C8\r\nEND\r\n')
  await until(() => run.cards[0]!.seen.includes('80E500C8'))
  await run.plane.server.close()
  assert.deepEqual(run.cards[0]!.seen.slice(-2), ['80E500C8', 'warm'])
  await peer.closed()
  assert.equal(run.plane.log.of('racs.closed')[0]?.fields['code'], 'lease.revoked')
})
