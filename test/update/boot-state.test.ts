import assert from 'node:assert/strict'
import test from 'node:test'
import {
  type BootState,
  COPY_BYTES,
  currentBootState,
  decodeBootState,
  encodeBootState,
  GIVEN_UP,
} from '../../src/update/boot-state.ts'

const FRESH: BootState = {
  sequence: 1,
  slot: 'A',
  tries: 0,
  isConfirmed: true,
  reason: GIVEN_UP.never,
  givenUp: undefined,
}
const FALLEN: BootState = {
  sequence: 0x01020304,
  slot: 'A',
  tries: 2,
  isConfirmed: false,
  reason: GIVEN_UP.kernelDamaged,
  givenUp: 'B',
}

// CRC-32 by zlib.crc32 of Python 3.11.
const VECTORS: readonly (readonly [BootState, string, string])[] = [
  [FRESH, '494f5345424f4f54 01 41 00 01 01000000 00 00', '375994ae'],
  [FALLEN, '494f5345424f4f54 01 41 02 00 04030201 02 42', 'c891cf8a'],
]

test('boot state: bytes of docs/appliance-layout.md, both ways', () => {
  for (const [state, head, crc] of VECTORS) {
    const copy = vector(head, crc)
    assert.deepEqual(encodeBootState(state), copy)
    assert.deepEqual(decodeBootState(copy), state)
  }
})

test('boot state: each single byte that changes, to each value, is noticed', () => {
  const copy = encodeBootState(FALLEN)
  for (let index = 0; index < COPY_BYTES; index++) {
    for (let change = 1; change < 256; change++) {
      const damaged = Buffer.from(copy)
      damaged.writeUInt8(damaged.readUInt8(index) ^ change, index)
      assert.equal(decodeBootState(damaged), undefined, `byte ${index} changed by ${change}`)
    }
  }
})

test('boot state: a copy cut short, too long, of zeros, of another kind, format, slot or reason is none', () => {
  const copy = encodeBootState(FRESH)
  for (const length of [0, 1, 508, 511]) assert.equal(decodeBootState(copy.subarray(0, length)), undefined)
  assert.equal(decodeBootState(Buffer.concat([copy, Buffer.alloc(1)])), undefined)
  assert.equal(decodeBootState(Buffer.alloc(COPY_BYTES)), undefined)
  assert.equal(decodeBootState(vector('494f53454b524e4c 01 41 00 01 01000000 00 00', 'efa88bd3')), undefined)
  assert.equal(decodeBootState(vector('494f5345424f4f54 02 41 00 01 01000000 00 00', '3279695a')), undefined)
  assert.equal(decodeBootState(vector('494f5345424f4f54 01 43 00 01 01000000 00 00', 'ec3c5d29')), undefined)
  assert.equal(decodeBootState(vector('494f5345424f4f54 01 41 00 01 01000000 04 00', '042a9db9')), undefined)
})

test('boot state: a view into a larger buffer is read where it lies', () => {
  const disk = Buffer.alloc(3 * COPY_BYTES, 0xff)
  encodeBootState(FALLEN).copy(disk, COPY_BYTES + 8)
  assert.deepEqual(decodeBootState(disk.subarray(COPY_BYTES + 8, 2 * COPY_BYTES + 8)), FALLEN)
})

test('boot state: of two copies the whole one with the higher sequence number counts', () => {
  const [old, young] = [FRESH, { ...FALLEN, sequence: 0xffffffff }]
  const none = Buffer.alloc(COPY_BYTES)
  assert.deepEqual(currentBootState(encodeBootState(old), encodeBootState(young)), { state: young, copy: 1 })
  assert.deepEqual(currentBootState(encodeBootState(young), encodeBootState(old)), { state: young, copy: 0 })
  assert.deepEqual(currentBootState(none, encodeBootState(old)), { state: old, copy: 1 })
  assert.deepEqual(currentBootState(encodeBootState(old), none), { state: old, copy: 0 })
})

test('boot state: of copies with equal sequence numbers the first counts', () => {
  const other = { ...FALLEN, sequence: FRESH.sequence }
  assert.deepEqual(currentBootState(encodeBootState(FRESH), encodeBootState(other)), {
    state: FRESH,
    copy: 0,
  })
})

test('boot state: two damaged copies are no state', () => {
  assert.equal(currentBootState(Buffer.alloc(COPY_BYTES), Buffer.alloc(COPY_BYTES, 0xff)), undefined)
})

test('boot state: a number that does not fit is refused', () => {
  assert.throws(() => encodeBootState({ ...FRESH, sequence: 0x1_0000_0000 }), RangeError)
  assert.throws(() => encodeBootState({ ...FRESH, tries: 256 }), RangeError)
})

function vector(head: string, crc: string): Buffer {
  const copy = Buffer.alloc(COPY_BYTES)
  copy.write(head.replaceAll(' ', ''), 'hex')
  copy.write(crc, COPY_BYTES - 4, 'hex')
  return copy
}
