import assert from 'node:assert/strict'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import { aidOf, ISSUER_DOMAIN_AIDS } from '../../src/globalplatform/aid.ts'
import {
  checkKeys,
  checkValueOf,
  DIVERSIFICATIONS,
  diversified,
  keysOf,
  setOf,
  TEST_KEYS,
} from '../../src/globalplatform/keys.ts'
import { padded, unpadded } from '../../src/globalplatform/padding.ts'
import { countedBytes, gpError } from '../support/gp-card.ts'
import { hex } from '../support/hex-fields.ts'

const KDD = hex('00010203040506070809')

test('keys: the published test set is 404142...4F, thrice', () => {
  assert.deepEqual(keysOf(TEST_KEYS).map(hexOf), Array(3).fill('404142434445464748494A4B4C4D4E4F'))
})

test('keys: 3DES takes 16 bytes, AES 16, 24 and 32, and nothing beside them', () => {
  for (let length = 0; length <= 40; length++) {
    const keys = setOf(new Uint8Array(length))
    for (const [algorithm, allowed] of [
      ['3des', [16]],
      ['aes', [16, 24, 32]],
    ] as const) {
      const check = () => {
        checkKeys(keys, algorithm)
      }
      if (allowed.some((each) => each === length)) assert.doesNotThrow(check)
      else assert.throws(check, gpError('gp.request', /same length/))
    }
  }
})

test('keys: three of different lengths are no set', () => {
  const [short, long] = [countedBytes(1, 16), countedBytes(1, 32)]
  for (const keys of [
    { enc: long, mac: short, dek: short },
    { enc: short, mac: long, dek: short },
    { enc: short, mac: short, dek: long },
  ]) {
    assert.throws(() => {
      checkKeys(keys, 'aes')
    }, gpError('gp.request'))
  }
})

test('keys: check values of the PUT KEY examples, 3DES and AES', () => {
  const keys = [0x50, 0x60, 0x70].map((first) => countedBytes(first, 16))
  assert.deepEqual(
    keys.map((key) => hexOf(checkValueOf(key, '3des'))),
    ['A4B7D6', '9DCB14', 'E93347'],
  )
  assert.deepEqual(
    keys.map((key) => hexOf(checkValueOf(key, 'aes'))),
    ['F2A8DF', 'D7D0E4', 'DCC3AC'],
  )
})

test('keys: each key of a diversified set is of its own master', () => {
  const masters = { enc: countedBytes(0x10, 16), mac: countedBytes(0x20, 16), dek: countedBytes(0x30, 16) }
  for (const method of DIVERSIFICATIONS) {
    const set = diversified(masters, method, KDD)
    assert.deepEqual(set.enc, diversified(setOf(masters.enc), method, KDD).enc, method)
    assert.deepEqual(set.mac, diversified(setOf(masters.mac), method, KDD).mac, method)
    assert.deepEqual(set.dek, diversified(setOf(masters.dek), method, KDD).dek, method)
  }
})

test('keys: which bytes of the diversification data count', () => {
  const counts = { none: '', visa2: '014567', emv: '456789', kdf3: '0123456789' } as const
  for (const method of DIVERSIFICATIONS) {
    const expected = hexOf(diversified(TEST_KEYS, method, KDD).enc)
    const counting = [...KDD.keys()].filter((at) => {
      const other = KDD.with(at, 0xff)
      return hexOf(diversified(TEST_KEYS, method, other).enc) !== expected
    })
    assert.equal(counting.join(''), counts[method], method)
  }
})

for (const length of [24, 32]) {
  for (const method of ['visa2', 'emv', 'kdf3'] as const) {
    test(`keys: ${method} of master keys of ${length} bytes is not known`, () => {
      assert.throws(
        () => diversified(setOf(countedBytes(1, length)), method, KDD),
        gpError('gp.unsupported', new RegExp(`^${method} `)),
      )
    })
  }

  test(`keys: ${length} bytes that are not diversified are taken as they are`, () => {
    const keys = setOf(countedBytes(1, length))
    assert.deepEqual(diversified(keys, 'none', KDD), keys)
  })
}

test('aid: 5 to 16 bytes in hex, and nothing else', () => {
  const digits = '000102030405060708090A0B0C0D0E0F10'
  for (let bytes = 0; bytes <= 17; bytes++) {
    const aid = aidOf(digits.slice(0, 2 * bytes))
    if (bytes < 5 || bytes > 16) assert.equal(aid, undefined, `${bytes} bytes`)
    else assert.equal(hexOf(aid ?? assert.fail()), digits.slice(0, 2 * bytes))
  }
  for (const wrong of ['A00000000', 'A0000000G1', ' A000000003', 'A0 00 00 00 03', '']) {
    assert.equal(aidOf(wrong), undefined, wrong)
  }
  assert.deepEqual(aidOf('a0000000aF'), hex('A0000000AF'))
})

test('aid: the usual names of issuer domains are whole', () => {
  assert.deepEqual(ISSUER_DOMAIN_AIDS.map(hexOf), [
    'A000000151000000',
    'A000000003000000',
    'A0000001510000',
    'A000000018434D00',
  ])
})

test('padding: 80 and zeroes up to the block, a whole block where none is left, and back', () => {
  for (const block of [8, 16]) {
    for (let length = 0; length <= 2 * block; length++) {
      const message = countedBytes(1, length)
      const whole = padded(message, block)
      assert.equal(whole.length, (Math.floor(length / block) + 1) * block)
      assert.equal(hexOf(whole), hexOf(message) + '80' + '00'.repeat(whole.length - length - 1))
      assert.deepEqual(unpadded(whole), message)
    }
  }
})

test('padding: what does not end in 80 and zeroes has none', () => {
  for (const wrong of ['', '00', '0000', '81', '8001', '0180FF', '7F0000']) {
    assert.equal(unpadded(hex(wrong)), undefined, wrong)
  }
  assert.deepEqual(unpadded(hex('8000 8000')), hex('8000'))
})
