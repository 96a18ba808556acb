import assert from 'node:assert/strict'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import { RecordProtection } from '../../src/simulator/record-protection.ts'
import { exchange } from '../support/card-bridge.ts'
import { CardSession } from '../support/card-session.ts'
import { type HelloChanges, keyShare, record, recordsOf, TlsClient, vector } from '../support/tls-client.ts'
import { bytes } from '../support/vectors.ts'

const CCS = bytes('14 0303 0001 01')

test('tls: a handshake costs seven APDUs on T=1 and eight on T=0, then one and two a record', () => {
  for (const [protocol, expected] of [
    ['t1', [4, 1, 1, 1]],
    ['t0', [5, 1, 1, 2]],
  ] as const) {
    // 32-byte session id and a name: a hello of two fragments, like OpenSSL's.
    const session = new CardSession({ protocol }, { sessionId: new Uint8Array(32), sni: 'key1.com' })
    const { client, card } = session
    const counts: number[] = []
    const send = (bytes: Uint8Array) => {
      const { output, apdus } = exchange(card, bytes)
      counts.push(apdus)
      return output
    }
    client.readServerFlight(send(client.clientHello()))
    send(CCS)
    send(client.clientFinished())
    assert.equal(client.open(send(client.seal('?00\n'))), 'Ethertrust keystore 1.3\r\n')
    assert.deepEqual(counts, expected)
  }
})

test('tls: the server flight is three records of 134 + 28 + 58 bytes, plus the session id, and no ChangeCipherSpec', () => {
  for (const idBytes of [0, 1, 32]) {
    const session = new CardSession({}, { sessionId: new Uint8Array(idBytes).fill(0xab) })
    const { output } = exchange(session.card, session.client.clientHello())
    assert.deepEqual(
      recordsOf(output).map((part) => part.length),
      [134 + idBytes, 28, 58],
    )
    session.client.readServerFlight(output)
    assert.equal(output[5 + 38], idBytes)
    assert.equal(hexOf(output.subarray(5 + 39, 5 + 39 + idBytes)), 'AB'.repeat(idBytes))
  }
})

test('tls: ChangeCipherSpec is optional and comes once', () => {
  const without = new CardSession().serverFlight()
  assert.equal(without.record(without.client.clientFinished()).sw, '9001')
  const once = new CardSession().serverFlight()
  assert.equal(once.record(CCS).sw, '9000')
  assert.equal(once.record(once.client.clientFinished()).sw, '9001')
  const twice = new CardSession().serverFlight()
  assert.equal(twice.record(CCS).sw, '9000')
  assert.equal(twice.record(CCS).sw, '6D16')
})

const point = new TlsClient().publicKey
const x25519 = keyShare(new Uint8Array(32).fill(9), 0x001d)
const offCurve = Buffer.from(point)
offCurve[64]! ^= 1

const ACCEPTED: Record<string, { changes?: HelloChanges; options?: { sessionId?: Uint8Array } }> = {
  'suite 1304 in second place': { changes: { cipherSuites: [0x1301, 0x1304, 0x1303] } },
  'no psk_key_exchange_modes': { changes: { extensions: { 0x2d: undefined } } },
  'psk_ke beside psk_dhe_ke': { changes: { extensions: { 0x2d: Uint8Array.of(2, 0, 1) } } },
  'no supported_groups': { changes: { extensions: { 0x0a: undefined } } },
  'several groups, secp256r1 among them': {
    changes: { extensions: { 0x0a: Uint8Array.of(0, 4, 0, 0x1d, 0, 0x17) } },
  },
  'no signature_algorithms': { changes: { extensions: { 0x0d: undefined } } },
  'ec_point_formats with uncompressed': { changes: { extensions: { 0x0b: Uint8Array.of(2, 1, 0) } } },
  'older versions beside 0304': { changes: { extensions: { 0x2b: Uint8Array.of(4, 3, 3, 3, 4) } } },
  'GREASE, ALPN, early_data, cookie, padding': {
    changes: {
      extensions: {
        0x0a0a: new Uint8Array(0),
        0x10: vector(2, vector(1, Buffer.from('h2'))),
        0x2a: new Uint8Array(0),
        0x2c: vector(2, new Uint8Array(3)),
        0x15: new Uint8Array(20),
      },
    },
  },
  'a 32-byte session id': { options: { sessionId: new Uint8Array(32) } },
  'another identity behind the right one': { changes: { identities: ['Client_identity', 'other'] } },
  'another identity before the right one, still selected 0': {
    changes: { identities: ['other', 'Client_identity'] },
  },
}

for (const [name, { changes, options }] of Object.entries(ACCEPTED)) {
  test(`tls: a ClientHello with ${name} is accepted`, () => {
    const session = new CardSession({}, options)
    const { output, sw } = exchange(session.card, session.client.clientHello(changes))
    assert.equal(sw, '9000')
    session.client.readServerFlight(output)
    assert.equal(session.record(session.client.clientFinished()).sw, '9001')
  })
}

