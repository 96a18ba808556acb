import assert from 'node:assert/strict'
import test, { after, type TestContext } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { hexOf } from '../../src/base/hex.ts'
import type { ClientError } from '../../src/client/errors.ts'
import { RacsClient, type RacsTarget, successOf } from '../../src/client/racs.ts'
import { hex } from '../support/hex-fields.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { type Answer, linesOf, nameOf, replyTo, ScriptedGateway } from '../support/scripted-gateway.ts'
import { TestPki } from '../support/test-pki.ts'

const pki = new TestPki()
after(() => pki.remove())

const NEVER = Infinity
const PROTOCOL = { name: 'ClientError', code: 'client.protocol' }
const TRANSPORT = { name: 'ClientError', code: 'client.transport' }

function targetOf(port: number, changes: Partial<RacsTarget> = {}): RacsTarget {
  return { host: '127.0.0.1', port, ...pki.client, ca: pki.ca, ...changes }
}

/** A client of a gateway that answers as told, and the clock of the client, which stands still. */
async function bench(context: TestContext, answer: Answer) {
  const gateway = await ScriptedGateway.start(pki, answer)
  const clock = new ManualClock()
  const client = await RacsClient.connect(targetOf(gateway.port), { clock, deadline: NEVER })
  context.after(async () => {
    for (const socket of gateway.sockets) socket.destroy()
    await client[Symbol.asyncDispose]()
    await gateway[Symbol.asyncDispose]()
  })
  return { gateway, clock, client }
}

/** A gateway that answers each request with these statuses. */
const says =
  (...statuses: string[]): Answer =>
  (request, socket) =>
    socket.write(replyTo(request, ...statuses), 'latin1')

test('racs client: a request goes out in one write, and its answer comes back', async (context) => {
  const { client, gateway } = await bench(context, says('+002 001 1.0', '+009 002 x'))
  const { statuses } = await client.request(['GET-VERSION APPEND', 'ECHO x'], NEVER)
  assert.deepEqual(statuses, [
    { sign: '+', code: '002', line: 1, text: '1.0' },
    { sign: '+', code: '009', line: 2, text: 'x' },
  ])
  assert.deepEqual(gateway.chunks, ['BEGIN r1\r\nGET-VERSION APPEND\r\nECHO x\r\nEND\r\n'])
})

test('racs client: TRIES says how many keys and PINs were wrong, and nothing else is an answer to it', async (context) => {
  const { client, gateway } = await bench(
    context,
    says('+014 001 authentication 1 of 3, verification 0 of 15'),
  )
  const tries = { authentication: { failed: 1, limit: 3 }, verification: { failed: 0, limit: 15 } }
  assert.deepEqual(await client.tries('sim1', undefined, NEVER), tries)
  assert.deepEqual(await client.tries('sim1', 'CLEAR', NEVER), tries)
  assert.deepEqual(gateway.requests.flatMap(linesOf), ['TRIES sim1', 'TRIES sim1 CLEAR'])
  for (const text of [
    'authentication 1 of 3',
    'verification 0 of 2',
    'authentication x of 3, verification 0 of 2',
  ]) {
    const other = await bench(context, says(`+014 001 ${text}`))
    await assert.rejects(other.client.tries('sim1', undefined, NEVER), PROTOCOL)
  }
})

test('racs client: a name of ones own stands on BEGIN, or none', async (context) => {
  const { client, gateway } = await bench(context, says('+001 000 Success'))
  assert.equal((await client.send({ id: 'mine', lines: [] }, NEVER)).id, 'mine')
  assert.equal((await client.send({ id: undefined, lines: [] }, NEVER)).id, undefined)
  assert.deepEqual(gateway.requests.map(nameOf), ['mine', ''])
})

test('racs client: requests that are pipelined get their answers in order, however these are cut', async (context) => {
  let held = ''
  const { client } = await bench(context, (request, socket) => {
    held += replyTo(request, `+009 001 ${nameOf(request)}`)
    if (nameOf(request) !== 'r5') return
    for (const byte of held) socket.write(byte)
  })
  const order: string[] = []
  const replies = Array.from({ length: 5 }, async () => {
    const { id, statuses } = await client.request(['ECHO x'], NEVER)
    order.push(`${id}=${statuses[0]?.text}`)
  })
  await Promise.all(replies)
  assert.deepEqual(order, ['r1=r1', 'r2=r2', 'r3=r3', 'r4=r4', 'r5=r5'])
})

