import assert from 'node:assert/strict'
import test from 'node:test'
import { linesOfQuery } from '../../src/racs/query.ts'
import { Random } from '../support/random.ts'

test('query: each parameter is a line, in order (draft-urien-core-racs, HTTP interface)', () => {
  assert.deepEqual(linesOfQuery('/RACS?BEGIN=&APDU=SEID%20HEX&END='), ['BEGIN', 'APDU SEID HEX', 'END'])
  assert.deepEqual(linesOfQuery('/RACS?BEGIN=id&ECHO=a&ECHO=b&END='), ['BEGIN id', 'ECHO a', 'ECHO b', 'END'])
})

test('query: END is added when it is missing, and only then', () => {
  assert.deepEqual(linesOfQuery('/RACS?BEGIN'), ['BEGIN', 'END'])
  assert.deepEqual(linesOfQuery('/RACS?BEGIN&END'), ['BEGIN', 'END'])
  assert.deepEqual(linesOfQuery('/RACS?BEGIN&END&LIST'), ['BEGIN', 'END', 'LIST', 'END'])
})

test('query: none, and an empty one, are no request but END', () => {
  assert.deepEqual(linesOfQuery('/RACS'), ['', 'END'])
  assert.deepEqual(linesOfQuery('/RACS?'), ['', 'END'])
})

test('query: blanks are written as %20 or plus, a plus as %2B, and & = % by their escapes', () => {
  assert.deepEqual(linesOfQuery('/?ECHO=a+b%20c%2Bd'), ['ECHO a b c+d', 'END'])
  assert.deepEqual(linesOfQuery('/?ECHO=%26%3D%25%3F%2525'), ['ECHO &=%?%25', 'END'])
})

test('query: an equals sign behind the first belongs to the parameter', () => {
  assert.deepEqual(linesOfQuery('/?APDU=0+00B00000+CONTINUE=9000'), ['APDU 0 00B00000 CONTINUE=9000', 'END'])
})

test('query: escapes are bytes, of either case, not UTF-8', () => {
  assert.deepEqual(linesOfQuery('/?ECHO=%c3%A9%00%7f%FF'), ['ECHO \xc3\xa9\x00\x7f\xff', 'END'])
})

test('query: the command may be escaped, too', () => {
  assert.deepEqual(linesOfQuery('/?%4C%49ST='), ['LIST', 'END'])
})

for (const { what, url } of [
  { what: 'a CR in a parameter', url: '/?ECHO=a%0Dx' },
  { what: 'a LF in a parameter', url: '/?ECHO=a%0ALIST' },
  { what: 'a LF in a command', url: '/?BEGIN%0ALIST' },
  { what: 'an unescaped LF', url: '/?ECHO=a\nLIST' },
  { what: 'a blank in a command', url: '/?ECHO%20a' },
  { what: 'a plus in a command', url: '/?ECHO+a=b' },
  { what: 'a percent sign at the end', url: '/?ECHO=a%' },
  { what: 'half an escape', url: '/?ECHO=a%2' },
  { what: 'an escape that is not hex', url: '/?ECHO=%zz' },
  { what: 'an escape of another kind', url: '/?ECHO=%u0041' },
  { what: 'a bad escape far behind', url: '/?BEGIN&LIST&END&%' },
]) {
  test(`query: ${what} makes it none`, () => {
    assert.equal(linesOfQuery(url), undefined)
  })
}

test('query: whatever lines are escaped byte by byte come back as they were', () => {
  const random = new Random(11)
  for (let input = 0; input < 2_000; input++) {
    const lines = Array.from({ length: 1 + random.int(4) }, () => {
      const bytes = random.bytes(1 + random.int(12)).filter((byte) => byte !== 0x0a && byte !== 0x0d)
      return `ECHO ${Buffer.from(bytes).toString('latin1')}x`
    })
    const query = lines.map((line) => `ECHO=${escaped(line.slice(5))}`).join('&')
    assert.deepEqual(linesOfQuery(`/RACS?${query}`), [...lines, 'END'])
  }
})

function escaped(text: string): string {
  return Array.from(text, (character) => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`).join('')
}
