import assert from 'node:assert/strict'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import { berLength, tlv, tlvsOf, valueOf } from '../../src/globalplatform/tlv.ts'
import { gpError, takenBeginnings } from '../support/gp-card.ts'
import { hex } from '../support/hex-fields.ts'

const parse = (bytes: Uint8Array) => tlvsOf(bytes, 'test')
const malformed = gpError('gp.malformed', /^test: not BER-TLV/)

for (const [length, header] of [
  [0x00, 'C4 00'],
  [0x7f, 'C4 7F'],
  [0x80, 'C4 81 80'],
  [0xff, 'C4 81 FF'],
  [0x100, 'C4 82 0100'],
  // The published tls_se.cap: `80E80000F7 C4825747 01000F..`.
  [0x5747, 'C4 82 5747'],
  [0xffff, 'C4 82 FFFF'],
] as const) {
  test(`tlv: a value of ${length} bytes is written after ${header}, and read again`, () => {
    const value = new Uint8Array(length).fill(0x3c)
    const written = tlv(0xc4, value)
    assert.equal(hexOf(written.subarray(0, -length || undefined)), hexOf(hex(header)))
    assert.equal(written.length, 1 + berLength(length).length + length)
    assert.deepEqual(parse(written), [{ tag: 0xc4, value }])
    assert.throws(() => parse(written.subarray(0, -1)), malformed)
    assert.throws(() => parse(Uint8Array.of(...written, 0x01)), malformed)
  })
}

test('tlv: a length need not be in its shortest form', () => {
  assert.deepEqual(parse(hex('4F 81 01 AA')), [{ tag: 0x4f, value: hex('AA') }])
  assert.deepEqual(parse(hex('4F 82 0001 AA')), [{ tag: 0x4f, value: hex('AA') }])
})

test('tlv: 80 as a length means 128, as some elements write it', () => {
  const value = new Uint8Array(128).fill(1)
  assert.deepEqual(parse(Uint8Array.of(0xc9, 0x80, ...value)), [{ tag: 0xc9, value }])
  assert.throws(() => parse(Uint8Array.of(0xc9, 0x80, ...value.subarray(1))), malformed)
})

test('tlv: lengths of more than two bytes are malformed, however short the value is', () => {
  for (const length of ['83 000001', '84 00000001', 'FF', 'FE'])
    assert.throws(() => parse(hex(`4F ${length} AA`)), malformed, length)
  // Nor is the byte itself a length, as 80 is.
  for (let first = 0x83; first <= 0xff; first++)
    assert.throws(() => parse(Uint8Array.of(0x4f, first, ...new Uint8Array(first))), malformed)
})

test('tlv: free resources with their tag of two bytes (KAOH)', () => {
  const [whole] = parse(hex('FF21 10 | 81 02 0002 | 82 04 00016DB4 | 83 04 0000086A'))
  assert.equal(whole?.tag, 0xff21)
  assert.deepEqual(parse(whole.value), [
    { tag: 0x81, value: hex('0002') },
    { tag: 0x82, value: hex('00016DB4') },
    { tag: 0x83, value: hex('0000086A') },
  ])
  assert.equal(hexOf(tlv(0xff21, whole.value).subarray(0, 3)), 'FF2110')
})

test('tlv: of a single object no beginning is taken but the empty one', () => {
  const samples = [
    '9F7F 02 4790',
    '4F 81 02 AABB',
    '4F 82 0002 AABB',
    'E3 0B 4F05A0000000049F700101',
    'FF21 04 | 81 02 0002',
  ]
  for (const sample of samples) assert.equal(takenBeginnings(hex(sample), parse), 1, sample)
})

test('tlv: of several objects the beginnings between two of them are taken', () => {
  assert.equal(takenBeginnings(hex('42 03 000000 | 45 02 0000 | 4F 00'), parse), 3)
})

test('tlv: the first object of a tag counts, and one that is not there is undefined', () => {
  const objects = parse(hex('84 01 AA | 84 01 BB'))
  assert.deepEqual(valueOf(objects, 0x84), hex('AA'))
  assert.equal(valueOf(objects, 0x4f), undefined)
})

test('tlv: values are views of what was parsed', () => {
  const bytes = hex('4F 02 AABB')
  const [object] = parse(bytes)
  bytes.fill(0)
  assert.deepEqual(object?.value, hex('0000'))
})

test('tlv: the message shows sixteen bytes at most', () => {
  assert.throws(
    () => parse(new Uint8Array(300).fill(0xc4)),
    gpError('gp.malformed', /^test: not BER-TLV \((C4){16}\.\.\.\)$/),
  )
})
