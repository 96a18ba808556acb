import assert from 'node:assert/strict'
import test from 'node:test'
import { ClientError } from '../../src/client/errors.ts'
import { checkReply, MAX_RESPONSE_BYTES, type RacsReply, ResponseReader } from '../../src/client/response.ts'

const PROTOCOL = { name: 'ClientError', code: 'client.protocol' }

function read(...chunks: string[]): RacsReply[] {
  const reader = new ResponseReader()
  return chunks.flatMap((chunk) => [...reader.read(Buffer.from(chunk, 'latin1'))])
}

const text = ({ id, statuses }: RacsReply): unknown[] => [
  id,
  ...statuses.map((status) => `${status.sign}${status.code} ${status.line} ${status.text}`),
]

// Exact bytes of the original server, and of the examples of the draft.
const ANSWERS: [bytes: string, replies: unknown[][]][] = [
  ['BEGIN \r\n+001 000 No error\r\nEND\r\n', [[undefined, '+001 0 No error']]],
  ['BEGIN abc\r\n+002 001 0.3\r\nEND\r\n', [['abc', '+002 1 0.3']]],
  ['BEGIN t\r\n+004 001 999 0 1 2 3 key1 \r\nEND\r\n', [['t', '+004 1 999 0 1 2 3 key1 ']]],
  ['BEGIN t\r\n+004 001  \r\nEND\r\n', [['t', '+004 1  ']]],
  [
    'BEGIN t\r\n+002 001 0.3\r\n+009 002 two\r\n+009 003 three\r\nEND\r\n',
    [['t', '+002 1 0.3', '+009 2 two', '+009 3 three']],
  ],
  [
    'BEGIN\r\n-300 000 Invalid command line (B), waiting for BEGIN\r\nEND\r\n',
    [[undefined, '-300 0 Invalid command line (B), waiting for BEGIN']],
  ],
  [
    'BEGIN t\r\n+009 001 1\r\nEND\r\nBEGIN t\r\n+009 001 2\r\nEND\r\n',
    [
      ['t', '+009 1 1'],
      ['t', '+009 1 2'],
    ],
  ],
  ['BEGIN t\xe9\r\n+009 001 \xff\xfe\x01\r\nEND\r\n', [['t\xe9', '+009 1 \xff\xfe\x01']]],
  ['BEGIN t\n+006 1000 9000\nEND\n', [['t', '+006 1000 9000']]],
  [
    'BEGIN t\r\n-911 001 SEID 3 has no SEN\r\nBEGIN t\r\n+009 001 next\r\nEND\r\n',
    [
      ['t', '-911 1 SEID 3 has no SEN'],
      ['t', '+009 1 next'],
    ],
  ],
  [
    'BEGIN t\r\n-911 001 no SEN\r\nEND\r\nBEGIN t\r\n+009 001 next\r\nEND\r\n',
    [
      ['t', '-911 1 no SEN'],
      ['t', '+009 1 next'],
    ],
  ],
]

for (const [bytes, replies] of ANSWERS) {
  test(`response: ${JSON.stringify(bytes).slice(1, 50)} is read alike in every split and byte by byte`, () => {
    for (let at = 0; at <= bytes.length; at++) {
      assert.deepEqual(read(bytes.slice(0, at), bytes.slice(at)).map(text), replies)
    }
    assert.deepEqual(read(...bytes.split('')).map(text), replies)
  })
}

test('response: what is not one is an error of protocol', () => {
  const bad = [
    'HTTP/1.1 400 Bad Request\r\n',
    '\r\n',
    'END\r\n',
    'BEGIN\tabc\r\n',
    'begin\r\n',
    'BEGIN a b\r\n',
    'BEGIN\r\nEND\r\n',
    'BEGIN\r\nBEGIN\r\n',
    'BEGIN\r\n\r\n',
    'BEGIN\r\n+006 001 9000\r\n+006 001 9000\r\n',
    'BEGIN\r\n+006 002 9000\r\n+006 001 9000\r\n',
    'BEGIN\r\n-506 001 x\r\n+006 002 9000\r\n',
    'BEGIN\r\n*006 001 9000\r\n',
    'BEGIN\r\n+006 01 9000\r\n',
    'BEGIN\r\n+06 001 9000\r\n',
    'BEGIN\r\n+006 x01 9000\r\n',
    'BEGIN\r\n+006 001 9000\r\nEND x\r\n',
    'BEGIN\r\n-911 001 no SEN\r\nEND\r\nEND\r\n',
    'BEGIN\r\n-911 001 no SEN\r\n+006 002 9000\r\n',
  ]
  for (const bytes of bad) {
    assert.throws(() => read(bytes), PROTOCOL, bytes)
    assert.throws(() => read(...bytes.split('')), PROTOCOL, bytes)
  }
})

