import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { hexOf } from '../../src/base/hex.ts'
import { EDC, type Edc } from '../../src/t1/edc.ts'
import { hex } from '../support/hex-fields.ts'
import { sectionOf } from '../support/t1-vectors.ts'

const ALL = Object.values(EDC)

function codeOf(edc: Edc, bytes: Uint8Array): string {
  const code = new Uint8Array(edc.bytes)
  edc.write(edc.update(edc.initial, bytes, 0, bytes.length), code, 0)
  return hexOf(code)
}

test('edc: the check values of X.25 and MCRF4XX, in both byte orders (section A)', () => {
  const digits = new TextEncoder().encode('123456789')
  assert.equal(codeOf(EDC.x25hi, digits), '906E')
  assert.equal(codeOf(EDC.x25lo, digits), '6E90')
  assert.equal(codeOf(EDC.mcrfhi, digits), '6F91')
  assert.equal(codeOf(EDC.mcrflo, digits), '916F')
  assert.equal(codeOf(EDC.lrc, digits), '31')
  assert.equal(codeOf(EDC.x25lo, hex('01 02 03 04')), '9139')
  assert.equal(codeOf(EDC.mcrfhi, hex('01 02 03 04')), 'C66E')
})

test('edc: the register over a block and its low-first CRC has a constant residue (section A)', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      for (const [edc, residue] of [
        [EDC.x25lo, 0xf0b8],
        [EDC.mcrflo, 0],
      ] as const) {
        const block = new Uint8Array(bytes.length + 2)
        block.set(bytes)
        edc.write(edc.update(edc.initial, bytes, 0, bytes.length), block, bytes.length)
        assert.equal(edc.update(edc.initial, block, 0, block.length), residue)
      }
    }),
  )
})

for (const [name = '', block = '', ...codes] of sectionOf('B')) {
  test(`edc: ${name} under all five (section B)`, () => {
    const expected = codes.map((code) => hexOf(hex(code)))
    assert.deepEqual(
      [EDC.lrc, EDC.x25lo, EDC.x25hi, EDC.mcrfhi, EDC.mcrflo].map((edc) => codeOf(edc, hex(block))),
      expected,
    )
  })
}

test('edc: the longest block of one length byte (section B)', () => {
  const full = Uint8Array.from({ length: 257 }, (_, index) => [0x00, 0x00, 0xfe][index] ?? index - 3)
  assert.equal(codeOf(EDC.lrc, full), 'FF')
  assert.equal(codeOf(EDC.x25lo, full), '4842')
  assert.equal(codeOf(EDC.mcrfhi, full), 'BDB7')
})

test('edc: a block split anywhere has the code of the whole', () => {
  fc.assert(
    fc.property(fc.constantFrom(...ALL), fc.uint8Array({ maxLength: 80 }), (edc, bytes) => {
      for (let split = 0; split <= bytes.length; split++) {
        const state = edc.update(
          edc.update(edc.initial, bytes.subarray(0, split), 0, split),
          bytes,
          split,
          bytes.length,
        )
        const code = new Uint8Array(edc.bytes)
        edc.write(state, code, 0)
        assert.equal(hexOf(code), codeOf(edc, bytes))
        assert.ok(edc.matches(state, code, 0))
      }
    }),
  )
})

test('edc: any one flipped bit is noticed', () => {
  const block = hex('00 40 05 00 A4 04 00 00')
  for (const edc of ALL) {
    const code = new Uint8Array(edc.bytes)
    edc.write(edc.update(edc.initial, block, 0, block.length), code, 0)
    for (let bit = 0; bit < block.length * 8; bit++) {
      const damaged = block.slice()
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      assert.ok(!edc.matches(edc.update(edc.initial, damaged, 0, damaged.length), code, 0))
    }
  }
})

test('edc: a code that is cut off matches nothing', () => {
  for (const edc of ALL) assert.ok(!edc.matches(edc.initial, new Uint8Array(edc.bytes - 1), 0))
})
