import assert from 'node:assert/strict'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import { Card } from '../../src/simulator/card.ts'
import { exchange } from '../support/card-bridge.ts'
import { CardSession, VERIFY_USER } from '../support/card-session.ts'
import { TlsClient } from '../support/tls-client.ts'
import { bytes, keystoreSession } from '../support/vectors.ts'

/** A D8 command around `data`. */
function put(p1: number, p2: number, data: Uint8Array): string {
  return hexOf(Buffer.concat([Uint8Array.of(0, 0xd8, p1, p2, data.length), data]))
}

test('transport: fragments of any length from 1 to 255 bytes make up a record', () => {
  for (const length of [1, 2, 100, 239, 240, 241, 254, 255]) {
    const session = new CardSession({ applet: 'echo' }).open()
    const record = session.client.seal('z'.repeat(300))
    let response = ''
    for (let offset = 0; offset < record.length; offset += length) {
      const p2 = (offset === 0 ? 1 : 0) | (offset + length >= record.length ? 2 : 0)
      response = session.apdu(put(0, p2, record.subarray(offset, offset + length)))
      if ((p2 & 2) === 0) assert.equal(response, '9000')
    }
    assert.equal(response, '9FF0')
  }
})

test('transport: one sequence carries exactly one record, else 6D02, and the session goes on', () => {
  const session = new CardSession({ applet: 'echo' }).open()
  const record = session.client.seal('first')
  const bad: Record<string, Uint8Array> = {
    'two records': Buffer.concat([record, record]),
    'a byte too many': Buffer.concat([record, Uint8Array.of(0)]),
    'a byte too few': record.subarray(0, -1),
    'half a header': record.subarray(0, 4),
  }
  for (const [name, data] of Object.entries(bad)) assert.equal(session.apdu(put(0, 3, data)), '6D02', name)
  assert.equal(session.apdu(put(0, 2, record.subarray(9))), '6D02')
  assert.equal(session.record(record).sw, '9000')
})

test('transport: ChangeCipherSpec and Finished in one sequence are 6D02, one after the other they pass', () => {
  const session = new CardSession().serverFlight()
  const ccs = bytes('14 0303 0001 01')
  const finished = session.client.clientFinished()
  assert.equal(session.apdu(put(0, 3, Buffer.concat([ccs, finished]))), '6D02')
  assert.equal(session.record(ccs).sw, '9000')
  assert.equal(session.record(finished).sw, '9001')
})

test('transport: 512 bytes can be collected, the 513th is 6D02 until a first fragment starts over', () => {
  const session = new CardSession()
  session.check([
    [put(0, 1, new Uint8Array(255)), '9000'],
    [put(0, 0, new Uint8Array(255)), '9000'],
    [put(0, 0, new Uint8Array(2)), '9000'],
    [put(0, 0, new Uint8Array(1)), '6D02'],
    [put(0, 2, new Uint8Array(1)), '6D02'],
    [put(0, 1, new Uint8Array(255)), '9000'],
  ])
  session.open({})
})

test('transport: a first fragment restarts a sequence', () => {
  const session = new CardSession({ applet: 'echo' }).open()
  const record = session.client.seal('once')
  session.check([
    [put(0, 1, record), '9000'],
    [put(0, 1, record.subarray(0, 7)), '9000'],
  ])
  assert.equal(session.apdu(put(0, 2, record.subarray(7))).slice(-4), '9000')
})

test('transport: D8 with P3 but no data is 6700', () => {
  new CardSession().check([['00 d8 00 03 f0', '6700']])
})

