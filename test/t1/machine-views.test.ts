// Who owns which bytes: views that the machine returns, and what it keeps of those that it is given.

import assert from 'node:assert/strict'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import { type T1Action, T1Machine } from '../../src/t1/machine.ts'
import { GP_T1_PRIME, ISO_T1_LRC, NXP_T1_OVER_I2C } from '../../src/t1/profile.ts'
import { T1Trace } from '../../src/t1/trace.ts'
import { hex } from '../support/hex-fields.ts'
import { T1Bench, withEdc } from '../support/t1-bench.ts'

const PROFILES = [ISO_T1_LRC, GP_T1_PRIME, NXP_T1_OVER_I2C]

function blockOf(action: T1Action): Uint8Array {
  assert.ok(action.kind === 'send')
  return action.block
}

test('t1: a command in the scratch is sent from where it lies (clobber)', () => {
  for (const profile of PROFILES) {
    const machine = new T1Machine(profile)
    machine.configure({ ifsc: 254 })
    machine.scratch.set([0x00, 0xa4, 0x04, 0x00, 0x00])
    const command = machine.scratch.subarray(0, 5)
    const block = blockOf(machine.start(command, new Uint8Array(258)))
    assert.ok(block.buffer === command.buffer)
    assert.equal(block.byteOffset, command.byteOffset - (2 + profile.lengthBytes))
    command.fill(0x77)
    assert.equal(hexOf(block.subarray(2 + profile.lengthBytes, -profile.edc.bytes)), '7777777777')
  }
})

test('t1: the scratch takes the longest short command, and its EDC has room', () => {
  for (const profile of PROFILES) {
    const machine = new T1Machine(profile)
    assert.ok(machine.scratch.length >= 261)
    const whole = new Uint8Array(machine.scratch.buffer)
    const end = machine.scratch.byteOffset + machine.scratch.length
    assert.ok(whole.length >= end + profile.edc.bytes)
  }
})

test('t1: nothing is written around a command that does not begin the scratch', () => {
  for (const profile of PROFILES) {
    const machine = new T1Machine(profile)
    const large = new Uint8Array(64).fill(0xee)
    const command = large.subarray(16, 21)
    const block = blockOf(machine.start(command, new Uint8Array(258)))
    assert.ok(block.buffer !== large.buffer)
    assert.ok(large.every((byte) => byte === 0xee))
    machine.reset()
    machine.scratch.fill(0xdd)
    machine.start(machine.scratch.subarray(16, 21), new Uint8Array(258))
    assert.ok(machine.scratch.every((byte) => byte === 0xdd))
  }
})

test('t1: a command in the scratch that needs a chain stays as it is, for the case that it is sent again', () => {
  const bench = new T1Bench(NXP_T1_OVER_I2C)
  bench.machine.configure({ ifsc: 2 })
  bench.machine.scratch.fill(0xdd)
  bench.machine.scratch.set([1, 2, 3, 4])
  bench.action = bench.machine.start(bench.machine.scratch.subarray(0, 4), bench.response)
  bench.us('5A 20 02 | 01 02').card('A5 90 00').us('5A 40 02 | 03 04')
  assert.equal(hexOf(bench.machine.scratch.subarray(0, 6)), '01020304DDDD')
})

test('t1: a command sent from the scratch is whole when it must be sent again in smaller blocks', () => {
  const bench = new T1Bench(NXP_T1_OVER_I2C)
  bench.machine.scratch.set([1, 2, 3, 4])
  bench.action = bench.machine.start(bench.machine.scratch.subarray(0, 4), bench.response)
  bench.us('5A 00 04 | 01 02 03 04').card('A5 C1 01 | 03').us('5A E1 01 | 03').card('A5 82 00')
  bench
    .us('5A 20 03 | 01 02 03')
    .card('A5 90 00')
    .us('5A 40 01 | 04')
    .card('A5 00 02 | 90 00')
    .delivered('90 00')
})

test('t1: the command is borrowed to the end of the exchange: a repetition shows what it holds then', () => {
  const machine = new T1Machine(ISO_T1_LRC)
  const command = hex('01 02')
  machine.start(command, new Uint8Array(8))
  command.fill(0x33)
  const again = machine.received(hex('00 82 00'), hex('82'))
  assert.equal(hexOf(blockOf(again)), hexOf(hex('00 00 02 | 33 33 | 02')))
})

test('t1: a block is gone with the next call (clobber)', () => {
  const machine = new T1Machine(ISO_T1_LRC)
  const block = blockOf(machine.start(hex('01 02'), new Uint8Array(8)))
  assert.equal(hexOf(block), hexOf(hex('00 00 02 | 01 02 | 01')))
  machine.silence()
  assert.equal(hexOf(block.subarray(0, 4)), hexOf(hex('00 82 00 82')))
})

