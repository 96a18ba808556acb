import assert from 'node:assert/strict'
import test from 'node:test'
import { MAX_RESPONSE_BYTES, responseOf } from '../../src/apdu/response.ts'
import { hex } from '../support/hex-fields.ts'

test('response: splits into data and status word', () => {
  const response = responseOf(hex('01 02 03 | 6C 1A'))
  assert.deepEqual(response, { data: hex('01 02 03'), sw: 0x6c1a, sw1: 0x6c, sw2: 0x1a })
})

test('response: of two bytes is a status word without data', () => {
  assert.deepEqual(responseOf(hex('90 00')), { data: hex(''), sw: 0x9000, sw1: 0x90, sw2: 0x00 })
})

test('response: of under two bytes is none', () => {
  assert.equal(responseOf(hex('')), undefined)
  assert.equal(responseOf(hex('90')), undefined)
})

test('response: has at most 65536 bytes of data', () => {
  assert.equal(responseOf(new Uint8Array(MAX_RESPONSE_BYTES))?.data.length, 65536)
  assert.equal(responseOf(new Uint8Array(MAX_RESPONSE_BYTES + 1)), undefined)
})

test('response: its data is a view of the input', () => {
  const bytes = hex('01 02 | 90 00')
  const response = responseOf(bytes)
  bytes[0] = 0xff
  assert.deepEqual(response?.data, hex('FF 02'))
})