test('racs client: commands are one line each, and give what they ask for', async (context) => {
  const answers: Record<string, string> = {
    LIST: '+004 001 sim[1-2] key1 ',
    'POWERON sim1': '+008 001 on',
    'SHUTDOWN sim1': '+007 001 off',
    'RESET sim1': '+005 001 reset',
    'RESET sim1 WARM': '+005 001 reset (warm)',
    'SEN sim1': '+010 001 SEN= key1.com AID= default',
    'SEN sim1 foo.com': '+010 001 SEN= foo.com AID= default',
    'SEN sim1 foo.com 0102030405': '+010 001 SEN= foo.com AID= 0102030405',
    'GET-SEN sim1': '+011 001 foo.com [AID= 0102030405]',
    'APDU sim1 00A40400 CONTINUE=9000 MORE=61 FETCH=00C00000': '+006 001 01ff9000 ',
  }
  const { client, gateway } = await bench(context, (request, socket) => {
    socket.write(replyTo(request, answers[linesOf(request).join()] ?? '-100 001 unknown'))
  })
  assert.deepEqual(await client.list(NEVER), ['sim1', 'sim2', 'key1'])
  assert.equal((await client.poweron('sim1', NEVER)).text, 'on')
  assert.equal((await client.shutdown('sim1', NEVER)).text, 'off')
  assert.equal((await client.reset('sim1', 'cold', NEVER)).text, 'reset')
  assert.equal((await client.reset('sim1', 'warm', NEVER)).text, 'reset (warm)')
  await client.sen('sim1', {}, NEVER)
  await client.sen('sim1', { name: 'foo.com' }, NEVER)
  await client.sen('sim1', { name: 'foo.com', aid: '0102030405' }, NEVER)
  assert.deepEqual(await client.getSen('sim1', NEVER), { name: 'foo.com', aid: '0102030405' })
  const options = { continueSw: '9000', more: '61', fetch: '00C00000', deadline: NEVER }
  assert.equal(hexOf(await client.apdu('sim1', hex('00 A4 04 00'), options)), '01FF9000')
  assert.deepEqual(gateway.requests.flatMap(linesOf).sort(), Object.keys(answers).sort())
})

test('racs client: an answer of 64 KiB of data arrives whole', async (context) => {
  const { client } = await bench(context, says(`+006 001 ${'5A'.repeat(65_536)}9000`))
  const answer = await client.apdu('s', hex('00 CB 00 00'), { deadline: NEVER })
  assert.equal(answer.length, 65_538)
})

test('racs client: a refusal of a command is an error with its status and no APDU in its message', async (context) => {
  const { client } = await bench(context, says('-706 001 SEID 0 in use (0020000004 31323334) \x1b[2J'))
  await assert.rejects(client.apdu('0', hex('00 20 00 00 04 31 32 33 34'), { deadline: NEVER }), (error) => {
    const { code, status, message } = error as ClientError
    assert.equal(code, 'client.refused')
    assert.deepEqual([status?.sign, status?.code, status?.line], ['-', '706', 1])
    assert.equal(message, 'APDU refused: -706 SEID 0 in use ([hex] [hex]) \\x1b[2J')
    return true
  })
  assert.equal(client.failure, undefined)
  const reply = await client.request(['LIST'], NEVER)
  assert.throws(() => successOf(reply, ['LIST']), { code: 'client.refused' })
})

test('racs client: what cannot be a line is refused before anything is sent', async (context) => {
  const { client, gateway } = await bench(context, says('+009 001 x'))
  for (const seid of ['a b', 'a\r\nSHUTDOWN b', 'a\nLIST', '']) {
    assert.throws(() => client.poweron(seid, NEVER), { code: 'client.request' })
  }
  await assert.rejects(client.request(['LIST\r\nEND\r\nBEGIN'], NEVER), { code: 'client.request' })
  await client.request(['ECHO x'], NEVER)
  assert.equal(gateway.requests.length, 1)
})

test('racs client: without an answer a request ends at its deadline, and with it the session', async (context) => {
  const { client, clock } = await bench(context, () => undefined)
  const lost: string[] = []
  client.onLost = (error) => lost.push(error.code)
  const first = assert.rejects(client.request(['LIST'], 1000), { code: 'client.timeout' })
  const second = assert.rejects(client.request(['LIST'], 2000), { code: 'client.timeout' })
  await clock.advanceTo(999)
  assert.equal(client.failure, undefined)
  await clock.advanceTo(1000)
  await Promise.all([first, second])
  assert.equal(clock.pending, 0)
  assert.deepEqual(lost, ['client.timeout'])
  await assert.rejects(client.request(['LIST'], NEVER), { code: 'client.timeout' })
})

