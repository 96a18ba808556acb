import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { historicalBytesOf } from '../../src/apdu/historical-bytes.ts'
import { hex } from '../support/hex-fields.ts'

test('historical bytes: those of the TS 102 221 example have service data and capabilities', () => {
  const read = historicalBytesOf(hex('80 | 31 A0 | 73 BE 21 15'))
  assert.equal(read.category, 0x80)
  assert.equal(read.isComplete, true)
  assert.deepEqual(read.objects, [
    { tag: 3, value: hex('A0') },
    { tag: 7, value: hex('BE 21 15') },
  ])
  assert.deepEqual(read.service, {
    selectsByFullName: true,
    selectsByPartialName: false,
    hasDirFile: true,
    hasAtrFile: false,
    fileAccess: 'read-record',
    hasMasterFile: true,
  })
  assert.deepEqual(read.capabilities, {
    hasCommandChaining: false,
    hasExtendedLength: false,
    hasExtendedLengthInfo: false,
    channelsAssignedBy: 'card',
    maxChannels: 6,
  })
  assert.equal(read.status, undefined)
})

test('historical bytes: a name that is no category is left alone', () => {
  const read = historicalBytesOf(Buffer.from('key1.com'))
  assert.equal(read.category, 0x6b)
  assert.deepEqual(read.objects, [])
  assert.deepEqual([read.service, read.capabilities, read.status], [undefined, undefined, undefined])
})

test('historical bytes: reserved categories 81 to 8F are left alone', () => {
  for (let category = 0x81; category <= 0x8f; category++) {
    assert.deepEqual(historicalBytesOf(Uint8Array.of(category, 0x31, 0xa0)).objects, [])
  }
})

test('historical bytes: none say nothing', () => {
  const read = historicalBytesOf(hex(''))
  assert.equal(read.category, undefined)
  assert.equal(read.isComplete, true)
})

test('historical bytes: each capability is its own bit', () => {
  const capabilities = (byte: string) => historicalBytesOf(hex(`80 | 73 00 00 ${byte}`)).capabilities
  const none = {
    hasCommandChaining: false,
    hasExtendedLength: false,
    hasExtendedLengthInfo: false,
    channelsAssignedBy: 'none',
    maxChannels: 1,
  }
  assert.deepEqual(capabilities('00'), none)
  assert.deepEqual(capabilities('80'), { ...none, hasCommandChaining: true })
  assert.deepEqual(capabilities('40'), { ...none, hasExtendedLength: true })
  assert.deepEqual(capabilities('20'), { ...none, hasExtendedLengthInfo: true })
  assert.deepEqual(capabilities('10'), { ...none, channelsAssignedBy: 'card' })
  assert.deepEqual(capabilities('08'), { ...none, channelsAssignedBy: 'reader' })
  assert.deepEqual(capabilities('1F'), { ...none, channelsAssignedBy: 'both', maxChannels: 8 })
})

test('historical bytes: one or two capability bytes do not speak of lengths', () => {
  assert.equal(historicalBytesOf(hex('80 | 71 C8')).capabilities, undefined)
  assert.equal(historicalBytesOf(hex('80 | 72 C8 21')).capabilities, undefined)
})

test('historical bytes: each service is its own bit', () => {
  const service = (byte: string) => historicalBytesOf(hex(`80 | 31 ${byte}`)).service
  const none = {
    selectsByFullName: false,
    selectsByPartialName: false,
    hasDirFile: false,
    hasAtrFile: false,
    fileAccess: 'read-record',
    hasMasterFile: true,
  }
  assert.deepEqual(service('00'), none)
  assert.deepEqual(service('80'), { ...none, selectsByFullName: true })
  assert.deepEqual(service('40'), { ...none, selectsByPartialName: true })
  assert.deepEqual(service('20'), { ...none, hasDirFile: true })
  assert.deepEqual(service('10'), { ...none, hasAtrFile: true })
  assert.deepEqual(service('08'), { ...none, fileAccess: 'read-binary' })
  assert.deepEqual(service('04'), { ...none, fileAccess: 'get-data' })
  assert.deepEqual(service('0C'), { ...none, fileAccess: undefined })
  assert.deepEqual(service('01'), { ...none, hasMasterFile: false })
})