test('t1: the body of the I-block expected is read into the answer, after what is there already (clobber)', () => {
  for (const profile of PROFILES) {
    const bench = new T1Bench(profile)
    const [nad = 0] = profile.nadIn
    const length = profile.lengthBytes === 1 ? [2] : [0, 2]
    bench.start('01')
    const body = bench.machine.bodyOf(Uint8Array.of(nad, 0x20, ...length))
    assert.ok(body?.buffer === bench.response.buffer && body.byteOffset === 0)
    assert.equal(body.length, 2 + profile.edc.bytes)
    bench.response.fill(0x55)
    assert.ok(body.every((byte) => byte === 0x55))
    bench.card(Uint8Array.of(nad, 0x20, ...length, 0xf1, 0xf2))
    assert.equal(bench.machine.bodyOf(Uint8Array.of(nad, 0x40, ...length))?.byteOffset, 2)
  }
})

test('t1: every other body is read elsewhere, and the answer stays as it is', () => {
  const bench = new T1Bench(ISO_T1_LRC)
  bench.response = new Uint8Array(6)
  bench.machine.configure({ ifsc: 1 })
  // Inside our chain, a duplicate, an S-block, no room for the EDC, nothing awaited.
  bench.start('01 02')
  assert.ok(bench.machine.bodyOf(hex('00 00 02'))?.buffer !== bench.response.buffer)
  bench.card('00 90 00').us('00 40 01 | 02').card('00 20 02 | F1 F2').us('00 90 00')
  for (const prologue of ['00 00 02', '00 C3 01', '00 90 00', '00 40 04']) {
    const body = bench.machine.bodyOf(hex(prologue))
    assert.ok(body !== undefined && body.buffer !== bench.response.buffer, prologue)
    body.fill(0x99)
  }
  bench.card('00 40 04 | F3 F4 90 00').delivered('F1 F2 F3 F4 90 00')
  assert.ok(bench.machine.bodyOf(hex('00 00 02'))?.buffer !== bench.response.buffer)
})

test('t1: a body that the caller read elsewhere is copied, and borrowed during the call only', () => {
  const bench = new T1Bench(ISO_T1_LRC).start('01')
  const body = withEdc(ISO_T1_LRC, hex('00 00 02 | 90 00')).slice(3)
  bench.action = bench.machine.received(hex('00 00 02'), body)
  body.fill(0)
  bench.delivered('90 00')
  bench.request('ifs', '20')
  const inf = withEdc(ISO_T1_LRC, hex('00 E1 01 | 20')).slice(3)
  bench.action = bench.machine.received(hex('00 E1 01'), inf)
  inf.fill(0)
  bench.answered('20')
})

test('t1: lastInf is borrowed until the next body is read (clobber)', () => {
  const bench = new T1Bench(ISO_T1_LRC).request('ifs', '20').card('00 E1 01 | 20').answered('20')
  const { lastInf } = bench.machine
  bench.request('ifs', '30')
  assert.equal(bench.machine.lastInf.length, 0)
  bench.machine.bodyOf(hex('00 E1 01'))?.fill(0x44)
  assert.equal(hexOf(lastInf), '44')
})

test('t1: the INF of a request is copied', () => {
  const bench = new T1Bench(ISO_T1_LRC)
  const inf = hex('20')
  bench.action = bench.machine.request('ifs', inf)
  inf.fill(0)
  bench.us('00 C1 01 | 20').silence().us('00 C1 01 | 20')
})

test('t1: the trace has the last 64 headers, oldest first, and no INF', () => {
  const trace = new T1Trace()
  assert.deepEqual(trace.lines(), [])
  const prologue = hex('00 00 00 00 99')
  for (let count = 0; count < 65; count++) {
    prologue[1] = count
    trace.note('sent', prologue)
  }
  trace.note('silent', new Uint8Array(0))
  // Clobber: it keeps no view.
  prologue.fill(0xff)
  const lines = trace.lines()
  assert.equal(lines.length, 64)
  assert.deepEqual([lines[0], lines[62], lines[63]], ['sent 00020000', 'sent 00400000', 'silent'])
})

test('t1: the trace of a machine tells the story of an exchange', () => {
  const bench = new T1Bench(ISO_T1_LRC)
    .start('01 02')
    .silence()
    .damaged('00 00 02 | 90 00')
    .card('00 00 02 | 90 00')
  bench.delivered('90 00')
  assert.deepEqual(bench.machine.trace.lines(), [
    ...['sent 000002', 'silent', 'sent 008200', 'damaged 000002', 'sent 008200', 'received 000002'],
  ])
})
