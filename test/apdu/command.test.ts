import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { type CommandCase, commandOf, MAX_COMMAND_BYTES, writeCommand } from '../../src/apdu/command.ts'
import { hex } from '../support/hex-fields.ts'

const HEADER = { cla: 0x00, ins: 0xa4, p1: 0x04, p2: 0x0c }
const SENTINEL = 0x55

interface Shape {
  case: CommandCase
  nc: number
  ne: number
  header: string
  trailer: string
}

// ISO/IEC 7816-3, command APDU cases: the bytes around `nc` bytes of data, at both ends of every length field.
const SHAPES: readonly Shape[] = [
  { case: '1', nc: 0, ne: 0, header: '', trailer: '' },
  { case: '2S', nc: 0, ne: 1, header: '01', trailer: '' },
  { case: '2S', nc: 0, ne: 255, header: 'FF', trailer: '' },
  { case: '2S', nc: 0, ne: 256, header: '00', trailer: '' },
  { case: '3S', nc: 1, ne: 0, header: '01', trailer: '' },
  { case: '3S', nc: 255, ne: 0, header: 'FF', trailer: '' },
  { case: '4S', nc: 1, ne: 1, header: '01', trailer: '01' },
  { case: '4S', nc: 255, ne: 256, header: 'FF', trailer: '00' },
  { case: '2E', nc: 0, ne: 257, header: '00 01 01', trailer: '' },
  { case: '2E', nc: 0, ne: 65535, header: '00 FF FF', trailer: '' },
  { case: '2E', nc: 0, ne: 65536, header: '00 00 00', trailer: '' },
  { case: '3E', nc: 256, ne: 0, header: '00 01 00', trailer: '' },
  { case: '3E', nc: 65535, ne: 0, header: '00 FF FF', trailer: '' },
  { case: '4E', nc: 1, ne: 257, header: '00 00 01', trailer: '01 01' },
  { case: '4E', nc: 256, ne: 1, header: '00 01 00', trailer: '00 01' },
  { case: '4E', nc: 65535, ne: 65536, header: '00 FF FF', trailer: '00 00' },
]

function dataOf(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 7 + 1) & 0xff)
}

function bytesOf(shape: Shape): Uint8Array {
  const parts = [hex('00 A4 04 0C'), hex(shape.header), dataOf(shape.nc), hex(shape.trailer)]
  return new Uint8Array(Buffer.concat(parts))
}

for (const shape of SHAPES) {
  const name = `case ${shape.case} with Nc ${shape.nc} and Ne ${shape.ne}`

  test(`command: ${name} is read field by field`, () => {
    const expected = { case: shape.case, ...HEADER, data: dataOf(shape.nc), ne: shape.ne }
    assert.deepEqual(commandOf(bytesOf(shape)), expected)
  })

  test(`command: ${name} is written in its shortest form and nothing behind it`, () => {
    const expected = bytesOf(shape)
    const into = new Uint8Array(expected.length + 3).fill(SENTINEL)
    const length = writeCommand(into, { ...HEADER, data: dataOf(shape.nc), ne: shape.ne })
    assert.deepEqual(into.subarray(0, length), expected)
    assert.deepEqual(into.subarray(length), new Uint8Array(3).fill(SENTINEL))
  })
}

// The lengths that a truncation may leave whole by accident, for each shape below: all others are malformed.
const TRUNCATIONS: readonly [string, Uint8Array, readonly number[]][] = [
  ['3S', hex('00 D8 00 03 | 03 | 01 02 03'), [4, 5]],
  ['4S', hex('00 D8 00 03 | 03 | 01 02 03 | 00'), [4, 5, 8]],
  ['2E', hex('00 B0 00 00 | 00 01 00'), [4, 5]],
  ['3E', hex('00 D8 00 03 | 00 00 03 | 01 02 03'), [4, 5, 7]],
  ['4E', hex('00 D8 00 03 | 00 00 03 | 01 02 03 | 01 00'), [4, 5, 7, 10]],
]

for (const [name, bytes, whole] of TRUNCATIONS) {
  test(`command: case ${name} cut anywhere is another case or malformed, never itself`, () => {
    for (let length = 0; length < bytes.length; length++) {
      const command = commandOf(bytes.subarray(0, length))
      assert.equal(command !== undefined, whole.includes(length), `cut to ${length}`)
      assert.notEqual(command?.case, name)
    }
  })
}

test('command: lengths that contradict each other are malformed', () => {
  const malformed = [
    '',
    '00 A4 04',
    '00 A4 04 00 | 00 01', // two bytes that start with zero are no length
    '00 A4 04 00 | 02 01', // data missing
    '00 A4 04 00 | 01 01 00 00', // one byte behind Le
    '00 A4 04 00 | 00 00 00 01', // an extended Lc of zero
    '00 A4 04 00 | 00 00 00 01 02', // the same with two more bytes, as if they were Le
    '00 A4 04 00 | 00 00 02 01', // extended data missing
    '00 A4 04 00 | 00 00 01 01 00', // half an extended Le
    '00 A4 04 00 | 00 00 01 01 00 00 00', // one byte behind an extended Le
  ]
  for (const literal of malformed) assert.equal(commandOf(hex(literal)), undefined, literal)
})