const HOSTILE: Record<string, (request: string) => string> = {
  'another protocol': () => 'HTTP/1.1 400 Bad Request\r\n\r\n',
  'a wrong name': (request) => replyTo(request.replace(/r1/, 'r2'), '+004 001 a'),
  'no name': () => 'BEGIN\r\n+004 001 a\r\nEND\r\n',
  'a line that was not sent': (request) => replyTo(request, '+004 002 a'),
  'line 0 for line 1': (request) => replyTo(request, '+001 000 Success'),
  'no status': (request) => replyTo(request),
  'two answers': (request) => replyTo(request, '+004 001 a').repeat(2),
  'an answer and more': (request) => `${replyTo(request, '+004 001 a')}BEG`,
  'more than 1 MiB': (request) => replyTo(request, `+004 001 ${'a'.repeat(1_048_576)}`),
  'a line without end': () => 'x'.repeat(1_048_577),
}

for (const [what, bytes] of Object.entries(HOSTILE)) {
  test(`racs client: ${what} in the answer ends the session as a fault of protocol`, async (context) => {
    const { client } = await bench(context, (request, socket) => socket.write(bytes(request)))
    const lost = new Promise<ClientError>((resolve) => {
      client.onLost = resolve
    })
    // What comes behind a good answer is seen with it or after it.
    await client.request(['LIST'], NEVER).catch(() => undefined)
    assert.equal((await lost).code, 'client.protocol')
    await assert.rejects(client.request(['LIST'], NEVER), PROTOCOL)
  })
}

test('racs client: an APDU is answered with whole bytes and at least a status word', async (context) => {
  for (const text of ['', '90', '900', '90 00', 'zz00']) {
    const { client } = await bench(context, says(`+006 001 ${text}`))
    await assert.rejects(client.apdu('s', hex('00 A4 04 00'), { deadline: NEVER }), PROTOCOL, text)
  }
})

test('racs client: what comes unasked ends the session', async (context) => {
  const { client, gateway } = await bench(context, () => undefined)
  const lost = new Promise<ClientError>((resolve) => {
    client.onLost = resolve
  })
  while (gateway.sockets.length === 0) await new Promise((resolve) => setImmediate(resolve))
  gateway.sockets[0]?.write('B')
  assert.equal((await lost).code, 'client.protocol')
})

const CUTS: Record<string, [how: (request: string, socket: TLSSocket) => void, message: RegExp]> = {
  'before its answer': [(_, socket) => socket.end(), /closed the connection before it said anything/],
  'in the middle of it': [(_, socket) => socket.end('BEGIN r1\r\n+004 0'), /in the middle of an answer$/],
  'by a reset': [(_, socket) => socket.destroy(), /c(losed|ut) the connection before/],
}

for (const [when, [how, message]] of Object.entries(CUTS)) {
  test(`racs client: a connection that ends ${when} is an error of transport that says so`, async (context) => {
    const { client, clock } = await bench(context, how)
    await assert.rejects(client.request(['LIST'], 1000), { ...TRANSPORT, message })
    await assert.rejects(client.request(['LIST'], 1000), TRANSPORT)
    assert.equal(clock.pending, 0)
  })
}

test('racs client: the answer that comes before the connection ends still counts', async (context) => {
  const { client } = await bench(context, (request, socket) =>
    socket.end(replyTo(request, '-900 001 unknown')),
  )
  const { statuses } = await client.request(['FOO'], NEVER)
  assert.equal(statuses[0]?.code, '900')
  await new Promise<void>((resolve) => {
    client.onLost = () => resolve()
    if (client.failure !== undefined) resolve()
  })
})

test('racs client: GET-SEN of an element without a name, whose answer lacks its END, leaves the session in step', async (context) => {
  const { client } = await bench(context, (request, socket) => {
    const whole = replyTo(
      request,
      linesOf(request)[0] === 'LIST' ? '+004 001 a' : '-911 001 SEID 3 has no SEN',
    )
    socket.write(linesOf(request)[0] === 'LIST' ? whole : whole.replace('END\r\n', ''))
  })
  await assert.rejects(client.getSen('3', NEVER), { code: 'client.refused' })
  assert.deepEqual(await client.list(NEVER), ['a'])
})

test('racs client: disposal ends what is under way, and waits a second for the gateway at most', async (context) => {
  const gateway = await ScriptedGateway.start(pki, () => undefined, { allowHalfOpen: true })
  context.after(() => gateway[Symbol.asyncDispose]())
  const clock = new ManualClock()
  const client = await RacsClient.connect(targetOf(gateway.port), { clock, deadline: NEVER })
  const rejected = assert.rejects(client.request(['LIST'], 60_000), { ...TRANSPORT, message: /ended here/ })
  const disposal = client[Symbol.asyncDispose]()
  await rejected
  await clock.advanceTo(1000)
  await disposal
  assert.equal(clock.pending, 0)
})
