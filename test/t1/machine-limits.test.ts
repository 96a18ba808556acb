// What bounds an exchange, and lengths at their limits.

import assert from 'node:assert/strict'
import test from 'node:test'
import { InternalError } from '../../src/base/errors.ts'
import { hexOf } from '../../src/base/hex.ts'
import { T1Machine } from '../../src/t1/machine.ts'
import { GP_T1_PRIME, ISO_T1_CRC, ISO_T1_LRC, NXP_T1_OVER_I2C, type T1Profile } from '../../src/t1/profile.ts'
import { T1Bench } from '../support/t1-bench.ts'

function limited(limits: Partial<T1Profile['limits']>): T1Bench {
  return new T1Bench({ ...ISO_T1_LRC, limits: { ...ISO_T1_LRC.limits, ...limits } })
}

/** A block of any length under `profile`, without its EDC. */
function block(profile: T1Profile, pcb: number, inf: Uint8Array): Uint8Array {
  const length = profile.lengthBytes === 1 ? [inf.length] : [inf.length >> 8, inf.length & 0xff]
  return Uint8Array.from([profile.nadIn[0] ?? 0, pcb, ...length, ...inf])
}

test('t1: as many S(WTX) as the profile allows and not one more', () => {
  const bench = limited({ maxWtx: 3 }).start('01')
  for (let count = 0; count < 3; count++) bench.card('00 C3 01 | 01').us('00 E3 01 | 01')
  bench.card('00 C3 01 | 01').failed('t1.endless')
  bench.start('02').us('00 C0 00')
})

test('t1: the time of all S(WTX) together is bounded, for each APDU', () => {
  const bench = limited({ maxWtxMs: 16_000 }).start('01').card('00 C3 01 | 0A').us('00 E3 01 | 0A', 16_000)
  bench.card('00 00 02 | 90 00').delivered('90 00').start('02').card('00 C3 01 | 09').us('00 E3 01 | 09')
  bench.card('00 C3 01 | 02').failed('t1.endless')
})

test('t1: a card that asks for the same I-block without end is resynchronised, then given up', () => {
  const bench = limited({ maxStalls: 4 })
  bench.machine.configure({ ifsc: 1 })
  bench.start('01 02')
  for (let round = 0; round < 3; round++) {
    for (let count = 0; count < 4; count++) bench.us('00 20 01 | 01').card('00 82 00')
    bench.us('00 20 01 | 01').card('00 82 00').us('00 C0 00').card('00 E0 00')
  }
  for (let count = 0; count < 5; count++) bench.us('00 20 01 | 01').card('00 82 00')
  bench.failed('t1.sequence')
})

test('t1: empty I-blocks without end are not progress', () => {
  const bench = limited({ maxStalls: 4 }).start('01')
  for (let count = 0; count < 5; count++) bench.card(count % 2 === 0 ? '00 20 00' : '00 60 00')
  bench.us('00 C0 00').card('00 E0 00').failed('t1.resynced', 't1.sequence')
})

test('t1: S(IFS) without end is not progress, also while a request waits', () => {
  const bench = limited({ maxStalls: 4 }).start('01')
  for (let count = 0; count < 5; count++) bench.card('00 C1 01 | 20')
  bench.us('00 C0 00')
  for (let count = 0; count < 5; count++) bench.card('00 C1 01 | 20')
  bench.failed('t1.sequence')
})

test('t1: S(ABORT) without end is not progress', () => {
  const bench = limited({ maxStalls: 4 }).start('01')
  for (let count = 0; count < 5; count++) bench.card('00 C2 00')
  bench.us('00 C0 00').card('00 E0 00').failed('t1.aborted')
})