test('historical bytes: a status object has a life cycle, a status word or both', () => {
  const status = (object: string) => historicalBytesOf(hex(`80 | ${object}`)).status
  assert.deepEqual(status('81 05'), { lifeCycle: 5, sw: undefined })
  assert.deepEqual(status('82 90 00'), { lifeCycle: undefined, sw: 0x9000 })
  assert.deepEqual(status('83 05 62 83'), { lifeCycle: 5, sw: 0x6283 })
  assert.equal(status('80'), undefined)
  assert.equal(status('84 05 90 00 00'), undefined)
})

test('historical bytes: category 00 ends in three status bytes that are no object', () => {
  const read = historicalBytesOf(hex('00 | 31 C5 | 73 C0 01 40 | 05 90 00')) // an OpenPGP card
  assert.deepEqual(read.status, { lifeCycle: 5, sw: 0x9000 })
  assert.equal(read.capabilities?.hasExtendedLength, true)
  assert.equal(read.service?.selectsByFullName, true)
  assert.equal(read.objects.length, 2)
})

test('historical bytes: category 00 without room for its status is incomplete', () => {
  for (const literal of ['00', '00 05', '00 05 90']) {
    const read = historicalBytesOf(hex(literal))
    assert.equal(read.isComplete, false, literal)
    assert.equal(read.status, undefined, literal)
  }
  assert.deepEqual(historicalBytesOf(hex('00 | 05 90 00')).status, { lifeCycle: 5, sw: 0x9000 })
})

test('historical bytes: category 10 refers to EF.DIR', () => {
  assert.equal(historicalBytesOf(hex('10 1E')).dirReference, 0x1e)
  assert.equal(historicalBytesOf(hex('10')).isComplete, false)
})

test('historical bytes: an object that is cut off is left out, those before it stay', () => {
  const whole = hex('80 | 31 A0 | 73 BE 21 15 | 81 05')
  for (let length = 1; length <= whole.length; length++) {
    const read = historicalBytesOf(whole.subarray(0, length))
    const ends = [1, 3, 7, 9]
    assert.equal(read.isComplete, ends.includes(length), `cut to ${length}`)
    assert.equal(
      read.objects.length,
      ends.filter((end) => end > 1 && end <= length).length,
      `cut to ${length}`,
    )
  }
})

test('historical bytes: of two objects with one tag the first counts', () => {
  assert.equal(historicalBytesOf(hex('80 | 31 80 | 31 00')).service?.selectsByFullName, true)
})

test('historical bytes: the values of objects are views of the input', () => {
  const bytes = hex('80 | 51 01')
  const { objects } = historicalBytesOf(bytes)
  bytes[2] = 0xff
  assert.deepEqual(objects[0]?.value, hex('FF'))
})

test('historical bytes: any bytes can be read, and complete objects encode to what was read', () => {
  const categories = fc.constantFrom(0x00, 0x10, 0x80, 0x6b)
  const property = fc.property(categories, fc.uint8Array({ maxLength: 40 }), (category, rest) => {
    const bytes = Uint8Array.of(category, ...rest)
    const { objects, isComplete } = historicalBytesOf(bytes)
    const encoded = objects.flatMap(({ tag, value }) => [(tag << 4) | value.length, ...value])
    assert.deepEqual(Uint8Array.from(encoded), rest.subarray(0, encoded.length))
    if (category === 0x80 && isComplete) assert.equal(encoded.length, rest.length)
  })
  fc.assert(property, { numRuns: 500, seed: 1 })
})
