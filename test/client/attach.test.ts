import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import test, { after } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { attach } from '../../src/client/attach.ts'
import type { ClientError } from '../../src/client/errors.ts'
import { RacsClient } from '../../src/client/racs.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'
import { linesOf, replyTo, ScriptedGateway } from '../support/scripted-gateway.ts'
import { TestPki } from '../support/test-pki.ts'
import { until } from '../support/until.ts'
import { VirtualReader } from '../support/virtual-reader.ts'

const pki = new TestPki()
after(() => pki.remove())

const ATR = '0005 3B80800101'.replace(' ', '')
const POWER_ON = '0001 01'
const RESET = '0001 02'
const GET_ATR = '0001 04'
const COMMAND = '0005 0084000008'
const LEASE = ['GET-VERSION', 'POWERON sim1', 'RESET sim1']

/** The status of a line, or `cut` or `silence` for a gateway that does that; that of ANSWERS when undefined. */
type Say = (line: string) => string | undefined

const ANSWERS: Readonly<Record<string, string>> = {
  'GET-VERSION': '+002 001 1.0',
  'POWERON sim1': '+008 001 sim1 is on',
  'RESET sim1': '+005 001 sim1 was reset ATR= 3B80800101',
  'RESET sim1 WARM': '+005 001 sim1 was reset (warm) ATR= 3B80800101',
  'SHUTDOWN sim1': '+007 001 sim1 is off',
  'APDU sim1 0084000008': '+006 001 9000',
}

/** An attachment between a scripted gateway and a scripted reader, on a clock that stands still. */
async function bench(say: Say = () => undefined) {
  const desk = { say }
  const gateway = await ScriptedGateway.start(pki, (request: string, socket: TLSSocket) => {
    const [line = ''] = linesOf(request)
    const status = desk.say(line) ?? ANSWERS[line] ?? '-100 001 unknown'
    if (status === 'cut') socket.destroy()
    else if (status !== 'silence') socket.write(replyTo(request, status), 'latin1')
  })
  const reader = await VirtualReader.start()
  const clock = new ManualClock()
  const ending = new AbortController()
  const told: string[] = []
  const racs = { host: '127.0.0.1', port: gateway.port, ...pki.client, ca: pki.ca }
  let outcome: unknown = 'attached'
  const attached = attach(
    {
      ...{ seid: 'sim1', clock, timeoutMs: 30_000, reader: { host: '127.0.0.1', port: reader.port } },
      connect: (signal) => RacsClient.connect(racs, { clock, deadline: clock.now() + 30_000, signal }),
      onAttached: ({ atr, isAtrTold }) =>
        told.push(`+ ${Buffer.from(atr).toString('hex')}${isAtrTold ? '' : ' made up'}`),
      onDetached: ({ code }, retryMs) => told.push(`- ${code} ${retryMs}`),
    },
    ending.signal,
  ).then(
    () => (outcome = 'freed'),
    (error: unknown) => (outcome = error),
  )
  return {
    ...{ desk, gateway, reader, clock, told, ending },
    /** What the gateway was asked since the last time. */
    asked: () => gateway.requests.splice(0).flatMap(linesOf),
    /** The error that ended it, or what has become of it. */
    outcome: () => outcome as ClientError | 'attached' | 'freed',
    /** Waits until something was told so often. */
    tells: (count: number) => until(() => told.length >= count),
    /** Ctrl-C, and its end. */
    async end() {
      ending.abort()
      await attached
      return outcome
    },
    async [Symbol.asyncDispose]() {
      ending.abort()
      for (const socket of gateway.sockets) socket.destroy()
      await attached
      await reader[Symbol.asyncDispose]()
      await gateway[Symbol.asyncDispose]()
    },
  }
}

/** As `bench`, and the reader has powered the card on. */
async function attachedBench(say?: Say) {
  const run = await bench(say)
  await run.reader.card(1)
  assert.equal(await run.reader.ask(POWER_ON + GET_ATR, 7), ATR)
  run.asked()
  return run
}

test('attach: a lease, real resets, commands, and SHUTDOWN at the end', async () => {
  await using run = await bench()
  await run.reader.card(1)
  assert.equal(await run.reader.ask(GET_ATR, 7), ATR)
  assert.deepEqual(run.asked(), LEASE)
  assert.equal(
    await run.reader.ask(POWER_ON + GET_ATR + COMMAND + RESET + COMMAND, 15),
    `${ATR}0002900000029000`,
  )
  const apdu = 'APDU sim1 0084000008'
  assert.deepEqual(run.asked(), ['RESET sim1', apdu, 'RESET sim1 WARM', apdu])
  assert.equal(await run.end(), 'freed')
  assert.deepEqual(run.asked(), ['SHUTDOWN sim1'])
  await until(() => !run.reader.hasCard)
  assert.deepEqual(run.told, ['+ 3b80800101'])
  assert.equal(run.clock.pending, 0)
})