for (const length of [253, 254, 255]) {
  test(`t1: a command and an answer of ${length} bytes with one LEN byte, under LRC and CRC`, () => {
    for (const profile of [ISO_T1_LRC, ISO_T1_CRC, NXP_T1_OVER_I2C]) {
      const bench = new T1Bench(profile)
      bench.machine.configure({ ifsc: 254 })
      const bytes = Uint8Array.from({ length }, (_, index) => index)
      const ours = { ...profile, nadIn: [profile.nadOut] }
      bench.start(hexOf(bytes))
      if (length < 255) {
        bench.us(block(ours, 0x00, bytes)).card(block(profile, 0x00, bytes))
      } else {
        bench.us(block(ours, 0x20, bytes.subarray(0, 254))).card(block(profile, 0x90, new Uint8Array(0)))
        bench.us(block(ours, 0x40, bytes.subarray(254))).card(block(profile, 0x20, bytes.subarray(0, 254)))
        bench.us(block(ours, 0x90, new Uint8Array(0))).card(block(profile, 0x40, bytes.subarray(254)))
      }
      bench.delivered(hexOf(bytes))
    }
  })
}

test("t1: IFS of 4089 bytes and one more under T=1'", () => {
  const bench = new T1Bench(GP_T1_PRIME)
  bench.machine.configure({ ifsc: 5000 })
  assert.equal(bench.machine.ifsc, 4089)
  bench.response = new Uint8Array(4090)
  const bytes = Uint8Array.from({ length: 4090 }, (_, index) => index)
  const ours = { ...GP_T1_PRIME, nadIn: [0x21] }
  bench.start(hexOf(bytes.subarray(0, 4089))).us(block(ours, 0x00, bytes.subarray(0, 4089)))
  bench.card(block(GP_T1_PRIME, 0x00, bytes.subarray(0, 4089))).delivered(hexOf(bytes.subarray(0, 4089)))
  bench.start(hexOf(bytes)).us(block(ours, 0x60, bytes.subarray(0, 4089)))
  assert.equal(bench.machine.bodyOf(Uint8Array.of(0x12, 0x00, 0x0f, 0xfa)), undefined)
  assert.equal(bench.machine.bodyOf(Uint8Array.of(0x12, 0x00, 0x0f, 0xf9))?.length, 4091)
})

test('t1: an answer that fills its room to the last byte, EDC or not, is delivered whole', () => {
  for (let spare = 0; spare < 3; spare++) {
    const bench = new T1Bench(NXP_T1_OVER_I2C)
    bench.response = new Uint8Array(4 + spare)
    bench.start('01').card('A5 20 02 | F1 F2').card('A5 40 02 | 90 00').delivered('F1 F2 90 00')
    bench.response = new Uint8Array(3)
    bench.start('02').card('A5 00 04 | F1 F2 90 00').failed('t1.overflow')
  }
})

test('t1: a body that is not as long as LEN says is no block', () => {
  const machine = new T1Machine(ISO_T1_LRC)
  for (const length of [0, 1, 2, 4]) {
    machine.start(new Uint8Array(1), new Uint8Array(10))
    machine.received(Uint8Array.of(0, 0, 2), new Uint8Array(length))
    assert.equal(machine.trace.lines().at(-2), 'malformed 000002')
    machine.reset()
  }
  assert.equal(machine.bodyOf(new Uint8Array(2)), undefined)
  assert.equal(machine.bodyOf(new Uint8Array(4)), undefined)
})

test('t1: an empty command is one empty I-block', () => {
  new T1Bench(ISO_T1_LRC).start('').us('00 00 00').card('00 00 02 | 67 00').delivered('67 00')
})

test('t1: calls out of turn, and requests that the dialect does not have, are our own bugs', () => {
  const bench = new T1Bench(ISO_T1_LRC)
  assert.throws(() => bench.machine.silence(), InternalError)
  assert.throws(() => bench.machine.invalid(), InternalError)
  assert.throws(() => bench.request('cip'), InternalError)
  assert.throws(() => bench.request('ifs', 'FF'), InternalError)
  assert.throws(() => bench.request('ifs'), InternalError)
  assert.throws(() => bench.machine.configure({ ifsc: 0 }), RangeError)
})
