import assert from 'node:assert/strict'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import { edcOf } from '../../src/simulator/wire-edc.ts'
import { hex } from '../support/hex-fields.ts'
import { roteCard, WireBench } from '../support/wire-bench.ts'

// TS T0, TD1 and TD2 for T=1, `key1.com`, TCK.
const NAMED_ATR = hex('3B 88 80 01 | 6B 65 79 31 2E 63 6F 6D | 00')
const SELECT = '5A C1 05 | 00 A4 04 00 00 | D0 E2'
const DONE = 'A5C10290006088'

function benchOf(responses: readonly Uint8Array[] = [], computesMs = 0): WireBench {
  const card = roteCard(responses, NAMED_ATR)
  return new WireBench({ framing: 'bridge', card, busy: 'zero-bytes', latency: () => computesMs })
}

function frameOf(body: Uint8Array): Uint8Array {
  return Uint8Array.of(...body, ...edcOf('x25lo', body))
}

test('bridge: echo, ATR, APDU and off have their answers', async () => {
  const bench = benchOf()
  assert.match(await bench.exchange('5A C0 02 AA 55 | 7B 2F'), /^A5C002AA55/)
  assert.match(await bench.exchange('5A CF 00 | 37 7F'), /^A5CF086B6579312E636F6D/)
  assert.equal(await bench.exchange(SELECT), DONE)
  assert.match(await bench.exchange('5A C3 00 | 97 D6'), /^A5C300/)
  assert.equal(await bench.exchange(SELECT), 'A58200DA4F')
  bench.card.reset()
  assert.equal(await bench.exchange(SELECT), DONE)
  assert.deepEqual(bench.executed, ['00A4040000', '00A4040000'])
})

test('bridge: a frame comes in chunks of any size', async () => {
  const command = Uint8Array.of(0, 0xd8, 0, 1, 240, ...Array.from({ length: 240 }, (_, at) => at))
  const frame = frameOf(Uint8Array.of(0x5a, 0xc1, command.length, ...command))
  for (const size of [1, 2, 31, 32, 33, frame.length]) {
    const bench = benchOf()
    let at = 0
    for (; at + size < frame.length; at += size) {
      assert.equal(bench.card.write(frame.subarray(at, at + size)), true)
      assert.deepEqual(bench.card.read(1), Uint8Array.of(0))
    }
    assert.equal(await bench.exchange(frame.subarray(at)), DONE)
    assert.deepEqual(bench.executed, [hexOf(command)])
  }
})

test('bridge: the host reads as it likes: 00 until it is ready, then byte by byte, then 00', async () => {
  const bench = benchOf([], 25)
  assert.equal(bench.card.write(hex(SELECT)), true)
  for (let waited = 0; waited < 25; waited++) {
    assert.deepEqual(bench.card.read(1), Uint8Array.of(0))
    await bench.clock.advanceBy(1)
  }
  const pieces = [1, 1, 1, 3, 1, 2].map((length) => hexOf(bench.card.read(length) ?? new Uint8Array(0)))
  assert.deepEqual(pieces, ['A5', 'C1', '02', '900060', '88', '0000'])
})

test('bridge: a computing bridge may refuse instead', async () => {
  const bench = new WireBench({ framing: 'bridge', busy: 'nack', latency: () => 25 })
  assert.equal(bench.card.write(hex(SELECT)), true)
  assert.equal(bench.card.read(1), undefined)
  assert.equal(bench.card.write(hex(SELECT)), false)
  await bench.clock.advanceBy(25)
  assert.deepEqual(bench.card.read(1), Uint8Array.of(0xa5))
})

test('bridge: a damaged frame is answered by 83, and taken when it comes again', async () => {
  const bench = benchOf()
  assert.equal(await bench.exchange('5A C1 05 | 00 A4 04 00 00 | D0 E3'), 'A583000256')
  assert.equal(await bench.exchange(SELECT), DONE)
  assert.deepEqual(bench.executed, ['00A4040000'])
})

test('bridge: 83 from the host brings the last answer again, also past a complaint, and runs nothing', async () => {
  const bench = benchOf([hex('01 90 00'), hex('02 90 00')])
  assert.equal(await bench.exchange('5A 83 00 | F1 90'), 'A58100B265')
  const answer = await bench.exchange(SELECT)
  assert.match(answer, /^A5C103019000/)
  assert.equal(await bench.exchange('5A 83 00 | F1 90'), answer)
  assert.equal(await bench.exchange('5A 83 00 | F1 91'), 'A583000256')
  assert.equal(await bench.exchange('5A 83 00 | F1 90'), answer)
  assert.deepEqual(bench.executed, ['00A4040000'])
})

test('bridge: what it does not know is answered by 81', async () => {
  const bench = benchOf()
  assert.equal(await bench.exchange(frameOf(hex('5A C9 00'))), 'A58100B265')
  assert.equal(await bench.exchange(frameOf(hex('5B C0 00'))), 'A58100B265')
})

test('bridge: answers of 254 bytes pass, longer ones end in 82, since FF in LEN is an error to the host', async () => {
  const bench = benchOf([new Uint8Array(254), new Uint8Array(255)])
  assert.match(await bench.exchange(SELECT), /^A5C1FE00/)
  assert.equal(await bench.exchange(SELECT), 'A58200DA4F')
})

test('bridge: the rest of a frame that never comes is waited for 100 ms', async () => {
  const bench = benchOf()
  assert.equal(bench.card.write(hex('5A C1 05 00 A4')), true)
  await bench.clock.advanceBy(101)
  assert.equal(await bench.exchange(SELECT), DONE)
})

test('bridge: pieces of a frame that come 60 ms apart are one frame, however long it takes', async () => {
  const bench = benchOf()
  for (const piece of ['5A C1 05', '00 A4', '04 00 00']) {
    assert.equal(bench.card.write(hex(piece)), true)
    await bench.clock.advanceBy(60)
  }
  assert.equal(await bench.exchange('D0 E2'), DONE)
})
