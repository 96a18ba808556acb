import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import { PeerError } from '../../src/net/errors.ts'
import { HelloCollector, MAX_CLIENT_HELLO_BYTES, parseClientHello } from '../../src/tlsse/client-hello.ts'
import {
  extension,
  FIT,
  handshakeRecords,
  helloMessage,
  hostName,
  POINT,
  preSharedKey,
  pskModes,
  serverName,
  shares,
  versions,
} from '../support/hello-bytes.ts'
import { hex } from '../support/hex-fields.ts'

const nameOf = (message: Uint8Array): string | undefined => {
  const { serverName: name } = parseClientHello(message)
  return name && Buffer.from(name).toString('latin1')
}

/** Everything but the name. */
const claimsOf = (message: Uint8Array): object => {
  const { offersTls13, offersSuite, hasP256Share, allowsPskDhe, hasIdentity } = parseClientHello(message)
  return { offersTls13, offersSuite, hasP256Share, allowsPskDhe, hasIdentity }
}

const FITS = {
  offersTls13: true,
  offersSuite: true,
  hasP256Share: true,
  allowsPskDhe: true,
  hasIdentity: true,
}

/** A fit hello but for the extensions given; undefined takes one away. */
const with_ = (changes: Partial<Record<keyof typeof FIT, Uint8Array | undefined>>): Uint8Array =>
  helloMessage({ extensions: Object.values({ ...FIT, ...changes }).filter((one) => one !== undefined) })

const refused = (message: Uint8Array, why?: RegExp): void =>
  assert.throws(() => parseClientHello(message), { code: 'peer.syntax', ...(why && { message: why }) })

test('client hello: those of the recorded sessions are fit and name their element', () => {
  for (const [file, name] of [
    ['tls-se-echo-session.json', 'ethertrust'],
    ['tls-se-keystore-session.json', 'key1.com'],
  ] as const) {
    const text = readFileSync(join(import.meta.dirname, '../vectors', file), 'utf8')
    const { records } = JSON.parse(text) as { records: { record: string }[] }
    const message = hex(records[0]!.record).subarray(5)
    assert.deepEqual(claimsOf(message), FITS)
    assert.equal(nameOf(message), name)
  }
})

test('client hello: cut anywhere, it is peer.syntax and nothing else', () => {
  const message = helloMessage({ sessionId: new Uint8Array(32) })
  for (let length = 4; length < message.length; length++) {
    // A hello that ends before its extensions is complete TLS 1.2 (RFC 5246 section 7.4.1.2), and not 1.3.
    if (length === 4 + 2 + 32 + 33 + 4 + 2)
      assert.equal(parseClientHello(message.subarray(0, length)).offersTls13, false)
    else refused(message.subarray(0, length))
  }
  refused(Uint8Array.of(...message, 0), /follow the extensions/)
})

test('client hello: no extension may come twice, unknown ones included', () => {
  for (const one of [...Object.values(FIT).slice(0, -1), extension(0x0a0a, Buffer.alloc(1))]) {
    refused(
      helloMessage({
        extensions: [one, ...Object.values(FIT).filter((other) => other !== one), one].toSorted(
          (a, b) => Number(a === FIT.preSharedKey) - Number(b === FIT.preSharedKey),
        ),
      }),
      /twice/,
    )
  }
  refused(helloMessage({ extensions: [...Object.values(FIT), FIT.preSharedKey] }), /twice/)
})

test('client hello: pre_shared_key must be the last extension', () => {
  refused(helloMessage({ extensions: [FIT.preSharedKey, FIT.serverName] }), /last/)
})

test('client hello: a name is taken byte-exact, and two names or an empty one are refused', () => {
  for (const name of ['KEY1.com', 'key1.com.', 'a', '\xff\x00', 'x'.repeat(255)]) {
    assert.equal(nameOf(with_({ serverName: serverName(hostName(name)) })), name)
  }
  assert.equal(nameOf(with_({ serverName: undefined })), undefined)
  assert.equal(
    nameOf(with_({ serverName: serverName(hostName('other kind', 1), hostName('key1.com')) })),
    'key1.com',
  )
  refused(with_({ serverName: serverName(hostName('a'), hostName('b')) }), /two host names/)
  refused(with_({ serverName: serverName(hostName('a'), hostName('a')) }), /two host names/)
  refused(with_({ serverName: serverName(hostName('')) }), /empty/)
})

