import assert from 'node:assert/strict'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import { Card } from '../../src/simulator/card.ts'
import { LATENCY_PROFILES } from '../../src/simulator/latency.ts'
import { edcOf } from '../../src/simulator/wire-edc.ts'
import { hex } from '../support/hex-fields.ts'
import { roteCard, WireBench } from '../support/wire-bench.ts'

const I0 = '5A 00 05 | 00 A4 04 00 00 | 1E 3C'
const I1 = '5A 40 05 | 00 A4 04 00 00 | 18 FB'
const DONE = 'A50002900002AF'
const ASKS = 'A5C301011BDD'
const GRANTED = '5A E3 01 01 | F2 1B'
const RESYNCH = '5A C0 00 | FF FC'

function nxp(body: string): Uint8Array {
  return Uint8Array.of(...hex(body), ...edcOf('x25lo', hex(body)))
}

/** What a read of `length` bytes gives: hex, or `nack`. */
function read(bench: WireBench, length: number): string {
  const bytes = bench.card.read(length)
  return bytes === undefined ? 'nack' : hexOf(bytes)
}

test('wire: while it computes a chip refuses reads and writes, and answers at the end of its time', async () => {
  const bench = new WireBench({ framing: 'nxp', latency: () => 100 })
  assert.equal(bench.card.write(hex(I0)), true)
  await bench.clock.advanceBy(99)
  assert.equal(read(bench, 7), 'nack')
  assert.equal(bench.card.write(hex(RESYNCH)), false)
  await bench.clock.advanceBy(1)
  assert.equal(read(bench, 7), DONE)
  assert.equal(read(bench, 1), 'nack')
  assert.equal(bench.clock.pending, 0)
})

test('wire: a chip that acknowledges while it computes gives zeros and hears nothing', async () => {
  const bench = new WireBench({ framing: 'nxp', busy: 'zero-bytes', latency: () => 100 })
  assert.equal(bench.card.write(hex(I0)), true)
  assert.equal(bench.card.write(hex(I0)), true)
  assert.equal(read(bench, 3), '000000')
  await bench.clock.advanceBy(100)
  assert.equal(read(bench, 9), `${DONE}0000`)
  assert.equal(bench.card.executed.length, 1)
})

test('wire: a read goes on where the last one ended, and FF follows the end', () => {
  const bench = new WireBench({ framing: 'nxp' })
  assert.equal(bench.card.write(hex(I0)), true)
  assert.deepEqual(
    [read(bench, 2), read(bench, 1), read(bench, 6), read(bench, 2)],
    ['A500', '02', '900002AFFFFF', 'nack'],
  )
})

test('wire: a block may have idle bytes before it, which a read may end in', () => {
  const bench = new WireBench({ framing: 'nxp', leadBytes: (block) => 3 - block })
  assert.equal(bench.card.write(hex(I0)), true)
  assert.deepEqual([read(bench, 2), read(bench, 2), read(bench, 6)], ['0000', '00A5', '0002900002AF'])
  assert.equal(bench.card.write(hex('5A 80 00 | 99 BA')), true)
  assert.equal(read(bench, 9), `0000${DONE}`)
})

test('wire: by default a card asks for more time at three quarters of BWT, again and again', async () => {
  const bench = new WireBench({ framing: 'nxp', bwtMs: 100, latency: () => 200 })
  assert.equal(bench.card.write(hex(I0)), true)
  const asked: number[] = []
  for (;;) {
    await bench.clock.advanceBy(1)
    const answer = read(bench, 7)
    if (answer === DONE) break
    if (answer === 'nack') continue
    assert.equal(answer.slice(0, 12), ASKS)
    asked.push(bench.clock.now())
    assert.equal(bench.card.write(hex(GRANTED)), true)
  }
  assert.deepEqual(asked, [75, 150])
  assert.equal(bench.clock.now(), 200)
  assert.equal(bench.card.executed.length, 1)
})

test('wire: a card that is done at the instant at which it would ask does not ask', async () => {
  const bench = new WireBench({ framing: 'nxp', latency: () => 10, wtxEveryMs: 10 })
  assert.equal(bench.card.write(hex(I0)), true)
  await bench.clock.advanceBy(50)
  assert.equal(read(bench, 7), DONE)
})

test('wire: a card that was due to ask before it was done has asked, however late the poll', async () => {
  const bench = new WireBench({ framing: 'nxp', latency: () => 10, wtxEveryMs: 9 })
  assert.equal(bench.card.write(hex(I0)), true)
  await bench.clock.advanceBy(50)
  assert.equal(read(bench, 6), ASKS)
})