test('command: three body bytes that start with zero are an extended Le, even 000000', () => {
  assert.equal(commandOf(hex('00 B0 00 00 | 00 00 00'))?.ne, 65536)
  assert.equal(commandOf(hex('00 B0 00 00 | 00 00 01'))?.case, '2E')
  assert.equal(commandOf(hex('00 B0 00 00 | 00 00 01'))?.ne, 1)
})

test('command: a long form with short values is accepted', () => {
  const command = commandOf(hex('80 E2 00 00 | 00 00 02 | AA BB | 00 10'))
  assert.deepEqual(command, { case: '4E', cla: 0x80, ins: 0xe2, p1: 0, p2: 0, data: hex('AA BB'), ne: 16 })
})

test('command: over the longest length is malformed', () => {
  const longest = new Uint8Array(MAX_COMMAND_BYTES + 1)
  longest.set(hex('00 D6 00 00 | 00 FF FF'))
  assert.equal(commandOf(longest.subarray(0, MAX_COMMAND_BYTES))?.case, '4E')
  assert.equal(commandOf(longest), undefined)
})

test('command: is read correctly in the middle of a larger buffer', () => {
  const buffer = hex('FF FF FF | 00 D8 00 03 | 00 00 01 | 77 | 01 02 | FF')
  const command = commandOf(buffer.subarray(3, 13))
  assert.equal(command?.ne, 0x0102)
  assert.deepEqual(command.data, hex('77'))
})

test('command: its data is a view of the input', () => {
  const bytes = hex('00 D8 00 03 | 02 | 01 02')
  const command = commandOf(bytes)
  bytes[5] = 0xff
  assert.deepEqual(command?.data, hex('FF 02'))
})

test('command: what is written is read back, and no truncation of it', () => {
  const byte = fc.nat(0xff)
  const fields = fc.record({
    cla: byte,
    ins: byte,
    p1: byte,
    p2: byte,
    data: fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(dataOf(255), dataOf(256))),
    ne: fc.oneof(fc.constantFrom(0, 1, 255, 256, 257, 65535, 65536), fc.nat(65536)),
  })
  const property = fc.property(fields, (written) => {
    const into = new Uint8Array(400)
    const length = writeCommand(into, written)
    const read = commandOf(into.subarray(0, length))
    assert.deepEqual(read, { case: read?.case, ...written })
    assert.throws(() => writeCommand(new Uint8Array(length - 1), written), RangeError)
  })
  fc.assert(property, { numRuns: 500, seed: 1 })
})

test('command: a writer whose fields are out of range throws and writes nothing', () => {
  const into = new Uint8Array(70000).fill(SENTINEL)
  const wrong = [
    { ...HEADER, cla: -1 },
    { ...HEADER, cla: 256 },
    { ...HEADER, ins: 0.5 },
    { ...HEADER, p1: Number.NaN },
    { ...HEADER, p2: 1e9 },
    { ...HEADER, ne: -1 },
    { ...HEADER, ne: 65537 },
    { ...HEADER, data: new Uint8Array(65536) },
  ]
  for (const fields of wrong) assert.throws(() => writeCommand(into, fields), RangeError)
  assert.ok(into.every((byte) => byte === SENTINEL))
})

test('command: a writer without room throws and writes nothing', () => {
  const into = new Uint8Array(7).fill(SENTINEL)
  const fields = { ...HEADER, data: hex('01 02'), ne: 256 }
  assert.throws(() => writeCommand(into, fields), { name: 'RangeError', message: /8 bytes, room for 7/ })
  assert.ok(into.every((byte) => byte === SENTINEL))
})

test('command: data that lies in place already is not copied', (t) => {
  for (const [nc, offset] of [
    [255, 5],
    [256, 7],
  ] as const) {
    const into = new Uint8Array(300)
    into.set(dataOf(nc), offset)
    const set = t.mock.method(into, 'set')
    const length = writeCommand(into, { ...HEADER, data: into.subarray(offset, offset + nc), ne: 0 })
    assert.equal(set.mock.callCount(), 0)
    assert.deepEqual(commandOf(into.subarray(0, length))?.data, dataOf(nc))
  }
})

test('command: data that lies elsewhere in the same buffer is moved whole', () => {
  for (let offset = 0; offset < 20; offset++) {
    const into = new Uint8Array(40)
    into.set(dataOf(12), offset)
    const length = writeCommand(into, { ...HEADER, data: into.subarray(offset, offset + 12), ne: 256 })
    assert.deepEqual(commandOf(into.subarray(0, length))?.data, dataOf(12), `data at ${offset}`)
  }
})
