import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { secretOf } from '../../src/base/secret.ts'
import { formatIoseUri, type IoseUri, isIoseUri, parseIoseUri, payloadOf } from '../../src/client/uri.ts'

const KEY = '0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F20'

// Sources: draft-urien-coinrg-iose, URI; and the form that the author's tools print.
const VECTORS: readonly [string, Partial<IoseUri>][] = [
  [
    'shellS://mykeystore@server.com:443/?s01%0D%0A',
    { scheme: 'shell', sen: 'mykeystore', host: 'server.com', port: 443, command: 's01\r\n' },
  ],
  [
    `shellS://key1.com:${KEY}@127.0.0.1:8888/?query=.?00`,
    {
      sen: 'key1.com',
      psk: secretOf(Buffer.from(KEY, 'hex')),
      host: '127.0.0.1',
      port: 8888,
      command: '?00',
    },
  ],
  ['shellS://key1.com@gw', { host: 'gw', port: 8888, psk: undefined, command: undefined }],
  ['shellS://key1.com@gw/', { command: undefined }],
  ['shellS://key1.com@gw/?', { command: undefined }],
  ['shells://key1.com@[::1]:7/?query=..x', { host: '::1', port: 7, command: '.x' }],
  ['shellS://a%3Ab%40c@gw/?query=%2e%00%ff', { sen: 'a:b@c', command: '.\x00\xff' }],
]

test('uri: those of the draft and of its author mean what they say', () => {
  for (const [text, expected] of VECTORS) {
    assert.ok(isIoseUri(text))
    const parsed = parseIoseUri(text)
    for (const [key, value] of Object.entries(expected)) {
      const found = parsed[key as keyof IoseUri]
      assert.deepEqual(found, value, `${key} of ${text}`)
    }
  }
})

test('uri: what is no such URI is refused, and no message shows key or command', () => {
  for (const text of [
    ...['', 'shellS://', 'shellS://@gw/', 'shellS://key1.com/', 'http://gw/', 'shell://key1.com@gw/'],
    ...[
      'shellS://a@gw:0/',
      'shellS://a@gw:65536/',
      'shellS://a@gw/path',
      'shellS://a@gw/?%0',
      'shellS://a@gw/#x',
    ],
    ...[`shellS://a:${KEY.slice(2)}@gw/?SECRET`, `shellS://a:${KEY}00@gw/?SECRET`, 'shellS://a:@gw/?SECRET'],
    ...[
      `shellS://${'a'.repeat(256)}@gw/`,
      'shellS://a b@gw/',
      'shellS://a@gw/?\n',
      `shellS://a@gw/?${'x'.repeat(65_536)}`,
    ],
  ]) {
    assert.throws(
      () => parseIoseUri(text),
      (error: Error) => error.name === 'ClientError' && !/SECRET|0304/.test(error.message),
      text.slice(0, 80),
    )
  }
})

test('uri: a name of 255 bytes and a URI of 65,536 characters are taken', () => {
  assert.equal(parseIoseUri(`shellS://${'a'.repeat(255)}@gw/`).sen.length, 255)
  const start = 'shellS://a@gw/?'
  assert.equal(parseIoseUri(start + 'x'.repeat(65_536 - start.length)).port, 8888)
})

test('uri: printed whole it means the same, redacted it says neither key nor command', () => {
  const bytes = (least: number, most: number) =>
    fc.uint8Array({ minLength: least, maxLength: most }).map((value) => Buffer.from(value).toString('latin1'))
  fc.assert(
    fc.property(
      fc.record({
        scheme: fc.constantFrom('shell', 'raw', 'x-1'),
        sen: bytes(1, 20),
        psk: fc.option(
          fc.uint8Array({ minLength: 32, maxLength: 32 }).map((key) => secretOf(key)),
          { nil: undefined },
        ),
        host: fc.constantFrom('gw', '192.0.2.7', '2001:db8::7', 'a-b.example'),
        port: fc.integer({ min: 1, max: 65_535 }),
        command: fc.option(bytes(0, 40), { nil: undefined }),
      }),
      (uri) => {
        assert.deepEqual(parseIoseUri(formatIoseUri(uri, 'whole')), { ...uri })
        const redacted = formatIoseUri({ ...uri, command: uri.command && 'SECRET' }, 'redacted')
        assert.ok(!redacted.includes('SECRET'))
        if (uri.psk !== undefined) assert.match(redacted, /:\.\.\.@/)
      },
    ),
    { seed: 7, numRuns: 2_000 },
  )
})

test('uri: a command of the shell gets the line end that it lacks, another scheme none', () => {
  assert.equal(payloadOf('shell', '?00'), '?00\r\n')
  assert.equal(payloadOf('shell', '?00\n'), '?00\n')
  assert.equal(payloadOf('shell', ''), '\r\n')
  assert.equal(payloadOf('raw', '?00'), '?00')
})