test('tls: P-256 is found in any place of key_share', () => {
  for (const order of [
    ['x25519', 'p256'],
    ['p256', 'x25519'],
  ]) {
    const session = new CardSession()
    const own = keyShare(session.client.publicKey)
    const shares = order.map((name) => (name === 'p256' ? own : x25519))
    const hello = session.client.clientHello({ extensions: { 0x33: vector(2, ...shares) } })
    const { output, sw } = exchange(session.card, hello)
    assert.equal(sw, '9000')
    session.client.readServerFlight(output)
  }
})

const REFUSED: Record<string, HelloChanges> = {
  'legacy_version 0302': { legacyVersion: 0x0302 },
  'legacy_version 0304': { legacyVersion: 0x0304 },
  'no suite 1304': { cipherSuites: [0x1301, 0x1302, 0x1303] },
  'no suite at all': { cipherSuites: [] },
  'another compression': { compressions: [1] },
  'no supported_versions': { extensions: { 0x2b: undefined } },
  'TLS 1.2 only': { extensions: { 0x2b: Uint8Array.of(2, 3, 3) } },
  'psk_ke only': { extensions: { 0x2d: Uint8Array.of(1, 0) } },
  'supported_groups without secp256r1': { extensions: { 0x0a: Uint8Array.of(0, 2, 0, 0x1d) } },
  'ec_point_formats without uncompressed': { extensions: { 0x0b: Uint8Array.of(1, 1) } },
  'no key_share': { extensions: { 0x33: undefined } },
  'an X25519 share only': { extensions: { 0x33: vector(2, x25519) } },
  'an empty key_share': { extensions: { 0x33: vector(2) } },
  'a compressed point': {
    extensions: { 0x33: vector(2, keyShare(Buffer.from(`02${hexOf(point).slice(2, 66)}`, 'hex'))) },
  },
  'a point of 64 bytes': { extensions: { 0x33: vector(2, keyShare(point.subarray(0, 64))) } },
  'a point beside the curve': { extensions: { 0x33: vector(2, keyShare(offCurve)) } },
  'an unknown identity': { identities: ['client_identity'] },
  'an identity that is a prefix': { identities: ['Client_identit'] },
  'a wrong binder': { binder: (binder) => binder.map((byte, index) => (index === 31 ? byte ^ 1 : byte)) },
  'a short binder': { binder: (binder) => binder.subarray(0, 31) },
  'inconsistent signature_algorithms': { extensions: { 0x0d: Uint8Array.of(0, 4, 4, 3) } },
}

for (const [name, changes] of Object.entries(REFUSED)) {
  test(`tls: a ClientHello with ${name} is refused with 6D16 and nothing else, and the next one is welcome`, () => {
    const session = new CardSession()
    assert.deepEqual(session.record(session.client.clientHello(changes)), { output: '', sw: '6D16' })
    session.open({})
  })
}

test('tls: a wrong PSK, a session id of 33 bytes and every truncation of a hello are refused with 6D16', () => {
  const session = new CardSession()
  assert.equal(session.record(new TlsClient({ psk: new Uint8Array(32) }).clientHello()).sw, '6D16')
  assert.equal(session.record(new TlsClient({ sessionId: new Uint8Array(33) }).clientHello()).sw, '6D16')
  const hello = session.client.clientHelloMessage()
  for (let length = 0; length < hello.length; length += 1) {
    assert.equal(session.record(record(0x16, hello.subarray(0, length))).sw, '6D16')
  }
  assert.equal(session.record(record(0x16, Buffer.concat([hello, Uint8Array.of(0)]))).sw, '6D16')
  const withType2 = Buffer.from(hello)
  withType2[0] = 2
  assert.equal(session.record(record(0x16, withType2)).sw, '6D16')
})

test('tls: type and version of the ClientHello record are not looked at', () => {
  const session = new CardSession()
  const message = session.client.clientHelloMessage()
  const { output, sw } = exchange(session.card, record(0x15, message, 0x0000))
  assert.equal(sw, '9000')
  session.client.readServerFlight(output)
})

test('tls: a ClientHello record of 512 bytes is taken, one of 513 is 6D02', () => {
  for (const [total, expected] of [
    [512, '9000'],
    [513, '6D02'],
  ] as const) {
    const session = new CardSession()
    const plain = new TlsClient().clientHello().length
    const padding = new Uint8Array(total - plain - 4)
    const hello = session.client.clientHello({ extensions: { 0x15: padding } })
    assert.equal(hello.length, total)
    assert.equal(session.record(hello).sw, expected)
  }
})

