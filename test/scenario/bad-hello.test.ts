import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { checkAftermath } from '../support/aftermath.ts'
import { Gateway } from '../support/gateway.ts'
import { helloFor, RawPeer, TlsPeer } from '../support/peers.ts'
import { type HelloChanges, keyShare, record, TlsClient, vector } from '../support/tls-client.ts'

const gateway = await Gateway.start(`
[[slots]]
driver = "simulator"
sen = "key1.com"
[[slots]]
driver = "simulator"
count = 2
sen = "twins.com"
`)
after(() => gateway[Symbol.asyncDispose]())

/** Sends `bytes` and checks what comes back until the close: the alert, or nothing. */
async function refused(bytes: Uint8Array | string, alert: number | undefined): Promise<RawPeer> {
  const peer = await RawPeer.connect(gateway.port)
  const expected = alert === undefined ? [] : [0x15, 0x03, 0x03, 0x00, 0x02, 0x02, alert]
  assert.deepEqual(await peer.send(bytes).ended(), { bytes: Buffer.from(expected), by: 'fin' })
  return peer
}

/** A hello of exactly `recordBytes`, made so by the padding extension (RFC 7685). */
function helloOfLength(recordBytes: number, extensions: HelloChanges['extensions'] = {}): Buffer {
  const unpadded = helloFor('key1.com', { extensions: { 21: new Uint8Array(0), ...extensions } }).length
  const padding = new Uint8Array(recordBytes - unpadded)
  return helloFor('key1.com', { extensions: { 21: padding, ...extensions } })
}

const point = new TlsClient().publicKey
const ML_KEM_SHARE_BYTES = 1_216
const postQuantum = { 51: vector(2, keyShare(new Uint8Array(ML_KEM_SHARE_BYTES), 0x11ec), keyShare(point)) }
const hello = helloFor('key1.com')