test('response: answers before the fault are handed out', () => {
  const reader = new ResponseReader()
  const seen: RacsReply[] = []
  assert.throws(() => {
    for (const reply of reader.read(Buffer.from('BEGIN\r\n+001 000 x\r\nEND\r\nrubbish\r\n')))
      seen.push(reply)
  }, PROTOCOL)
  assert.equal(seen.length, 1)
})

test('response: one of 64 KiB of data is read, and one of 1 MiB, and none of a byte more', () => {
  const of = (length: number): string => {
    const frame = 'BEGIN\r\n+006 001 \r\nEND\r\n'
    return frame.replace('001 ', `001 ${'A'.repeat(length - frame.length)}`)
  }
  assert.equal(read(of(131_072 + 4))[0]?.statuses.length, 1)
  assert.equal(read(of(MAX_RESPONSE_BYTES))[0]?.statuses.length, 1)
  assert.throws(() => read(of(MAX_RESPONSE_BYTES + 1)), PROTOCOL)
  assert.equal(read(of(MAX_RESPONSE_BYTES), of(MAX_RESPONSE_BYTES)).length, 2)
})

test('response: a line without end, and lines without END, stop at 1 MiB', () => {
  const chunk = 'x'.repeat(65_536)
  assert.throws(() => read('BEGIN ', ...Array.from({ length: 17 }, () => chunk)), PROTOCOL)
  const lines = Array.from({ length: 100_000 }, (_, n) => `+009 ${String(n).padStart(3, '0')} x\r\n`)
  assert.throws(() => read('BEGIN\r\n', ...lines), PROTOCOL)
})

test('response: 300,000 single bytes of one line take no more than moments', () => {
  const started = performance.now()
  const reader = new ResponseReader()
  const byte = Buffer.from('A')
  assert.deepEqual([...reader.read(Buffer.from('BEGIN\r\n+006 001 '))], [])
  for (let n = 0; n < 300_000; n++) assert.ok(reader.read(byte).next().done)
  assert.equal([...reader.read(Buffer.from('\r\nEND\r\n'))][0]?.statuses[0]?.text.length, 300_000)
  assert.ok(performance.now() - started < 3_000)
})

test('response: bytes beside a whole answer are known', () => {
  const reader = new ResponseReader()
  const feed = (chunk: string): boolean => {
    assert.ok([...reader.read(Buffer.from(chunk))].length <= 1)
    return reader.isMidAnswer
  }
  assert.equal(feed(''), false)
  assert.equal(feed('B'), true)
  assert.equal(feed('EGIN\r\n+001 000 x\r\nEND\r\n'), false)
  assert.equal(feed('BEGIN\r\n-911 001 x\r\n'), false)
  assert.equal(feed('EN'), false)
  assert.equal(feed('D\r\n'), false)
  assert.equal(feed('x'), true)
})

test('response: is taken for the answer only to what it can be the answer to', () => {
  const request = { id: 'a', lines: ['GET-VERSION', 'LIST'] }
  const check = (bytes: string): void => {
    const [reply] = read(bytes)
    checkReply(request, reply!)
  }
  for (const good of [
    'BEGIN a\r\n+004 002 x\r\nEND\r\n',
    'BEGIN a\r\n+002 001 1.0\r\n+004 002 x\r\nEND\r\n',
    'BEGIN a\r\n-504 001 x\r\nEND\r\n',
    'BEGIN\r\n-300 000 Invalid\r\nEND\r\n',
  ]) {
    check(good)
  }
  for (const bad of [
    'BEGIN b\r\n+004 002 x\r\nEND\r\n',
    'BEGIN\r\n+004 002 x\r\nEND\r\n',
    'BEGIN\r\n-504 001 x\r\nEND\r\n',
    'BEGIN b\r\n-300 000 x\r\nEND\r\n',
    'BEGIN a\r\n+002 001 1.0\r\nEND\r\n',
    'BEGIN a\r\n+001 000 x\r\nEND\r\n',
    'BEGIN a\r\n+004 003 x\r\nEND\r\n',
    'BEGIN a\r\n-504 003 x\r\nEND\r\n',
    `BEGIN a\r\n+004 ${'9'.repeat(400)} x\r\nEND\r\n`,
  ]) {
    assert.throws(() => check(bad), PROTOCOL, bad)
  }
})

test('response: no message shows what came', () => {
  for (const bytes of ['BEGIN\r\n6300C0FFEE\r\n', 'C0FFEE\r\n', 'BEGIN C0FFEE C0FFEE\r\n']) {
    assert.throws(
      () => read(bytes),
      (error: Error) => error instanceof ClientError && !error.message.includes('C0FFEE'),
    )
  }
})
