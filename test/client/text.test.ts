import assert from 'node:assert/strict'
import test from 'node:test'
import { MAX_SEIDS, seidsOf } from '../../src/client/list.ts'
import { messageText, printable } from '../../src/client/printable.ts'
import {
  apduLine,
  commandLine,
  MAX_REQUEST_LINES,
  type RacsRequest,
  requestText,
} from '../../src/client/request.ts'
import { scriptOf } from '../../src/client/script.ts'
import { senOf } from '../../src/client/sen.ts'
import { MAX_LINE_BYTES } from '../../src/racs/grammar.ts'
import { hex } from '../support/hex-fields.ts'

const UNFIT = { name: 'ClientError', code: 'client.request' }
const PROTOCOL = { name: 'ClientError', code: 'client.protocol' }

const request = (lines: readonly string[], id?: string): RacsRequest => ({ id, lines })

test('request: is its lines between BEGIN and END, each with CR LF', () => {
  assert.equal(requestText(request([])), 'BEGIN\r\nEND\r\n')
  assert.equal(requestText(request(['LIST'], 'a')), 'BEGIN a\r\nLIST\r\nEND\r\n')
  assert.equal(
    requestText(request(['ECHO \xe9 APPEND', 'LIST'])),
    'BEGIN\r\nECHO \xe9 APPEND\r\nLIST\r\nEND\r\n',
  )
})

test('request: no line may hold a line of its own, and none be a frame or nothing', () => {
  const bad = [
    '',
    ' ',
    'ECHO a\r\nLIST',
    'ECHO a\n',
    'ECHO a\r',
    'ECHO\ta',
    'a\0',
    'a\x7f',
    'a\x85',
    'a\u20ac',
  ]
  for (const line of [...bad, 'BEGIN', 'BEGIN x', 'END', ' END x']) {
    assert.throws(() => requestText(request(['LIST', line])), { ...UNFIT, message: /^line 2 / }, line)
  }
})

test('request: a line and a request may be as long as the limit and no longer', () => {
  const line = (length: number): string => `ECHO ${'x'.repeat(length - 5)}`
  assert.equal(requestText(request([line(MAX_LINE_BYTES)])).length, MAX_LINE_BYTES + 14)
  assert.throws(() => requestText(request([line(MAX_LINE_BYTES + 1)])), UNFIT)
  const lines = (count: number): string[] => Array.from({ length: count }, () => 'LIST')
  requestText(request(lines(MAX_REQUEST_LINES)))
  assert.throws(() => requestText(request(lines(MAX_REQUEST_LINES + 1))), UNFIT)
})

test('request: the name behind BEGIN has at most 63 characters, for older servers have room for no more', () => {
  requestText(request([], 'n'.repeat(63)))
  for (const id of ['', 'n'.repeat(64), 'a b', 'a\r\nLIST', '\xe9']) {
    assert.throws(() => requestText(request([], id)), UNFIT, id)
  }
})

test('request: a parameter with a blank or a line end is refused', () => {
  assert.equal(commandLine('SEN', 'sim1', 'key1.com'), 'SEN sim1 key1.com')
  for (const bad of ['', 'a b', 'a\rb', 'a\nb', 'a\r\nLIST', '\t', 'a\0', '\xe9', 'APPEND']) {
    assert.throws(() => commandLine('POWERON', bad), UNFIT, bad)
  }
})

test('request: an APDU goes as upper-case hex with its options, in the order of the draft', () => {
  const command = hex('00 a4 04 00 00')
  assert.equal(apduLine('sim1', command), 'APDU sim1 00A4040000')
  assert.equal(
    apduLine('s', command, { fetch: '00c00000', more: '9f', continueSw: '9000' }),
    'APDU s 00A4040000 CONTINUE=9000 MORE=9F FETCH=00C00000',
  )
  for (const options of [
    { continueSw: '900' },
    { more: '611' },
    { more: '61', fetch: '00C0' },
    { more: 'x1' },
  ]) {
    assert.throws(() => apduLine('s', command, options), UNFIT)
  }
  assert.throws(() => apduLine('s', command, { fetch: '00C00000' }), UNFIT)
  assert.throws(() => apduLine('s', new Uint8Array(0)), UNFIT)
})

test('LIST: SEIDs stand between blanks, with one at the end in the original server', () => {
  assert.deepEqual(seidsOf(''), [])
  assert.deepEqual(seidsOf(' '), [])
  assert.deepEqual(seidsOf('999 0 1 2 3 key1 '), ['999', '0', '1', '2', '3', 'key1'])
})