test('wire: a request for more time waits for its answer, however late, and takes no other one', async () => {
  const bench = new WireBench({ framing: 'nxp', latency: () => 20, wtxEveryMs: 10 })
  assert.equal(await bench.exchange(I0), ASKS)
  await bench.clock.advanceBy(1000)
  assert.equal(await bench.exchange(nxp('5A E3 01 02')), ASKS)
  assert.equal(await bench.exchange(nxp('5A E1 01 01')), ASKS)
  assert.equal(await bench.exchange(I0), ASKS)
  assert.equal(await bench.exchange(I1), ASKS)
  assert.equal(await bench.exchange(GRANTED), DONE)
  assert.equal(bench.card.executed.length, 1)
})

test('wire: delayAnswer makes a card ask before its next answer without need', async () => {
  const bench = new WireBench({ framing: 'nxp' })
  bench.card.delayAnswer(3)
  const answers = [await bench.exchange(I0)]
  for (let count = 0; count < 3; count++) answers.push(await bench.exchange(GRANTED))
  assert.deepEqual(answers, [ASKS, ASKS, ASKS, DONE])
})

test('wire: a reset ends all that was under way, and what was to come', async () => {
  const bench = new WireBench({ framing: 'iso', asksIfsc: 0x79, wtxEveryMs: 5, latency: () => 10 })
  const start = ['00C10179B9', '00C30101C3', '000002900092']
  const session = async () => [
    await bench.exchange('00 00 02 01 02 01', 1),
    await bench.exchange('00 E1 01 79 99', 1),
    await bench.exchange('00 E3 01 01 E3', 1),
  ]
  assert.equal(bench.card.write(hex('00 20 02 05 06 21')), true)
  bench.card.delayAnswer(9)
  bench.card.reset()
  assert.deepEqual(await session(), start)
  assert.equal(bench.card.write(hex('00 40 02 01 02 41')), true)
  bench.card.reset()
  assert.equal(read(bench, 3), 'nack')
  assert.deepEqual(await session(), start)
  assert.deepEqual(bench.executed, ['0102', '0102', '0102'])
})

test('wire: an I-block amid the blocks of a response is refused', async () => {
  const card = roteCard([hex('F1 F2 F3 F4')])
  const bench = new WireBench({ framing: 'iso', card, ifsd: 2 })
  assert.equal(await bench.exchange('00 00 02 01 02 01', 1), '002002F1F221')
  assert.equal(await bench.exchange('00 40 02 03 04 45', 1), '00920092')
  assert.equal(await bench.exchange('00 90 00 90', 1), '004002F3F445')
  assert.deepEqual(bench.executed, ['0102'])
})

test('wire nxp: S(RESYNCH) while a command runs is answered by S(WTX) until it has ended', async () => {
  const bench = new WireBench({ framing: 'nxp', latency: () => 100, wtxEveryMs: 40 })
  assert.equal(await bench.exchange(I0), ASKS)
  assert.equal(await bench.exchange(RESYNCH), ASKS)
  await bench.clock.advanceBy(100)
  assert.equal(await bench.exchange(RESYNCH), 'A5E0003F19')
  assert.equal(await bench.exchange(I0), ASKS)
  assert.equal(bench.card.executed.length, 2)
})

test('wire iso: S(RESYNCH) drops what is under way and begins again with number 0', async () => {
  const bench = new WireBench({ framing: 'iso', latency: () => 100, wtxEveryMs: 40 })
  assert.equal(await bench.exchange('00 00 02 01 02 01', 1), '00C30101C3')
  assert.equal(await bench.exchange('00 C0 00 C0', 1), '00E000E0')
  assert.equal(await bench.exchange('00 80 00 80', 1), '00800080')
  assert.equal(await bench.exchange('00 20 02 01 02 21', 1), '00900090')
  assert.equal(await bench.exchange('00 C0 00 C0', 1), '00E000E0')
  assert.equal(await bench.exchange('00 00 02 03 04 05', 1), '00C30101C3')
  assert.deepEqual(bench.executed, ['0102', '0304'])
})

test('wire: the same I-block twice in a row runs once, and R brings its answer again', async () => {
  const bench = new WireBench({ framing: 'nxp' })
  assert.equal(bench.card.write(hex(I0)), true)
  assert.equal(await bench.exchange(I0), 'A592004BDA')
  assert.equal(await bench.exchange('5A 80 00 | 99 BA'), DONE)
  assert.equal(await bench.exchange(I1), 'A540029000B5B9')
  assert.equal(bench.card.executed.length, 2)
})

test('wire: the same I-block of a chain twice in a row counts once', async () => {
  const bench = new WireBench({ framing: 'iso' })
  for (let count = 0; count < 3; count++) {
    assert.equal(await bench.exchange('00 20 02 01 02 21', 1), '00900090')
  }
  assert.equal(await bench.exchange('00 40 02 03 04 45', 1), '000002900092')
  assert.deepEqual(bench.executed, ['01020304'])
})

