import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { hexOf } from '../../src/base/hex.ts'
import {
  arrayContentOf,
  arrayReplyOf,
  bytesOfRuns,
  MAX_LINE_BYTES,
} from '../../src/drivers/sim-array-text.ts'
import { ArrayWays } from '../../src/drivers/sim-array-ways.ts'
import { bytesReplyOf } from '../../src/simulator/array-lines.ts'
import { hex } from '../support/hex-fields.ts'

test('sim array text: a reply is three characters, a separator and text; a first 0 is success', () => {
  const texts = ['000 9000', '000 9000\r', '000\t9000 ', '000:9000', '000  9000', ' 000-9000']
  for (const line of texts) {
    const reply = arrayReplyOf(line)
    assert.deepEqual([reply?.isSuccess, reply?.text], [true, '9000'], JSON.stringify(line))
  }
  assert.deepEqual(arrayReplyOf('000'), { isSuccess: true, text: '', line: '000' })
  assert.equal(arrayReplyOf('409 slot in use\r')?.isSuccess, false)
  assert.equal(arrayReplyOf('099 x')?.isSuccess, true)
})

test('sim array text: anything else is no reply', () => {
  for (const line of [
    '',
    ' ',
    '00',
    '0000',
    '0009000',
    '00 9000',
    '000*0AAA',
    '\x00\x00\x00 9000',
    '000 \x01',
    '000 \xe9',
  ]) {
    assert.equal(arrayReplyOf(line), undefined, JSON.stringify(line))
  }
})

test('sim array text: *NNXX is NN times XX, anywhere among hex', () => {
  assert.equal(hexOf(bytesOfRuns('*0AAA9000') ?? hex('')), `${'AA'.repeat(10)}9000`)
  assert.equal(hexOf(bytesOfRuns('01*02bb*01CC') ?? hex('')), '01BBBBCC')
  assert.equal(bytesOfRuns('*FF00')?.length, 255)
  assert.equal(bytesOfRuns('')?.length, 0)
})

test('sim array text: runs with a wrong length, or that are no hex, are refused', () => {
  const texts = [
    '*',
    '*0',
    '*0A',
    '*0AA',
    '*00AA',
    '1*0AAA',
    '*0AAA1',
    '**0AAA',
    '*0G00',
    '*-1AA',
    '90 00',
    '*0AAA 9000',
  ]
  for (const text of texts) assert.equal(bytesOfRuns(text), undefined, text)
})

test('sim array text: 65538 bytes are taken, one more is not, by runs or in full', () => {
  const run = '*FF00'.repeat(257)
  assert.equal(bytesOfRuns(`${run}000000`)?.length, 65_538)
  assert.equal(bytesOfRuns(`${run}00000000`), undefined)
  assert.equal(bytesOfRuns('00'.repeat(65_538))?.length, 65_538)
  assert.equal(bytesOfRuns('00'.repeat(65_539)), undefined)
  assert.ok('*0200'.repeat(65_538 / 2).length + 4 + 1 <= MAX_LINE_BYTES)
})

test('sim array text: whatever bytes the simulated array writes are read back', () => {
  const bytes = fc.array(fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 300 })), { maxLength: 8 })
  const property = fc.property(bytes, (runs) => {
    const whole = Uint8Array.from(runs.flatMap(([byte, count]) => new Array<number>(count).fill(byte)))
    const reply = arrayReplyOf(bytesReplyOf(whole))
    assert.equal(hexOf(bytesOfRuns(reply?.text ?? '?') ?? hex('')), hexOf(whole))
  })
  fc.assert(property, { numRuns: 200, seed: 7 })
})

function occupiedIn(text: string): number[] | undefined {
  const content = arrayContentOf(text)
  return content && [...content.slots].filter(([, { isOccupied }]) => isOccupied).map(([number]) => number)
}

test('sim array text: the inventory names its slots from the top bit of the first nibble on', () => {
  assert.equal(arrayContentOf('101:16:FFFF:0')?.slots.size, 16)
  assert.deepEqual(occupiedIn('101:16:8001:0'), [101, 116])
  assert.deepEqual(occupiedIn('101:6:48:0.705:4:2:a'), [102, 105, 707])
  assert.deepEqual(occupiedIn('101:5:07:0'), [])
  assert.equal(arrayContentOf('101:4:0:7')?.slots.get(104)?.flag, '7')
  assert.deepEqual(occupiedIn(''), [])
  assert.equal(arrayContentOf(`9901:99:${'F'.repeat(25)}:0`)?.slots.size, 99)
})

test('sim array text: an inventory with wrong groups, slots or maps is refused', () => {
  const texts = [
    ...['101', '101:16:FFFF', '101:16:FFF:0', '101:16:FFFFF:0', '101:16:FFFG:0', '101:0::0', '101:16:FFFF:'],
    ...['100:4:F:0', '197:4:F:0', '101:4:F:0.', '.101:4:F:0', '101:4:F:0.103:4:F:0', 'x01:4:F:0', '1:4:F:0'],
    ...['101:4:F:0:0', '101:4:F:123456789', '100001:4:F:0'],
  ]
  for (const text of texts) assert.equal(arrayContentOf(text), undefined, text)
  const group = (board: number): string => `${100 * board + 1}:1:8:0`
  const boards = Array.from({ length: 999 }, (_, index) => group(index + 1))
  assert.equal(arrayContentOf(boards.join('.'))?.slots.size, 999)
})

test('sim array ways: SELECT by name goes by apdu, all else by tpdu, until one is refused before it was taken', () => {
  const [select, other] = [hex('00 A4 04 00 02 A1 A2'), hex('00 A4 00 00 02 3F 00')]
  const ways = new ArrayWays()
  const both = (): string => `${ways.wayOf(select)} ${ways.wayOf(other)}`
  assert.equal(both(), 'apdu tpdu')
  ways.learn('tpdu', 'refused')
  assert.equal(both(), 'apdu apdu')
  ways.learn('apdu', 'refused')
  assert.equal(both(), 'apdu tpdu')
  ways.learn('tpdu', 'taken')
  ways.learn('tpdu', 'refused')
  assert.equal(both(), 'apdu tpdu')
  ways.learn('apdu', 'refused')
  assert.equal(both(), 'tpdu tpdu')
})