test('transport: an answer of 240 bytes comes at once, a longer one in pieces, and a wrong Le loses nothing', () => {
  for (const [recordBytes, pieces] of [
    [240, [240]],
    [241, [0, 240, 1]],
    [479, [0, 240, 239]],
    [480, [0, 240, 240]],
    [481, [0, 240, 240, 1]],
  ] as const) {
    const session = new CardSession({ applet: 'echo' }).open()
    const record = session.client.seal('w'.repeat(recordBytes - 22))
    session.apdu(put(0, 1, record.subarray(0, 230)))
    session.apdu(put(0, 0, record.subarray(230, -5)))
    let response = bytes(session.apdu(put(0, 2, record.subarray(-5))))
    const got = [response.length - 2]
    while (response.at(-2) === 0x9f) {
      const announced = response.at(-1)!
      const [right, wrong] = [Uint8Array.of(announced), Uint8Array.of(announced ^ 1)].map(hexOf)
      session.check([[`00 c0 00 00 ${wrong}`, `6C${right}`]])
      response = bytes(session.apdu(`00 c0 00 00 ${right}`))
      got.push(response.length - 2)
    }
    assert.equal(hexOf(response.subarray(-2)), '9000')
    assert.deepEqual(got, pieces)
  }
})

test('transport: C0 with nothing waiting is 9000 without data, in every state', () => {
  const session = new CardSession()
  session.check([
    ['00 c0 00 00 f0', '9000'],
    ['00 c0 00 00', '9000'],
  ])
  session.serverFlight()
  session.check([['00 c0 00 00 3a', '9000']])
  session.record(session.client.clientFinished())
  session.check([['00 c0 00 00 00', '9000']])
  assert.equal(session.say('?01x\n'), 'x\r\n')
})

test('transport: the server flight is fetched with the announced Le, another is told the right one', () => {
  const session = new CardSession()
  const hello = session.apdu(put(0, 3, session.client.clientHello()))
  assert.equal(hello.slice(-4), '9F1C')
  session.check([
    ['00 c0 00 00 00', '6C1C'],
    ['00 c0 00 00', '6C1C'],
  ])
  const extensions = session.apdu('00 c0 00 00 1c')
  assert.equal(extensions.slice(-4), '9F3A')
  session.check([['00 c0 00 00 1c', '6C3A']])
  const finished = session.apdu('00 c0 00 00 3a')
  assert.equal(finished.slice(-4), '9000')
  session.client.readServerFlight(
    bytes([hello, extensions, finished].map((part) => part.slice(0, -4)).join('')),
  )
})

test('transport: a D8 in place of a C0 computes the next record, answers 6C1C or 6C3A, and is itself lost', () => {
  const session = new CardSession()
  const hello = session.apdu(put(0, 3, session.client.clientHello()))
  const stray = put(0, 3, bytes('14 0303 0001 01'))
  assert.equal(session.apdu(stray), '6C1C')
  const extensions = session.apdu('00 c0 00 00 1c')
  assert.equal(session.apdu(stray), '6C3A')
  const finished = session.apdu('00 c0 00 00 3a')
  session.client.readServerFlight(
    bytes([hello, extensions, finished].map((part) => part.slice(0, -4)).join('')),
  )
  assert.equal(session.apdu(stray), '9000')
  assert.equal(session.record(session.client.clientFinished()).sw, '9001')
})

test('transport: mode FF echoes in clear in any state, modes 01 and 02 only know an open session', () => {
  const session = new CardSession()
  assert.deepEqual(session.record(bytes('01 02 03'), 0xff), { output: '010203', sw: '9000' })
  assert.equal(session.record(bytes('01 02 03'), 0x02).sw, '6D02')
  session.open()
  const long = new Uint8Array(300).fill(5)
  assert.deepEqual(session.record(long, 0xff), { output: hexOf(long), sw: '9000' })
  assert.deepEqual(session.record(session.client.seal('secret'), 0x01), {
    output: `${hexOf(Buffer.from('secret'))}17`,
    sw: '9000',
  })
  const { output } = session.record(Buffer.from('forged\x17'), 0x02)
  assert.equal(session.client.open(bytes(output)), 'forged')
})

test('transport: on the echo applet every mode but 01 and 02 runs the echo in an open session', () => {
  const session = new CardSession({ applet: 'echo' })
  assert.deepEqual(session.record(bytes('01 02 03'), 0xff), { output: '010203', sw: '9000' })
  session.open()
  for (const mode of [0x00, 0x03, 0x77, 0xff]) assert.equal(session.say('hello', mode), 'hello')
  assert.equal(session.record(session.client.seal('x'), 0x01).output, '7817')
})

