import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { InternalError } from '../../src/base/errors.ts'
import { hexOf } from '../../src/base/hex.ts'
import {
  hasMore,
  iPcb,
  isIntact,
  isResponse,
  kindOf,
  Prologue,
  prologueBytesOf,
  rErrorOf,
  receiveNumberOf,
  rPcb,
  sealBlock,
  sendNumberOf,
  sNameOf,
} from '../../src/t1/block.ts'
import { GP_T1_PRIME, ISO_T1_LRC, NXP_T1_OVER_I2C, type T1Profile } from '../../src/t1/profile.ts'
import { hex } from '../support/hex-fields.ts'
import { FRAMES, sectionOf } from '../support/t1-vectors.ts'

const PROFILES = [...Object.values(FRAMES)]

/** A buffer with room for a block of `inf`, which lies in place. */
function roomFor(profile: T1Profile, inf: Uint8Array): Uint8Array {
  const buffer = new Uint8Array(prologueBytesOf(profile) + inf.length + profile.edc.bytes)
  buffer.set(inf, prologueBytesOf(profile))
  return buffer
}

for (const section of ['C', 'D', 'E', 'F', 'G', 'L']) {
  test(`block: every block of the vectors is read and written again (section ${section})`, () => {
    const lines = sectionOf(section)
    assert.ok(lines.length > 1)
    for (const [dialect = '', name = '', literal = ''] of lines) {
      const profile = FRAMES[dialect]
      assert.ok(profile !== undefined, dialect)
      const block = hex(literal)
      const prologue = new Prologue(profile, block)
      const body = block.subarray(prologueBytesOf(profile))
      assert.ok(prologue.nad === profile.nadOut || profile.nadIn.includes(prologue.nad), name)
      assert.equal(prologue.infLength, body.length - profile.edc.bytes, name)
      assert.ok(isIntact(profile, block.subarray(0, prologueBytesOf(profile)), body), name)
      const ours = roomFor(profile, body.subarray(0, prologue.infLength))
      const sealed = sealBlock({ ...profile, nadOut: prologue.nad }, ours, prologue.pcb, prologue.infLength)
      assert.equal(hexOf(sealed), hexOf(block), name)
    }
  })
}

test("block: 300 bytes of INF under T=1' (section F)", () => {
  const inf = Uint8Array.from({ length: 300 }, (_, index) => index)
  const block = sealBlock(GP_T1_PRIME, roomFor(GP_T1_PRIME, inf), 0x00, 300)
  assert.equal(block.length, 306)
  assert.equal(hexOf(block.subarray(0, 4)), '2100012C')
  assert.equal(hexOf(block.subarray(-2)), '5861')
})

test('block: NAD 12 with LRC, and its answer (section B)', () => {
  const profile = { ...ISO_T1_LRC, nadOut: 0x12 }
  const block = sealBlock(profile, roomFor(profile, hex('00 A4 04 00 00')), 0x00, 5)
  assert.equal(hexOf(block), hexOf(hex('12 00 05 | 00 A4 04 00 00 | B7')))
  assert.ok(isIntact(profile, hex('21 00 02'), hex('90 00 B3')))
})

test('block: every PCB is of one kind, and reserved bits make none', () => {
  const kinds = Array.from({ length: 256 }, (_, pcb) => kindOf(pcb))
  const pcbsOf = (kind: string) => kinds.flatMap((it, pcb) => (it === kind ? [pcb] : []))
  assert.deepEqual(pcbsOf('I'), [0x00, 0x20, 0x40, 0x60])
  assert.deepEqual(pcbsOf('R'), [0x80, 0x81, 0x82, 0x83, 0x90, 0x91, 0x92, 0x93])
  assert.equal(pcbsOf('S').length, 64)
})

test('block: the fields of a PCB are read as they were written', () => {
  for (const bit of [0, 1] as const) {
    for (const position of ['more', 'last'] as const) {
      const pcb = iPcb(bit, position)
      assert.deepEqual([kindOf(pcb), sendNumberOf(pcb), hasMore(pcb)], ['I', bit, position === 'more'])
    }
    for (const error of [0, 1, 2, 3]) {
      const pcb = rPcb(bit, error)
      assert.deepEqual([kindOf(pcb), receiveNumberOf(pcb), rErrorOf(pcb)], ['R', bit, error])
    }
  }
})

