import assert from 'node:assert/strict'
import test from 'node:test'
import { isSuccess, statusWordOf } from '../../src/apdu/status-word.ts'
import { hex } from '../support/hex-fields.ts'

test('status word: is the two last bytes of a response', () => {
  assert.equal(statusWordOf(hex('90 00')), 0x9000)
  assert.equal(statusWordOf(hex('01 02 03 | 6A 82')), 0x6a82)
  assert.equal(statusWordOf(hex('00 00')), 0)
})

test('status word: is missing from a response of under two bytes', () => {
  assert.equal(statusWordOf(hex('')), undefined)
  assert.equal(statusWordOf(hex('90')), undefined)
})

test('status word: success is 9000 and 61xx, not a warning and not any other 90xx', () => {
  for (const sw of [0x9000, 0x6100, 0x61ff]) assert.equal(isSuccess(sw), true, sw.toString(16))
  for (const sw of [0x6282, 0x63c0, 0x6c10, 0x6d00, 0x9001, 0x9f10, 0x0000, 0xffff]) {
    assert.equal(isSuccess(sw), false, sw.toString(16))
  }
})