test('tls: in the client’s flight everything but its right Finished is refused with 6D16', () => {
  const refused: Record<string, (client: TlsClient) => Uint8Array> = {
    'a ClientHello': () => new TlsClient().clientHello(),
    'an alert': () => bytes('15 0303 0002 02 28'),
    'a Finished with a changed bit': (client) => {
      const finished = client.clientFinished()
      finished[20]! ^= 1
      return finished
    },
    'a Finished under another record type': (client) => {
      const finished = client.clientFinished()
      finished[0] = 0x16
      return finished
    },
    'a Finished of another length': (client) => client.seal(new Uint8Array(37)),
    'a wrong Finished under the right key': (client) => client.seal(new Uint8Array(36), { type: 0x16 }),
  }
  for (const [name, make] of Object.entries(refused)) {
    const session = new CardSession().serverFlight()
    assert.deepEqual(session.record(make(session.client)), { output: '', sw: '6D16' }, name)
    session.open({})
  }
})

test('tls: in an open session only one authentic application record is an acceptable input, everything else ends it', () => {
  const refused: Record<string, (client: TlsClient) => Uint8Array> = {
    close_notify: (client) => client.seal(Uint8Array.of(1, 0), { type: 0x15 }),
    KeyUpdate: (client) => client.seal(Uint8Array.of(0x18, 0, 0, 1, 0), { type: 0x16 }),
    padding: (client) => client.seal('?00\r\n', { padding: 1 }),
    'an inner plaintext of nothing but zeros': (client) => client.seal('', { type: 0 }),
    ChangeCipherSpec: () => CCS,
    'a clear alert': () => bytes('15 0303 0002 01 00'),
    'a ClientHello': () => new TlsClient().clientHello(),
    'a changed bit': (client) => {
      const sealed = client.seal('?00\r\n')
      sealed[6]! ^= 1
      return sealed
    },
    'a record out of order': (client) => {
      client.seal('?00\r\n')
      return client.seal('?00\r\n')
    },
    'a record shorter than its tag': () => bytes('17 0303 0002 00 00'),
    'a record of no bytes': () => bytes('17 0303 0000'),
  }
  for (const [name, make] of Object.entries(refused)) {
    const session = new CardSession().open()
    assert.deepEqual(session.record(make(session.client)), { output: '', sw: '6D16' }, name)
    assert.equal(session.record(session.client.seal('?00\r\n')).sw, '6D16', name)
    session.open({})
  }
})

test('tls: a plaintext of 490 bytes fits a record, and the longest echo fits the answer', () => {
  const session = new CardSession({ applet: 'echo' }).open()
  assert.equal(session.say('x'.repeat(490)), 'x'.repeat(490))
  assert.equal(session.record(session.client.seal('x'.repeat(491))).sw, '6D02')
})

test('tls: plaintexts of 15, 31 and 47 bytes pass both ways, as all their neighbours (CCM is sound)', () => {
  const session = new CardSession({ applet: 'echo' }).open()
  for (let length = 0; length <= 64; length += 1)
    assert.equal(session.say('x'.repeat(length)), 'x'.repeat(length))
})

test('tls: sequence numbers are 16 bits, so record 65537 has the nonce of the first', () => {
  const secret = new Uint8Array(32)
  const receiving = new RecordProtection(secret)
  const first = new RecordProtection(secret).seal(bytes('00 17'))
  const short = bytes('17 0303 0000')
  for (let record = 0; record < 0xffff; record += 1) receiving.open(short)
  assert.equal(receiving.open(first), undefined)
  assert.equal(hexOf(receiving.open(first) ?? short), '0017')
})

test('tls: a session is lost by reset, by SELECT of the applet and by a TLS reset, not by SELECT of something else', () => {
  const session = new CardSession().open()
  assert.equal(session.apdu('00 a4 04 00 07 | a0 00 00 02 47 10 01'), '9000')
  assert.equal(session.say('?01on\n'), 'on\r\n')
  const ends: Record<string, () => unknown> = {
    reset: () => session.card.reset(),
    'SELECT of the AID': () => session.apdu('00 a4 04 00 06 | 01 02 03 04 05 00'),
    'SELECT of the package AID': () => session.apdu('00 a4 04 00 05 | 01 02 03 04 05'),
    'SELECT without AID': () => session.apdu('00 a4 04 00 00'),
    'TLS reset': () => session.apdu('00 d8 00 00 00'),
    'TLS reset of four bytes': () => session.apdu('00 d8 00 00'),
  }
  for (const [name, end] of Object.entries(ends)) {
    session.open({})
    end()
    assert.equal(session.record(session.client.seal('?00\r\n')).sw, '6D16', name)
  }
})

test('tls: the echo applet echoes, says goodbye to GET and quit, and is then ready for the next client', () => {
  const session = new CardSession({ applet: 'echo' }).open()
  assert.equal(session.say('?00\r\n'), '?00\r\n')
  assert.equal(session.say(''), '')
  assert.equal(session.say('GET /\r\n'), 'I hear you fa shizzle!9002')
  session.open({})
  assert.equal(session.say('quit\r\n'), 'quit\r\n9002')
  session.open({})
  assert.equal(session.say('GET /\n'), 'GET /\n')
})
