import assert from 'node:assert/strict'
import test from 'node:test'
import { mutate } from '../support/mutate.ts'
import { Random } from '../support/random.ts'

test('random: a seed and a stream always give the same values, so that a replay stays a replay', () => {
  const random = new Random(1, 2)
  assert.deepEqual([random.u32(), random.u32(), random.u32()], PINNED)
})

test('random: neighbouring seeds and streams have nothing in common', () => {
  const firsts = new Set<number>()
  for (let seed = 0; seed < 50; seed++) {
    for (let stream = 0; stream < 50; stream++) firsts.add(new Random(seed, stream).u32())
  }
  assert.equal(firsts.size, 2500)
})

test('random: int reaches every value below its limit and no other', () => {
  const random = new Random(7)
  const seen = new Set(Array.from({ length: 1000 }, () => random.int(10)))
  assert.deepEqual([...seen].sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  assert.equal(random.int(1), 0)
})

test('random: bytes and picks use the whole range', () => {
  const random = new Random(7)
  assert.equal(new Set(random.bytes(10_000)).size, 256)
  assert.equal(random.bytes(0).length, 0)
  assert.equal(new Set(Array.from({ length: 100 }, () => random.pick(['a', 'b', 'c']))).size, 3)
  assert.throws(() => random.pick([]), RangeError)
})

test('mutate: leaves its input as it is and nearly always changes the copy', () => {
  const random = new Random(7)
  const valid = Uint8Array.from({ length: 20 }, (_, index) => index)
  let changed = 0
  for (let count = 0; count < 1000; count++) {
    if (Buffer.compare(mutate(random, valid), valid) !== 0) changed++
  }
  assert.deepEqual(
    valid,
    Uint8Array.from({ length: 20 }, (_, index) => index),
  )
  assert.ok(changed > 900, `${changed} of 1000`)
})

test('mutate: copes with no bytes at all', () => {
  const random = new Random(7)
  for (let count = 0; count < 1000; count++) assert.ok(mutate(random, new Uint8Array(0)).length < 60)
})

const PINNED = [3342559892, 1457962329, 1797599899]
