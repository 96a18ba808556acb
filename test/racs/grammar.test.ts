import assert from 'node:assert/strict'
import test from 'node:test'
import {
  formatStatusLine,
  LineAssembler,
  MAX_LINE_BYTES,
  type StatusLine,
  statusLineOf,
  tokensOf,
  withoutCr,
} from '../../src/racs/grammar.ts'
import { Random } from '../support/random.ts'

const TEXT = 'BEGIN a\r\nECHO \xe9\xff one\n\n\r\nA\rB\r\nC\r\r\n tail'
const LINES = ['BEGIN a\r', 'ECHO \xe9\xff one', '', '\r', 'A\rB\r', 'C\r\r']

function bytesOf(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

/** Every line that comes out while `chunks` go in. */
function linesOf(assembler: LineAssembler, chunks: readonly Uint8Array[]): string[] {
  const lines: string[] = []
  for (const chunk of chunks) {
    assembler.push(chunk)
    // The assembler may borrow a chunk during the call only.
    chunk.fill(0x2a)
    for (let line = assembler.next(); line !== undefined; line = assembler.next()) lines.push(line)
  }
  return lines
}

function byteByByte(text: string): Buffer[] {
  return Array.from(text, bytesOf)
}

test('line assembler: a line ends with LF only, and keeps every other byte, CR included', () => {
  const assembler = new LineAssembler()
  assert.deepEqual(linesOf(assembler, [bytesOf(TEXT)]), LINES)
  assert.ok(assembler.isMidLine)
  assert.deepEqual(linesOf(assembler, [bytesOf('\n')]), [' tail'])
  assert.ok(!assembler.isMidLine)
  assert.equal(assembler.next(), undefined)
})

test('line assembler: every split in two, and one byte at a time, give the same lines', () => {
  for (let at = 0; at <= TEXT.length; at++) {
    const chunks = [bytesOf(TEXT.slice(0, at)), bytesOf(TEXT.slice(at))]
    assert.deepEqual(linesOf(new LineAssembler(), chunks), LINES, `split at ${at}`)
  }
  assert.deepEqual(linesOf(new LineAssembler(), byteByByte(TEXT)), LINES)
})

test('line assembler: all 256 bytes are characters of their own, LF excepted', () => {
  const all = Uint8Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => byte !== 0x0a)
  const [line = ''] = linesOf(new LineAssembler(), [Buffer.concat([all, bytesOf('\n')])])
  assert.deepEqual(bytesOf(line), Buffer.from(all))
})

test('line assembler: a chunk is read from where its view begins', () => {
  const assembler = new LineAssembler()
  assembler.push(new Uint8Array(bytesOf('xxECHO\nyy')).subarray(2, 7))
  assert.equal(assembler.next(), 'ECHO')
  assert.ok(!assembler.isMidLine)
})

test('line assembler: lines of one chunk may be taken after later chunks were pushed', () => {
  const assembler = new LineAssembler()
  assembler.push(bytesOf('one\ntwo\nth'))
  assert.equal(assembler.next(), 'one')
  assembler.push(bytesOf('ree\nfour\n'))
  assert.deepEqual(linesOf(assembler, [bytesOf('')]), ['two', 'three', 'four'])
})

test('line assembler: CR without LF never ends a line', () => {
  const assembler = new LineAssembler(8)
  assert.deepEqual(linesOf(assembler, byteByByte('END\rEND\r')), [])
  assert.ok(assembler.isMidLine && !assembler.isOverlong)
})

for (const end of ['\n', '\r\n']) {
  const name = end === '\n' ? 'LF' : 'CR LF'

  test(`line assembler: ${MAX_LINE_BYTES} bytes and ${name} are a line, in one chunk and byte by byte`, () => {
    const text = 'x'.repeat(MAX_LINE_BYTES) + end
    for (const chunks of [[bytesOf(text)], byteByByte(text)]) {
      const assembler = new LineAssembler()
      assert.deepEqual(linesOf(assembler, chunks), [text.slice(0, -1)])
      assert.ok(!assembler.isOverlong)
    }
  })

  test(`line assembler: ${MAX_LINE_BYTES} bytes, one more and ${name} are overlong, however they come`, () => {
    const text = `BEGIN\n${'x'.repeat(MAX_LINE_BYTES + 1)}${end}END\n`
    for (const chunks of [[bytesOf(text)], byteByByte(text)]) {
      const assembler = new LineAssembler()
      assert.deepEqual(linesOf(assembler, chunks), ['BEGIN'])
      assert.ok(assembler.isOverlong)
    }
  })
}

