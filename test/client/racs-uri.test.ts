import assert from 'node:assert/strict'
import test from 'node:test'
import { isRacsUri, MAX_URI, parseRacsUri } from '../../src/client/racs-uri.ts'

const UNFIT = { name: 'ClientError', code: 'client.request' }

const linesOf = (uri: string): unknown => parseRacsUri(uri).requests.map(({ id, lines }) => [id, lines])

test('racs-uri: the form of the draft is a target and the lines in their order', () => {
  const uri = 'racs://gose.example:1234/?BEGIN=&APDU=0%2000A4040000%20CONTINUE=9000&LIST&END='
  const { host, port, requests } = parseRacsUri(uri)
  assert.deepEqual([host, port], ['gose.example', 1234])
  assert.deepEqual(
    requests.map(({ id, lines, places }) => [id, lines, places]),
    [[undefined, ['APDU 0 00A4040000 CONTINUE=9000', 'LIST'], [2, 3]]],
  )
})

test('racs-uri: https has its path, its port, and a plus for a blank', () => {
  const uri = 'https://gose.example/RACS?BEGIN=a&ECHO=x+APPEND&SET-VERSION=1.0&END='
  const { host, port } = parseRacsUri(uri)
  assert.deepEqual([host, port], ['gose.example', 443])
  assert.deepEqual(linesOf(uri), [['a', ['ECHO x APPEND', 'SET-VERSION 1.0']]])
  assert.deepEqual(linesOf('racs://h/?ECHO=a+b'), [[undefined, ['ECHO a+b']]])
})

test('racs-uri: the scheme may be written in either case, the host be an address', () => {
  assert.deepEqual(parseRacsUri('RACS://[::1]/?LIST=').host, '::1')
  assert.deepEqual(parseRacsUri('rAcS://[::1]?LIST').port, 7777)
  assert.equal(parseRacsUri('HTTPS://127.0.0.1:65535/RACS?LIST').port, 65_535)
  assert.ok(isRacsUri('RACS://x'))
  assert.ok(!isRacsUri('script.txt'))
  assert.ok(!isRacsUri('racs:x'))
})

test('racs-uri: without BEGIN all is one request, with several there are several', () => {
  assert.deepEqual(linesOf('racs://h/?LIST&ECHO=a'), [[undefined, ['LIST', 'ECHO a']]])
  assert.deepEqual(linesOf('racs://h/?BEGIN=a&LIST&END&BEGIN=b&ECHO=c&END'), [
    ['a', ['LIST']],
    ['b', ['ECHO c']],
  ])
})

test('racs-uri: bytes that are not ASCII stay the bytes they are', () => {
  assert.deepEqual(linesOf('racs://h/?ECHO=%C3%a9'), [[undefined, ['ECHO \xc3\xa9']]])
})

test('racs-uri: what is not of these forms is refused', () => {
  const bad = [
    'http://h/RACS?LIST',
    'racs://h/RACS?LIST',
    'racs://h/',
    'racs://h/?',
    'racs:///?LIST',
    'racs://user@h/?LIST',
    'racs://h/?LIST#f',
    'racs://h:0/?LIST',
    'racs://h:65536/?LIST',
    'racs://h:x/?LIST',
    'racs://[::1/?LIST',
    'https://h/racs?LIST',
    'https://h?LIST',
    'racs://h/?=x',
    'racs://h/?LIST&&LIST',
    'racs://h/?LI%53T',
    'racs://h/?ECHO=%4',
    'racs://h/?ECHO=%zz',
    'racs://h/?ECHO=\u20ac',
    'racs://h/?ECHO=a b',
    'racs://h/?BEGIN&LIST',
  ]
  for (const uri of bad) assert.throws(() => parseRacsUri(uri), UNFIT, uri)
})

test('racs-uri: an encoded line end, tab or NUL is refused, in every place', () => {
  for (const code of ['%0D%0A', '%0d', '%0a', '%09', '%00', '%7f', '%85']) {
    assert.throws(() => parseRacsUri(`racs://h/?ECHO=a${code}LIST`), UNFIT, code)
    assert.throws(() => parseRacsUri(`racs://h/?BEGIN=a${code}&LIST&END`), UNFIT, code)
  }
})

test('racs-uri: lines, their number and the whole are bounded', () => {
  const echo = (length: number): string => `racs://h/?ECHO=${'x'.repeat(length)}`
  parseRacsUri(echo(16_384 - 5))
  assert.throws(() => parseRacsUri(echo(16_384 - 4)), UNFIT)
  const many = (count: number): string => `racs://h/?${Array.from({ length: count }, () => 'LIST').join('&')}`
  parseRacsUri(many(10_000))
  assert.throws(() => parseRacsUri(many(10_001)), UNFIT)
  const pad = (length: number): string => `racs://h/?LIST&${'ECHO=aaaaaaaaaa&'.repeat(9)}`.padEnd(length, 'A')
  assert.throws(() => parseRacsUri(pad(MAX_URI + 1)), { ...UNFIT, message: /longer than/ })
})

test('racs-uri: no message shows a parameter', () => {
  for (const uri of ['racs://h/?APDU=0%2000200000043132333%0a4', 'https://h/x?APDU=0%20002000000431323334']) {
    assert.throws(
      () => parseRacsUri(uri),
      (error: Error) => !error.message.includes('0020'),
    )
  }
})
