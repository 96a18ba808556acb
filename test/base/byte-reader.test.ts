import assert from 'node:assert/strict'
import test from 'node:test'
import { ByteReader } from '../../src/base/byte-reader.ts'
import { hex } from '../support/hex-fields.ts'

test('byte reader: reads big-endian fields and vectors in order', () => {
  const reader = new ByteReader(hex('FE | FE DC | FE DC BA | 02 AA BB | 00 01 CC | DD'))
  assert.equal(reader.u8(), 0xfe)
  assert.equal(reader.u16(), 0xfedc)
  assert.equal(reader.u24(), 0xfedcba)
  assert.deepEqual(reader.vector8(), hex('AA BB'))
  assert.deepEqual(reader.vector16(), hex('CC'))
  assert.equal(reader.offset, 12)
  assert.equal(reader.remaining, 1)
  assert.deepEqual(reader.take(0), hex(''))
  assert.deepEqual(reader.take(1), hex('DD'))
  assert.equal(reader.remaining, 0)
})

for (const { what, bytes, read } of [
  { what: 'u8', bytes: '', read: (reader: ByteReader) => reader.u8() },
  { what: 'u16', bytes: '01', read: (reader: ByteReader) => reader.u16() },
  { what: 'u24', bytes: '01 02', read: (reader: ByteReader) => reader.u24() },
  { what: 'take', bytes: '01 02', read: (reader: ByteReader) => reader.take(3) },
  { what: 'vector8 without length', bytes: '', read: (reader: ByteReader) => reader.vector8() },
  { what: 'vector8', bytes: '02 01', read: (reader: ByteReader) => reader.vector8() },
  { what: 'vector16 with half a length', bytes: '00', read: (reader: ByteReader) => reader.vector16() },
  { what: 'vector16', bytes: '00 02 01', read: (reader: ByteReader) => reader.vector16() },
]) {
  test(`byte reader: ${what} past the end throws RangeError and moves nothing`, () => {
    const reader = new ByteReader(hex(`AA | ${bytes}`))
    reader.u8()
    const { remaining } = reader
    assert.throws(() => read(reader), RangeError)
    assert.equal(reader.remaining, remaining)
    assert.equal(reader.offset, 1)
  })
}

test('byte reader: what it takes is a view of the input, also of an input that is a view itself', () => {
  const bytes = hex('00 | 02 AA BB')
  const taken = new ByteReader(bytes.subarray(1)).vector8()
  bytes.fill(0xee)
  assert.deepEqual(taken, hex('EE EE'))
})