test('client hello: each thing an element needs is seen when it is there and missed when it is not', () => {
  const missing: [keyof typeof FITS, Uint8Array][] = [
    ['offersTls13', with_({ versions: undefined })],
    ['offersTls13', with_({ versions: versions(0x0303) })],
    ['offersTls13', helloMessage({ version: 0x0304 })],
    ['offersTls13', helloMessage({ compression: Uint8Array.of(1, 0) })],
    ['offersSuite', helloMessage({ suites: [0x1301, 0x1302, 0x1303, 0x1305] })],
    // 13 04 across the border of two suites is none.
    ['offersSuite', helloMessage({ suites: [0x0013, 0x0400] })],
    ['hasP256Share', with_({ shares: undefined })],
    ['hasP256Share', with_({ shares: shares([0x001d, new Uint8Array(32)]) })],
    ['hasP256Share', with_({ shares: shares([0x0017, POINT.subarray(0, 64)]) })],
    [
      'hasP256Share',
      with_({ shares: shares([0x0017, Buffer.concat([Buffer.from([2]), POINT.subarray(1)])]) }),
    ],
    ['allowsPskDhe', with_({ pskModes: pskModes(0) })],
    ['hasIdentity', with_({ preSharedKey: undefined })],
  ]
  for (const [claim, message] of missing) {
    assert.deepEqual(claimsOf(message), { ...FITS, [claim]: false }, hexOf(message))
  }
  const grease = helloMessage({
    suites: [0x0a0a, 0x1301, 0x1304],
    extensions: [
      extension(0x1a1a, new Uint8Array(0)),
      FIT.serverName,
      versions(0x2a2a, 0x0304, 0x0303),
      pskModes(0x0b, 1),
      shares([0x3a3a, Uint8Array.of(0)], [0x001d, new Uint8Array(32)], [0x0017, POINT]),
      FIT.preSharedKey,
    ],
  })
  assert.deepEqual(claimsOf(grease), FITS)
  assert.equal(parseClientHello(with_({ pskModes: undefined })).allowsPskDhe, true)
})

test('client hello: identities and binders must match, and a binder is a hash or longer', () => {
  refused(with_({ preSharedKey: preSharedKey(['a', 'b'], [32]) }), /match/)
  refused(with_({ preSharedKey: preSharedKey(['a'], [32, 32]) }), /match/)
  refused(with_({ preSharedKey: preSharedKey(['a'], [31]) }), /31|32/)
  refused(with_({ preSharedKey: preSharedKey([''], [32]) }), /empty/)
  refused(with_({ preSharedKey: preSharedKey([], []) }), /no PSK identity/)
  assert.equal(
    parseClientHello(with_({ preSharedKey: preSharedKey(['a', 'b'], [32, 48]) })).hasIdentity,
    true,
  )
})

test('client hello: a session id of 33 bytes, no suite, half a suite or no compression is refused', () => {
  parseClientHello(helloMessage({ sessionId: new Uint8Array(32) }))
  refused(helloMessage({ sessionId: new Uint8Array(33) }), /session id/)
  refused(helloMessage({ suites: [] }), /suite/)
  refused(helloMessage({ compression: new Uint8Array(0) }), /compression/)
})

test('hello collector: the message comes whole from records cut anywhere', () => {
  const message = helloMessage()
  for (let pieceBytes = 1; pieceBytes <= message.length; pieceBytes++) {
    const collector = new HelloCollector()
    const results = handshakeRecords(message, pieceBytes).map((record) => collector.add(record))
    assert.deepEqual(results.slice(0, -1).filter(Boolean), [])
    assert.deepEqual(results.at(-1), message, `pieces of ${pieceBytes}`)
  }
})

test('hello collector: a single record costs no copy', () => {
  const [record] = handshakeRecords(helloMessage())
  assert.equal(new HelloCollector().add(record!)?.buffer, record!.buffer)
})

test('hello collector: refuses other content types, other messages, and bytes behind the hello', () => {
  const message = helloMessage()
  const collect = (...records: Uint8Array[]): unknown => {
    const collector = new HelloCollector()
    return records.map((record) => collector.add(record))
  }
  for (const type of [20, 21, 23]) {
    const [record] = handshakeRecords(message)
    record![0] = type
    assert.throws(() => collect(record!), { code: 'peer.syntax' })
  }
  const other = message.slice()
  other[0] = 2
  assert.throws(() => collect(...handshakeRecords(other)), { code: 'peer.syntax' })
  assert.throws(() => collect(...handshakeRecords(other, 1)), { code: 'peer.syntax' })
  assert.throws(() => collect(...handshakeRecords(Uint8Array.of(...message, 1))), { code: 'peer.syntax' })
  assert.throws(() => collect(...handshakeRecords(Uint8Array.of(...message, 1), 50)), { code: 'peer.syntax' })
})

test('hello collector: takes 16,384 bytes and refuses one more by its announced length', () => {
  const empty = helloMessage({ extensions: [extension(21, new Uint8Array(0))] }).length
  const sized = (length: number) =>
    helloMessage({ extensions: [extension(21, new Uint8Array(length - empty))] })
  const fits = sized(MAX_CLIENT_HELLO_BYTES)
  assert.equal(fits.length, 16_384)
  const collector = new HelloCollector()
  assert.deepEqual(
    handshakeRecords(fits, 5_000).map((record) => collector.add(record)?.length),
    [undefined, undefined, undefined, 16_384],
  )
  const [first] = handshakeRecords(sized(MAX_CLIENT_HELLO_BYTES + 1), 100)
  assert.throws(() => new HelloCollector().add(first!), { code: 'peer.oversize' })
})

test('client hello: lists below the least length of their standard are refused', () => {
  // RFC 8446 sections 4.2.1, 4.2.8 and 4.2.9; RFC 6066 section 3.
  refused(with_({ versions: versions() }), /version list/)
  refused(with_({ versions: extension(43, hex('03 03 04 03')) }), /version list/)
  refused(with_({ pskModes: pskModes() }), /mode/)
  refused(with_({ shares: shares([0x001d, new Uint8Array(0)]) }), /empty key share/)
  refused(with_({ serverName: serverName() }), /server_name/)
})

test('client hello: errors are PeerError, so that a plane can map them', () => {
  assert.throws(() => parseClientHello(hex('01 000000')), PeerError)
})