test('block: an S-block has the name that its dialect gives it', () => {
  assert.equal(sNameOf(GP_T1_PRIME, 0xc6), 'release')
  assert.equal(sNameOf(NXP_T1_OVER_I2C, 0xc6), 'chipReset')
  assert.equal(sNameOf(NXP_T1_OVER_I2C, 0xef), 'interfaceReset')
  assert.equal(sNameOf(NXP_T1_OVER_I2C, 0xff), 'powerDown')
  assert.equal(sNameOf(ISO_T1_LRC, 0xcf), undefined)
  assert.ok(isResponse(0xe3) && !isResponse(0xc3))
})

test('block: no two S-blocks of a dialect share a PCB, and no request looks like a response', () => {
  for (const profile of PROFILES) {
    const pcbs = Object.values(profile.sBlocks)
    assert.equal(new Set(pcbs).size, pcbs.length)
    for (const pcb of pcbs) assert.ok(kindOf(pcb) === 'S' && !isResponse(pcb), profile.name)
  }
})

test('block: INF of 253 and 254 bytes and no byte more, also with a CRC (no overflow of the length)', () => {
  for (const profile of [ISO_T1_LRC, NXP_T1_OVER_I2C]) {
    for (const length of [0, 1, 253, 254]) {
      const inf = new Uint8Array(length).fill(0x5a)
      const block = sealBlock(profile, roomFor(profile, inf), 0x40, length)
      assert.equal(block.length, 3 + length + profile.edc.bytes)
      assert.ok(isIntact(profile, block.subarray(0, 3), block.subarray(3)))
    }
    assert.throws(() => sealBlock(profile, roomFor(profile, new Uint8Array(255)), 0, 255), InternalError)
  }
})

test("block: 4089 bytes of INF and no byte more under T=1'", () => {
  const block = sealBlock(GP_T1_PRIME, roomFor(GP_T1_PRIME, new Uint8Array(4089)), 0, 4089)
  assert.equal(hexOf(block.subarray(0, 4)), '21000FF9')
  const long = roomFor(GP_T1_PRIME, new Uint8Array(4090))
  assert.throws(() => sealBlock(GP_T1_PRIME, long, 0, 4090), InternalError)
})

test('block: a buffer without tailroom or prologue is refused', () => {
  for (const profile of PROFILES) {
    const buffer = roomFor(profile, hex('01 02'))
    assert.throws(() => sealBlock(profile, buffer.subarray(0, -1), 0, 2), InternalError)
    assert.throws(() => new Prologue(profile, new Uint8Array(prologueBytesOf(profile) - 1)), RangeError)
  }
})

test('block: a body too short for its EDC is not intact', () => {
  assert.ok(!isIntact(GP_T1_PRIME, hex('21 80 00 00'), hex('63')))
  assert.ok(!isIntact(ISO_T1_LRC, hex('00 80 00'), hex('')))
})

test('block: with NAD as zero the NAD changes nothing in the EDC (section G)', () => {
  const profile = FRAMES['pn80t']!
  assert.ok(isIntact(profile, hex('5A 00 05'), hex('00 A4 04 00 00 A5')))
  assert.ok(isIntact(profile, hex('A5 00 05'), hex('00 A4 04 00 00 A5')))
  assert.ok(!isIntact(ISO_T1_LRC, hex('5A 00 05'), hex('00 A4 04 00 00 A5')))
})

test('block: what is sealed is a view of the buffer, at its place in a larger one', () => {
  fc.assert(
    fc.property(fc.nat(9), fc.uint8Array({ maxLength: 40 }), (offset, inf) => {
      const large = new Uint8Array(100).fill(0xee)
      const buffer = large.subarray(offset)
      buffer.set(inf, 3)
      const block = sealBlock(NXP_T1_OVER_I2C, buffer, 0x00, inf.length)
      assert.ok(isIntact(NXP_T1_OVER_I2C, block.subarray(0, 3), block.subarray(3)))
      assert.ok(large.subarray(0, offset).every((byte) => byte === 0xee))
      assert.ok(large.subarray(offset + block.length).every((byte) => byte === 0xee))
      // Clobber: the view is the buffer itself.
      buffer.fill(0x77)
      assert.ok(block.every((byte) => byte === 0x77))
    }),
  )
})