test('attach: without an ATR from the gateway the card has one around its name', async () => {
  const reset = '+005 001 SEID 0 has been resetted'
  const names: [getSen: string, atr: string][] = [
    ['+011 001 key1.com [AID= default]', '3b88016b6579312e636f6d80'],
    ['+011 001 sixteen-letters. [AID= default]', '3b8f017369787465656e2d6c657474657273b6'],
    ['-911 001 nameless', '3b800181'],
  ]
  for (const [getSen, atr] of names) {
    await using run = await bench((line) => ({ 'RESET sim1': reset, 'GET-SEN sim1': getSen })[line])
    await run.reader.card(1)
    const heard = await run.reader.ask(GET_ATR, 2 + atr.length / 2)
    assert.deepEqual([heard.slice(4).toLowerCase(), run.told], [atr, [`+ ${atr} made up`]])
  }
})

test('attach: a lie instead of an ATR is none', async () => {
  for (const atr of ['3B', '3C00', `3B${'00'.repeat(33)}`, '3B0', 'XX']) {
    await using run = await bench((line) => (line === 'RESET sim1' ? `+005 001 on ATR= ${atr}` : undefined))
    await run.reader.card(1)
    await run.reader.ask(GET_ATR, 6)
    assert.deepEqual(run.told, ['+ 3b800181 made up'])
  }
})

test('attach: what the gateway refuses without the element is a status word', async () => {
  const refusals: [version: string, status: string, sw: string][] = [
    ['1.0', '-606 001 blocked by a filter', '6982'],
    ['1.0', '-506 001 syntax', '6700'],
    ['1.0', '-406 001 too long', '6700'],
    ['0.3', '-706 001 firewalled', '6982'],
  ]
  for (const [version, status, sw] of refusals) {
    const say: Say = (line) =>
      line === 'GET-VERSION' ? `+002 001 ${version}` : line.startsWith('APDU') ? status : undefined
    await using run = await attachedBench(say)
    assert.equal(await run.reader.ask(COMMAND, 4), `0002${sw}`)
  }
  await using run = await attachedBench()
  // Longer than a line of RACS may be: it does not even leave.
  assert.equal(await run.reader.ask(`2710 ${'00'.repeat(10_000)}`, 4), '00026700')
  assert.deepEqual(run.asked(), [])
})

test('attach: an element that fails is a card that is pulled; it comes back reset, nothing is sent twice', async () => {
  for (const status of ['-806 001 no way', '-906 001 gone', '-706 001 in use: revoked', 'silence', 'cut']) {
    await using run = await attachedBench((line) => (line.startsWith('APDU') ? status : undefined))
    const answer = run.reader.ask(COMMAND, 1)
    await until(() => run.gateway.requests.length === 1)
    if (status === 'silence') await run.clock.advanceBy(30_000)
    assert.equal(await answer, '')
    await run.tells(2)
    await until(() => run.gateway.sockets[0]?.closed === true)
    const freed = status === 'silence' || status === 'cut' ? [] : ['SHUTDOWN sim1']
    assert.deepEqual(run.asked(), ['APDU sim1 0084000008', ...freed])
    await run.clock.advanceBy(1_000)
    await run.reader.card(2)
    assert.equal(await run.reader.ask(GET_ATR, 7), ATR)
    assert.deepEqual(run.asked(), LEASE)
    assert.match(run.told.join(), /^\+ 3b80800101,- client\.\w+ 1000,\+ 3b80800101$/)
  }
})

test('attach: the reader goes; it is dialled after 1 s, 2 s and so on up to 30 s, and the lease is kept', async () => {
  await using run = await attachedBench()
  await run.reader.end()
  const waits = [1, 2, 4, 8, 16, 30, 30]
  for (const [index, wait] of waits.entries()) {
    await run.tells(2 + index)
    await run.clock.advanceBy(wait * 1_000 - 1)
    assert.equal(run.told.length, 2 + index)
    if (index === waits.length - 1) await run.reader.begin()
    await run.clock.advanceBy(1)
  }
  await run.reader.card(2)
  assert.equal(await run.reader.ask(GET_ATR + COMMAND + POWER_ON + COMMAND, 13), `${ATR}000000029000`)
  assert.deepEqual(
    run.told.slice(1, -1),
    waits.map((wait) => `- client.reader ${wait * 1_000}`),
  )
  assert.equal(run.told.at(-1), '+ 3b80800101')
  assert.equal(run.gateway.sockets.length, 1)
  // It was there for a while: the next wait is short again.
  await run.clock.advanceBy(30_000)
  await run.reader.end()
  await until(() => run.told.at(-1) === '- client.reader 1000')
})

