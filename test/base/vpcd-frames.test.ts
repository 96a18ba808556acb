import assert from 'node:assert/strict'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import { FrameReader, frameOf } from '../../src/base/vpcd-frames.ts'
import { bytes } from '../support/vectors.ts'

const STREAM = bytes('0000 | 0001 04 | 0005 00d8000000 | 0002 9000')
const PAYLOADS = ['', '04', '00D8000000', '9000']

test('frames: a frame is its length in two bytes and the payload', () => {
  assert.equal(hexOf(frameOf(bytes('00 d8 00 00 00'))), '000500D8000000')
  assert.equal(hexOf(frameOf(new Uint8Array(261))).slice(0, 4), '0105')
})

test('frames: every split of a stream yields the same payloads', () => {
  for (let first = 0; first <= STREAM.length; first += 1) {
    for (let second = first; second <= STREAM.length; second += 1) {
      const reader = new FrameReader(261)
      const chunks = [STREAM.slice(0, first), STREAM.slice(first, second), STREAM.slice(second)]
      assert.deepEqual(
        chunks.flatMap((chunk) => reader.push(chunk)?.map(hexOf)),
        PAYLOADS,
      )
    }
  }
})

test('frames: byte by byte yields the same payloads', () => {
  const reader = new FrameReader(261)
  assert.deepEqual(
    Array.from(STREAM).flatMap((byte) => reader.push(Uint8Array.of(byte))?.map(hexOf)),
    PAYLOADS,
  )
})

test('frames: a payload of the limit passes, one byte more breaks the stream', () => {
  assert.equal(new FrameReader(261).push(frameOf(new Uint8Array(261)))?.[0]?.length, 261)
  assert.equal(new FrameReader(261).push(bytes('0106')), undefined)
  assert.equal(new FrameReader(261).push(bytes('ffff')), undefined)
})

test('frames: a reader knows that a frame has begun, and that it has ended', () => {
  const reader = new FrameReader(261)
  for (const byte of STREAM.slice(0, 3)) reader.push(Uint8Array.of(byte))
  assert.equal(reader.isMidFrame, true)
  reader.push(STREAM.slice(3))
  assert.equal(reader.isMidFrame, false)
})
