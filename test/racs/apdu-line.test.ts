import assert from 'node:assert/strict'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import { apduLineOf } from '../../src/racs/apdu-line.ts'

const SYNTAX = { name: 'RequestError', code: 'request.syntax' }
const BAD_VALUE = { name: 'RequestError', code: 'request.bad-value' }

function strict(text: string) {
  return apduLineOf(text.split(' '), 'strict')
}

function lenient(text: string) {
  return apduLineOf(text.split(' '), 'lenient')
}

test('apdu line: hex of either case is the command, and FETCH is GET RESPONSE unless it is given', () => {
  const { command, expectedSw, moreSw1, fetch } = strict('00a4040006010203040500')
  assert.equal(hexOf(command), '00A4040006010203040500')
  assert.deepEqual([expectedSw, moreSw1, hexOf(fetch)], [undefined, undefined, '00C00000'])
})

test('apdu line: options come in any order', () => {
  for (const text of ['CONTINUE=9000 MORE=9f FETCH=a0c00000', 'FETCH=A0C00000 MORE=9F CONTINUE=9000']) {
    const { expectedSw, moreSw1, fetch } = strict(`00B00000 ${text}`)
    assert.deepEqual([expectedSw, moreSw1, hexOf(fetch)], [0x9000, 0x9f, 'A0C00000'])
  }
})

test('apdu line: 4 bytes and 261 are a command, 3 are none, 262 are too many', () => {
  assert.equal(strict('00B00000').command.length, 4)
  assert.equal(strict('00'.repeat(261)).command.length, 261)
  assert.throws(() => strict('00B000'), SYNTAX)
  assert.throws(() => strict('00'.repeat(262)), { ...BAD_VALUE, message: 'APDU of 262 bytes, at most 261' })
  assert.throws(() => lenient('00'.repeat(262)), BAD_VALUE)
})

for (const hex of ['', '0', '00B0000', '00B00000G0', 'zz', '00B0-000', '00B00000\r', '0x00B000']) {
  test(`apdu line: '${JSON.stringify(hex)}' is not hex to a strict reader`, () => {
    assert.throws(() => strict(hex), SYNTAX)
  })
}

for (const option of [
  'CONTINUE=900',
  'CONTINUE=90000',
  'CONTINUE=90x0',
  'CONTINUE=',
  'CONTINUE',
  'continue=9000',
  'MORE=6',
  'MORE=061',
  'FETCH=00C000',
  'FETCH=00C0000000',
  'FOO=1',
  'APPEND',
  'MORE=61 MORE=61',
  'CONTINUE=9000 CONTINUE=9000',
  'FETCH=00C00000 FETCH=00C00000',
]) {
  test(`apdu line: the option ${option} is refused by a strict reader and left out by a lenient one`, () => {
    assert.throws(() => strict(`00B00000 ${option}`), SYNTAX)
    assert.equal(hexOf(lenient(`00B00000 ${option}`).command), '00B00000')
  })
}

test('apdu line: of an option given twice a lenient reader takes the first', () => {
  assert.equal(lenient('00B00000 MORE=61 MORE=9F').moreSw1, 0x61)
})

test('apdu line: a lenient reader skips what is no digit and drops a last single one (C53, C61)', () => {
  assert.equal(hexOf(lenient('80E00000030102031').command), '80E0000003010203')
  assert.equal(hexOf(lenient('80-E0:00.00').command), '80E00000')
})

test('apdu line: a lenient reader wants one byte at least (C53, C64)', () => {
  assert.equal(hexOf(lenient('80').command), '80')
  for (const hex of ['', 'zz', '8', 'xyz-8']) assert.throws(() => lenient(hex), SYNTAX)
  assert.throws(() => apduLineOf([], 'lenient'), SYNTAX)
})