test('LIST: compressed SEIDs are expanded', () => {
  assert.deepEqual(seidsOf('slot[1;3;7] a'), ['slot1', 'slot3', 'slot7', 'a'])
  assert.deepEqual(seidsOf('b slot[8-11]'), ['b', 'slot8', 'slot9', 'slot10', 'slot11'])
  assert.deepEqual(seidsOf('s[1;4-6]'), ['s1', 's4', 's5', 's6'])
  assert.deepEqual(seidsOf('s[08-10] [3-3]'), ['s08', 's09', 's10', '3'])
  assert.deepEqual(seidsOf('plain[x] [a-b'), ['plain[x]', '[a-b'])
})

test('LIST: a compression that makes no sense is no answer', () => {
  for (const text of ['s[]', 's[1-]', 's[-1]', 's[3-1]', 's[1;;2]', 's[1-2-3]', 's[1234567890123456]']) {
    assert.throws(() => seidsOf(text), PROTOCOL, text)
  }
})

test('LIST: names at most 10,000 elements, compressed or not', () => {
  assert.equal(seidsOf(`s[1-${MAX_SEIDS}]`).length, MAX_SEIDS)
  assert.equal(seidsOf(`a s[1-${MAX_SEIDS - 1}]`).length, MAX_SEIDS)
  assert.equal(seidsOf('s '.repeat(MAX_SEIDS)).length, MAX_SEIDS)
  const over = [
    `s[1-${MAX_SEIDS + 1}]`,
    `a s[1-${MAX_SEIDS}]`,
    's '.repeat(MAX_SEIDS + 1),
    `s[1-${MAX_SEIDS}] a`,
  ]
  for (const text of [...over, 's[0-999999999999999]', 's[1-9999;1-9999]']) {
    assert.throws(() => seidsOf(text), PROTOCOL, text.slice(0, 40))
  }
})

test('GET-SEN: answers a name and an AID, or says that it is the default one', () => {
  assert.deepEqual(senOf('key1.com [AID= default]'), { name: 'key1.com', aid: undefined })
  assert.deepEqual(senOf('key1.com [AID= 010203040500]'), { name: 'key1.com', aid: '010203040500' })
  assert.deepEqual(senOf('key1.com'), { name: 'key1.com', aid: undefined })
  for (const text of ['', ' ', 'a b', 'a [AID= ]', 'a [AID= 01] x']) {
    assert.throws(() => senOf(text), PROTOCOL, text)
  }
})

test('script: without BEGIN it is one request; comments and empty lines are not sent', () => {
  const [first, ...rest] = scriptOf('# one\r\n\r\nPOWERON 0\r\n  // two\n APDU 0 00A4040000 \n')
  assert.deepEqual(rest, [])
  assert.deepEqual(first, {
    id: undefined,
    isFramed: false,
    lines: ['POWERON 0', 'APDU 0 00A4040000'],
    places: [3, 5],
  })
})

test('script: with BEGIN each block is a request, with the name that stands there', () => {
  const script = scriptOf('BEGIN a\nLIST\nEND\n# between\nBEGIN\nGET-VERSION\nECHO x\nEND\nBEGIN\nEND')
  assert.deepEqual(
    script.map(({ id, lines, places }) => [id, lines, places]),
    [
      ['a', ['LIST'], [2]],
      [undefined, ['GET-VERSION', 'ECHO x'], [6, 7]],
      [undefined, [], []],
    ],
  )
})

test('script: a frame that is not whole is an error that names the line', () => {
  const wrong: [script: string, message: RegExp][] = [
    ['', /no line/],
    ['# only\n', /no line/],
    ['BEGIN\nLIST\n', /line 1: BEGIN without END/],
    ['LIST\nEND\n', /line 1: before it a BEGIN/],
    ['BEGIN\nEND\nLIST\n', /line 3: before it a BEGIN/],
    ['BEGIN\nBEGIN\nEND\n', /line 2: BEGIN, but line 1/],
    ['BEGIN a b\nEND\n', /line 1: BEGIN takes one name/],
    ['END\n', /line 1/],
  ]
  for (const [script, message] of wrong) assert.throws(() => scriptOf(script), { ...UNFIT, message }, script)
})

test('printable: a terminal gets no control character, a message no APDU', () => {
  assert.equal(printable('a\x1b[2J\x07\x9b\xe9'), 'a\\x1b[2J\\x07\\x9b\xe9')
  assert.equal(printable('abcdef', 3), 'abc...')
  assert.equal(messageText(' Invalid (APDU 0 002000000430303030) '), 'Invalid (APDU 0 [hex])')
  assert.equal(
    messageText('SEID 00112233445566778899 in use', '00112233445566778899'),
    'SEID 00112233445566778899 in use',
  )
})