const CASES: readonly {
  readonly what: string
  readonly bytes: Uint8Array | string
  /** AlertDescription; a plain close when absent. */
  readonly alert?: number
  readonly code: string
  readonly cause: RegExp
}[] = [
  {
    what: 'random bytes',
    bytes: Buffer.from('8f4e0b2a91c7d3550a', 'hex'),
    code: 'peer.not-tls',
    cause: /first byte 0x8f/,
  },
  { what: 'zeros', bytes: Buffer.alloc(600), code: 'peer.not-tls', cause: /first byte 0x00/ },
  {
    what: 'an SSH banner',
    bytes: 'SSH-2.0-OpenSSH_9.2\r\n',
    code: 'peer.not-tls',
    cause: /first byte 0x53/,
  },
  {
    what: 'an HTTP request',
    bytes: 'GET / HTTP/1.1\r\nHost: key1.com\r\n\r\n',
    code: 'peer.not-tls',
    cause: /0x47/,
  },
  {
    what: 'a record of another protocol version',
    bytes: Buffer.from('1602000005', 'hex'),
    code: 'peer.not-tls',
    cause: /0x02 is no TLS version/,
  },
  {
    what: 'a handshake record full of noise',
    bytes: record(0x16, Buffer.alloc(64, 0x5a)),
    ...{ alert: 50, code: 'peer.syntax', cause: /handshake type 90/ },
  },
  {
    what: 'application data before any hello',
    bytes: record(0x17, Buffer.alloc(32)),
    ...{ alert: 50, code: 'peer.syntax', cause: /content type 23/ },
  },
  {
    what: 'an empty record',
    bytes: record(0x16, Buffer.alloc(0)),
    ...{ alert: 50, code: 'peer.syntax', cause: /empty TLS record/ },
  },
  {
    what: 'a hello with a wrong length inside',
    bytes: Buffer.from(hello.map((byte, offset) => (offset === 43 ? 0x21 : byte))),
    ...{ alert: 50, code: 'peer.syntax', cause: /session id over 32 bytes/ },
  },
  {
    what: 'no server name',
    bytes: new TlsClient().clientHello(),
    ...{ alert: 112, code: 'peer.no-sni', cause: /names no server/ },
  },
  {
    what: 'an unknown name',
    bytes: helloFor('key9.com'),
    ...{ alert: 112, code: 'peer.unknown-sen', cause: /no element is named 'key9\.com'/ },
  },
  {
    what: 'a known name in another case',
    bytes: helloFor('key1.COM'),
    ...{ alert: 112, code: 'peer.unknown-sen', cause: /no element is named 'key1\.COM'/ },
  },
  {
    what: 'a known name with a dot behind',
    bytes: helloFor('key1.com.'),
    ...{ alert: 112, code: 'peer.unknown-sen', cause: /no element is named 'key1\.com\.'/ },
  },
  {
    what: 'a name that two elements have',
    bytes: helloFor('twins.com'),
    ...{ alert: 112, code: 'peer.unknown-sen', cause: /2 elements are named 'twins\.com'/ },
  },
  {
    what: 'TLS 1.2 only',
    bytes: helloFor('key1.com', { extensions: { 43: undefined } }),
    ...{ alert: 70, code: 'peer.not-tls13', cause: /does not offer TLS 1\.3/ },
  },
  {
    what: 'no P-256 key share',
    bytes: helloFor('key1.com', { extensions: { 51: vector(2, keyShare(Buffer.alloc(32, 9), 0x001d)) } }),
    ...{ alert: 40, code: 'peer.unfit-hello', cause: /no P-256 key share/ },
  },
  {
    what: 'only other cipher suites',
    bytes: helloFor('key1.com', { cipherSuites: [0x1301, 0x1302, 0x1303] }),
    ...{ alert: 40, code: 'peer.unfit-hello', cause: /TLS_AES_128_CCM_SHA256/ },
  },
  {
    what: 'psk_ke without (EC)DHE',
    bytes: helloFor('key1.com', { extensions: { 45: Uint8Array.of(1, 0) } }),
    ...{ alert: 40, code: 'peer.unfit-hello', cause: /psk_dhe_ke/ },
  },
  {
    what: 'a hello of post-quantum size, 1,555 bytes',
    bytes: helloOfLength(1_555, postQuantum),
    ...{ alert: 40, code: 'peer.unfit-hello', cause: /record of 1555 bytes, the element takes 512/ },
  },
  {
    what: 'a hello one byte larger than the element takes',
    bytes: helloOfLength(513),
    ...{ alert: 40, code: 'peer.unfit-hello', cause: /record of 513 bytes, the element takes 512/ },
  },
  {
    what: 'a hello that announces one byte over 16 KiB',
    bytes: Buffer.from('1603010004' + '01003ffd', 'hex'),
    ...{ alert: 22, code: 'peer.oversize', cause: /ClientHello of 16385 bytes/ },
  },
  {
    what: 'a record larger than TLS knows',
    bytes: Buffer.from('1603014001', 'hex'),
    ...{ alert: 22, code: 'peer.oversize', cause: /record of 16390 bytes/ },
  },
]

for (const { what, bytes, alert, code, cause } of CASES) {
  const answer = alert === undefined ? 'a plain close' : `alert ${alert}`
  test(`${what} gets ${answer}, one log line, and harms nobody`, async () => {
    await checkAftermath(gateway, { code, cause, commands: 0 }, () => refused(bytes, alert))
  })
}

test('a hello of just what the element takes, 512 bytes, is served', async () => {
  using peer = new TlsPeer(await RawPeer.connect(gateway.port), { sni: 'key1.com' })
  const unpadded = new TlsClient({ sni: 'key1.com' }).clientHello({ extensions: { 21: new Uint8Array(0) } })
  const padding = new Uint8Array(512 - unpadded.length)
  peer.raw.send(peer.tls.clientHello({ extensions: { 21: padding } }))
  await peer.finish()
})

test('a hello that comes in several records is served as if it were one', async () => {
  using peer = new TlsPeer(await RawPeer.connect(gateway.port), { sni: 'key1.com' })
  const message = peer.tls.clientHelloMessage()
  // The first piece ends inside the 4-byte handshake header.
  for (const [start, end] of [
    [0, 3],
    [3, 100],
    [100, 101],
    [101, message.length],
  ]) {
    peer.raw.send(record(0x16, message.subarray(start, end)))
  }
  await peer.finish()
})

test('a hello that comes byte by byte is served', async () => {
  using peer = new TlsPeer(await RawPeer.connect(gateway.port), { sni: 'key1.com' })
  for (const byte of peer.tls.clientHello()) await peer.raw.flush(Uint8Array.of(byte))
  await peer.finish()
})