test('attach: a session that is cut while nothing happens pulls the card, and the lease is taken anew', async () => {
  await using run = await attachedBench()
  run.gateway.sockets[0]?.destroy()
  await run.tells(2)
  await until(() => !run.reader.hasCard)
  // The gateway has not noticed yet.
  run.desk.say = (line) => (line === 'POWERON sim1' ? '-708 001 in use: held by racs client' : undefined)
  await run.clock.advanceBy(1_000)
  await run.tells(3)
  run.desk.say = () => undefined
  await run.clock.advanceBy(2_000)
  await run.reader.card(2)
  await run.reader.ask(GET_ATR, 7)
  assert.deepEqual(run.told, [
    '+ 3b80800101',
    '- client.transport 1000',
    '- client.refused 2000',
    '+ 3b80800101',
  ])
})

test('attach: a lease that is refused later on ends it, and so does one that others keep', async () => {
  for (const [status, lines] of [
    ['-608 001 no', 2],
    ['-708 001 in use', Infinity],
  ] as const) {
    await using run = await attachedBench()
    run.desk.say = (line) => (line === 'POWERON sim1' ? status : undefined)
    run.gateway.sockets[0]?.destroy()
    while (run.outcome() === 'attached') {
      await settle()
      await run.clock.advanceBy(500)
    }
    assert.equal((run.outcome() as ClientError).code, 'client.refused')
    assert.ok(run.told.length <= lines)
    assert.ok(run.clock.now() < 1_000_000)
  }
})

test('attach: what fails before the card was in the reader is final', async () => {
  for (const status of ['-608 001 no', '-708 001 in use', '-908 001 absent', 'cut']) {
    await using run = await bench((line) => (line === 'POWERON sim1' ? status : undefined))
    await until(() => run.outcome() !== 'attached')
    assert.match((run.outcome() as ClientError).code, status === 'cut' ? /transport/ : /refused/)
    assert.deepEqual([run.told, run.reader.cards], [[], []])
  }
  await using run = await bench()
  await run.reader.end()
  await until(() => run.outcome() !== 'attached')
  assert.equal((run.outcome() as ClientError).code, 'client.reader')
  assert.equal(run.asked().at(-1), 'SHUTDOWN sim1')
})

test('attach: a session is kept alive while nothing happens; a gateway that is silent then is lost', async () => {
  await using run = await attachedBench()
  for (let times = 0; times < 3; times++) {
    await run.clock.advanceBy(20_000)
    await until(() => run.gateway.requests.length > 0)
    assert.deepEqual(run.asked(), ['GET-VERSION'])
    // Its answer must be in before the clock moves on.
    await run.reader.ask(COMMAND, 4)
    run.asked()
  }
  run.desk.say = () => 'silence'
  await run.clock.advanceBy(20_000)
  await run.clock.advanceBy(30_000)
  await run.tells(2)
  assert.equal(run.told.at(-1), '- client.timeout 1000')
})

test('attach: Ctrl-C ends whatever is under way', async () => {
  {
    await using run = await attachedBench((line) => (line.startsWith('APDU') ? 'silence' : undefined))
    const answer = run.reader.ask(COMMAND, 1)
    await until(() => run.gateway.requests.length === 1)
    const end = run.end()
    await until(() => run.gateway.requests.length === 2)
    await run.clock.advanceBy(3_000)
    assert.equal(await end, 'freed')
    assert.deepEqual(run.asked(), ['APDU sim1 0084000008', 'SHUTDOWN sim1'])
    assert.equal(await answer, '')
  }
  {
    await using run = await attachedBench()
    await run.reader.end()
    await run.tells(2)
    assert.equal(await run.end(), 'freed')
    assert.deepEqual(run.asked(), ['SHUTDOWN sim1'])
    assert.equal(run.clock.pending, 0)
  }
  // Nobody there speaks TLS.
  const mute = createServer().listen(0, '127.0.0.1')
  await once(mute, 'listening')
  const clock = new ManualClock()
  const ending = new AbortController()
  const target = { host: '127.0.0.1', port: (mute.address() as AddressInfo).port, ...pki.client, ca: pki.ca }
  const end = attach(
    {
      ...{ seid: 'sim1', clock, timeoutMs: 30_000, reader: { host: '127.0.0.1', port: 1 } },
      connect: (signal) => RacsClient.connect(target, { clock, deadline: 30_000, signal }),
      onAttached: () => undefined,
      onDetached: () => undefined,
    },
    ending.signal,
  )
  const [socket] = (await once(mute, 'connection')) as [Socket]
  socket.on('error', () => undefined)
  ending.abort()
  await end
  assert.equal(clock.pending, 0)
  mute.close()
})