test('t0: data waits for GET RESPONSE, with 6C for a wrong Le and nothing lost', () => {
  const session = new CardSession({ protocol: 't0' })
  const hello = session.client.clientHello()
  session.check([
    [put(0, 3, hello), '6186'],
    ['00 c0 00 00 00', '6C86'],
    ['00 c0 00 00 85', '6C86'],
  ])
  const serverHello = session.apdu('00 c0 00 00 86')
  assert.equal(serverHello.slice(-4), '9F1C')
  session.check([['00 c0 00 00 1b', '6C1C']])
  assert.equal(session.apdu('00 c0 00 00 1c').slice(-4), '9F3A')
  assert.equal(session.apdu('00 c0 00 00 3a').slice(-4), '9000')
  session.check([['00 c0 00 00 3a', '9000']])
})

test('t0: a case 2 command is told the right Le and repeated, without running twice', () => {
  let calls = 0
  const random = (length: number) => new Uint8Array(length).fill((calls += 1))
  const session = new CardSession({ protocol: 't0', random })
  session.apdu(VERIFY_USER)
  session.check([
    ['00 87 00 00 00', '6C04'],
    ['00 87 00 00 04', '0106F706 9000'],
    ['00 84 00 fe 00', '6C22'],
  ])
  assert.equal(session.apdu('00 84 00 fe 22').length, 2 * 36)
  session.check([['00 84 00 fe 20', '6C22']])
  assert.equal(session.apdu('00 b0 00 00 00').length, 2 * 258)
  session.check([
    ['00 85 00 02 04 | 01 00 01 00', '6120'],
    ['00 87 00 00 04', '0106F706 9000'],
    // Whatever is sent in between, what waited is gone.
    ['00 c0 00 00 20', '9000'],
  ])
})

test('t0: equals T=1 byte for byte once every follow-up is done', () => {
  const [t1, t0] = (['t1', 't0'] as const).map((protocol) => {
    const card = new Card({ applet: 'keystore', protocol })
    card.reset()
    for (const { command } of keystoreSession.setup) assert.equal(followed(card, command), '9000')
    return keystoreSession.records.map(({ record }, index) => {
      const { output, sw } = exchange(card, bytes(record), index === 0 ? 1 : 0)
      return hexOf(output) + sw
    })
  })
  assert.deepEqual(t0, t1)
  assert.deepEqual(
    t1,
    keystoreSession.records.map(({ output, sw }) => output + sw),
  )
})

test('t0: commands of every kind answer like on T=1 after follow-up', () => {
  const commands = [
    '00 20 00 01 08 | 30 30 30 30 30 30 30 30',
    '00 87 00 00 04',
    '00 84 03 03 00',
    '00 89 ff 03 00',
    '00 84 03 03 00',
    '00 85 00 02 04 | 01 00 01 00',
    `00 85 ff 0a 23 | 01 00 | 20 ${'07'.repeat(32)}`,
    '00 b0 00 00 00',
    '00 da 00 ff 05 | 3f 30 30 0d 0a',
    '00 8e 00 00 40',
    '00 ff 00 00 00',
    '00 20 00',
  ]
  const [t1, t0] = (['t1', 't0'] as const).map((protocol) => {
    const card = new Card({ applet: 'keystore', protocol })
    card.reset()
    return commands.map((command) => followed(card, hexOf(bytes(command))))
  })
  assert.deepEqual(t0, t1)
})

test('transport: a ClientHello in the middle of a session ends it, and the next one starts another', () => {
  const session = new CardSession().open()
  assert.equal(session.record(new TlsClient().clientHello()).sw, '6D16')
  session.open({})
})

/** The response after all 61xx and 6Cxx follow-ups. */
function followed(card: Card, command: string): string {
  let response = hexOf(card.process(bytes(command)).response)
  if (/^6C/.test(response))
    response = hexOf(card.process(bytes(command.slice(0, 8) + response.slice(2))).response)
  while (/^61..$/.test(response))
    response = hexOf(card.process(bytes(`00c00000${response.slice(2)}`)).response)
  return response
}