test('line assembler: a line is overlong at the first byte too many, before its LF has come', () => {
  const assembler = new LineAssembler(4)
  assert.deepEqual(linesOf(assembler, byteByByte('1234')), [])
  assert.ok(!assembler.isOverlong)
  linesOf(assembler, [bytesOf('5')])
  assert.ok(assembler.isOverlong)
})

test('line assembler: a CR at the limit counts only when something else than LF follows', () => {
  const assembler = new LineAssembler(4)
  assert.deepEqual(linesOf(assembler, byteByByte('1234\r')), [])
  assert.ok(!assembler.isOverlong)
  linesOf(assembler, [bytesOf('\r')])
  assert.ok(assembler.isOverlong)
})

test('line assembler: after an overlong line nothing comes out and nothing is kept', () => {
  const assembler = new LineAssembler(4)
  assert.deepEqual(linesOf(assembler, [bytesOf('a\n12345\nb\n'), bytesOf('c\n'), bytesOf('d')]), ['a'])
  assert.ok(assembler.isOverlong)
  assert.ok(!assembler.isMidLine)
})

test('line assembler: the limit holds for each line, not for what came before it', () => {
  const text = '1234\r\n'.repeat(1_000)
  for (const chunks of [[bytesOf(text)], byteByByte(text)]) {
    assert.equal(linesOf(new LineAssembler(4), chunks).length, 1_000)
  }
})

test('grammar: tokens stand between spaces, one or more; other blanks belong to them', () => {
  assert.deepEqual(tokensOf('APDU 0 00A4'), ['APDU', '0', '00A4'])
  assert.deepEqual(tokensOf('  APDU   0 '), ['APDU', '0'])
  assert.deepEqual(tokensOf('a\tb \x00c\xa0d\r'), ['a\tb', '\x00c\xa0d\r'])
  assert.deepEqual(tokensOf(''), [])
  assert.deepEqual(tokensOf('   '), [])
})

test('grammar: one CR at the end of a line is taken off, one within it stays', () => {
  assert.equal(withoutCr('a\r'), 'a')
  assert.equal(withoutCr('a\r\r'), 'a\r')
  assert.equal(withoutCr('a\rb'), 'a\rb')
  assert.equal(withoutCr('\r'), '')
  assert.equal(withoutCr(''), '')
})

test('grammar: a status line is read and written as the drafts print it', () => {
  const status: StatusLine = { sign: '-', code: '006', line: 1, text: 'Request Error line 1 wrong SW' }
  const line = '-006 001 Request Error line 1 wrong SW'
  assert.deepEqual(statusLineOf(line), status)
  assert.equal(formatStatusLine(status), line)
  assert.equal(formatStatusLine({ sign: '+', code: '004', line: 1, text: '' }), '+004 001 ')
  assert.deepEqual(statusLineOf('+004 001'), { sign: '+', code: '004', line: 1, text: '' })
})

test('grammar: line numbers have three digits, and above 999 as many as they need', () => {
  for (const [line, digits] of [
    [0, '000'],
    [7, '007'],
    [999, '999'],
    [1_000, '1000'],
    [10_001, '10001'],
  ] as const) {
    const text = formatStatusLine({ sign: '+', code: '009', line, text: 'x' })
    assert.equal(text, `+009 ${digits} x`)
    assert.equal(statusLineOf(text)?.line, line)
  }
})

test('grammar: every status line that is written is read back as it was', () => {
  const random = new Random(7)
  for (let input = 0; input < 5_000; input++) {
    const status: StatusLine = {
      sign: random.pick(['+', '-']),
      code: String(random.int(1_000)).padStart(3, '0'),
      line: random.oneIn(3) ? random.int(20_000) : random.int(1_000),
      text: Buffer.from(random.bytes(random.int(12))).toString('latin1'),
    }
    assert.deepEqual(statusLineOf(formatStatusLine(status)), status)
  }
})

for (const line of [
  'BEGIN',
  'END',
  '',
  ' +001 000 x',
  '+01 000 x',
  '+0001 000 x',
  '+001 00 x',
  '*001 000 x',
  '+001 000x',
  '+001  000 x',
  '+0a1 000 x',
]) {
  test(`grammar: '${line}' is no status line`, () => {
    assert.equal(statusLineOf(line), undefined)
  })
}