test('wire: a card asks to be sent more in one block once, and takes it then', async () => {
  const bench = new WireBench({ framing: 'iso', asksIfsc: 0x79 })
  const long = (number: number) => {
    const body = Uint8Array.of(0, number << 6, 0x79, ...new Uint8Array(0x79))
    return Uint8Array.of(...body, ...edcOf('lrc', body))
  }
  assert.equal(await bench.exchange(long(0), 1), '00820082')
  assert.equal(await bench.exchange('00 00 02 01 02 01', 1), '00C10179B9')
  assert.equal(await bench.exchange('00 E1 01 79 99', 1), '000002900092')
  assert.equal(await bench.exchange(long(1), 1), '0040029000D2')
})

test('wire: a host that does not answer S(IFS) has its response after four times', async () => {
  const bench = new WireBench({ framing: 'iso', asksIfsc: 0x79 })
  const answers = [await bench.exchange('00 00 02 01 02 01', 1)]
  while (answers.length < 5) answers.push(await bench.exchange('00 81 00 81', 1))
  assert.deepEqual(answers, [...Array<string>(4).fill('00C10179B9'), '000002900092'])
})

test('wire spi: nothing is refused; idle bytes until the block is ready, and after it', async () => {
  for (const idleByte of [0x00, 0xff] as const) {
    const idle = idleByte === 0 ? '00' : 'FF'
    const options = { latency: () => 10, idleByte, leadBytes: () => 1 }
    const bench = new WireBench({ framing: 'gp', medium: 'spi', ...options })
    assert.equal(bench.card.write(hex('21 00 00 05 00 A4 04 00 00 | AC 14')), true)
    assert.equal(bench.card.write(hex('21 00 00 05 00 A4 04 00 00 | AC 14')), true)
    assert.equal(read(bench, 7), idle.repeat(7))
    await bench.clock.advanceBy(10)
    assert.equal(read(bench, 7), `${idle}120000029000`)
    // A host clocks by zeros: were they a frame, the answer would be gone.
    assert.equal(bench.card.write(new Uint8Array(4)), true)
    assert.equal(read(bench, 4), `118C${idle.repeat(2)}`)
    assert.equal(bench.card.executed.length, 1)
  }
})

test('wire spi: a block longer than SEAL comes in several accesses each way; what is over is lost', async () => {
  const bench = new WireBench({ framing: 'gp', medium: 'spi', sealBytes: 8 })
  const select = hex('21 00 00 05 00 A4 04 00 00 | AC 14')
  assert.equal(bench.card.write(select.subarray(0, 8)), true)
  assert.equal(bench.card.write(select.subarray(8)), true)
  assert.deepEqual([read(bench, 8), read(bench, 8)], ['120000029000118C', '0000000000000000'])
  // 11 bytes in one access: the last three get nowhere, and the read says that no more will come.
  assert.equal(bench.card.write(select), true)
  assert.match(read(bench, 8), /^12910000/)
  assert.match(await bench.exchange('21 C4 00 00 | 06 CD'), /^12E4/)
})

test('wire: TLS-SE commands of a real card pass in chains both ways', async () => {
  const card = new Card({ applet: 'keystore', protocol: 't1', sen: 'key4.com' })
  card.reset()
  const options = { medium: 'i2c', busy: 'nack', latency: LATENCY_PROFILES.p71 } as const
  const bench = new WireBench({ framing: 'nxp', card, ifsc: 8, ifsd: 254, ...options })
  await bench.clock.advanceBy(20)
  // The name that a reset shows is in the ATR: `key4.com`.
  assert.match(await bench.exchange('5A C7 00 | F7 B1'), /086B6579342E636F6D....$/)
  assert.equal(await bench.exchange(nxp('5A C1 01 05')), hexOf(nxp('A5 E1 01 05')))
  assert.equal(await bench.exchange(nxp('5A 20 08 | 00 20 00 00 04 30 30 30')), hexOf(nxp('A5 90 00')))
  assert.equal(await bench.exchange(nxp('5A 40 01 | 30')), hexOf(nxp('A5 00 02 90 00')))
  const pieces: string[] = []
  let block = await bench.exchange(nxp('5A 00 05 | 00 84 00 FE 00'))
  for (let number = 0; block.startsWith('A5600') || block.startsWith('A5200'); number ^= 1) {
    pieces.push(block.slice(6, -4))
    block = await bench.exchange(nxp(number === 0 ? '5A 80 00' : '5A 90 00'))
  }
  pieces.push(block.slice(6, -4))
  assert.ok(pieces.length > 3, pieces.join(' '))
  assert.match(pieces.join(''), /9000$/)
  assert.deepEqual(bench.executed, ['002000000430303030', '008400FE00'])
})
