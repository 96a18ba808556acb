import assert from 'node:assert/strict'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import type { SimulatedWireCard } from '../../src/simulator/wire-card.ts'
import { type Edc, edcOf } from '../../src/simulator/wire-edc.ts'
import { hex } from '../support/hex-fields.ts'
import { roteCard, WireBench } from '../support/wire-bench.ts'

type Line = readonly [said: string, answered: string]

async function check(bench: WireBench, lines: readonly Line[], edcBytes = 2): Promise<void> {
  for (const [said, answered] of lines) {
    assert.equal(await bench.exchange(said, edcBytes), answered.replaceAll(' ', ''), said)
  }
}

function write(card: SimulatedWireCard, frame: string): void {
  assert.equal(card.write(hex(frame)), true)
}

// Catalogue of CRC algorithms: check values of CRC-16/IBM-SDLC and CRC-16/MCRF4XX.
test('edc: the check values of the catalogue come in either order of bytes', () => {
  const digits = Buffer.from('123456789', 'latin1')
  const expected: Record<Edc, string> = {
    lrc: '31',
    x25lo: '6E90',
    x25hi: '906E',
    mcrflo: '916F',
    mcrfhi: '6F91',
  }
  for (const [edc, value] of Object.entries(expected)) assert.equal(hexOf(edcOf(edc as Edc, digits)), value)
})

test('edc: the longest block has the check bytes computed by others', () => {
  const block = Uint8Array.of(0, 0, 0xfe, ...Array.from({ length: 254 }, (_, index) => index))
  assert.equal(hexOf(edcOf('lrc', block)), 'FF')
  assert.equal(hexOf(edcOf('x25lo', block)), '4842')
  assert.equal(hexOf(edcOf('mcrfhi', block)), 'BDB7')
})

test('wire iso: a SELECT in one block, and again with the other number', async () => {
  const bench = new WireBench({ framing: 'iso' })
  await check(
    bench,
    [
      ['00 00 0F | 00 A4 04 00 0A 45 75 74 77 74 75 36 41 70 70 | E0', '00 00 02 90 00 92'],
      ['00 40 0F | 00 A4 04 00 0A 45 75 74 77 74 75 36 41 70 70 | A0', '00 40 02 90 00 D2'],
    ],
    1,
  )
  assert.deepEqual(bench.executed, Array(2).fill('00A404000A45757477747536417070'))
})

test('wire iso: chains both ways are one command and one response', async () => {
  const card = roteCard([hex('01 02 03 04 05 06 07 08 09 0A 90 00')])
  const bench = new WireBench({ framing: 'iso', card, ifsd: 8 })
  await check(
    bench,
    [
      ['00 20 05 | 00 A4 04 00 0A | 8F', '00 90 00 90'],
      ['00 60 05 | 45 75 74 77 74 | 22', '00 80 00 80'],
      ['00 00 05 | 75 36 41 70 70 | 07', '00 20 08 01 02 03 04 05 06 07 08 20'],
      ['00 90 00 | 90', '00 40 04 09 0A 90 00 D7'],
    ],
    1,
  )
  assert.deepEqual(bench.executed, ['00A404000A45757477747536417070'])
})

test('wire iso: another EDC and another pair of NADs are options', async () => {
  const crc = new WireBench({ framing: 'iso', edc: 'mcrfhi' })
  await check(crc, [
    ['00 C0 00 | F3 99', '00 E0 00 D0 AA'],
    ['00 C1 01 FE | 54 4E', '00 E1 01 FE 57 75'],
  ])
  const addressed = new WireBench({ framing: 'iso', nad: { host: 0x12, card: 0x21 } })
  await check(addressed, [['12 00 05 | 00 A4 04 00 00 | B7', '21 00 02 90 00 B3']], 1)
})

test('wire nxp: every vector of the dialect has its answer', async () => {
  const card = roteCard()
  const historicalBytes = Buffer.from('JCOP4 ATPO', 'latin1')
  const bench = new WireBench({ framing: 'nxp', card, parameters: { historicalBytes } })
  const atr = '00 A000000396 04 03E8 00FE 02 0B 03E8 08 01 000000 0064 0000 0A 4A434F50342041 54504F'
  await check(bench, [
    ['5A C0 00 | FF FC', 'A5 E0 00 3F 19'],
    ['5A C1 01 FE | 09 A2', 'A5 E1 01 FE E0 64'],
    ['5A CF 00 | 37 7F', `A5 EF 23 ${atr} 87 77`],
    ['5A 00 05 | 00 A4 04 00 00 | 1E 3C', 'A5 00 02 90 00 02 AF'],
    ['5A 40 05 | 00 A4 04 00 00 | 18 FB', 'A5 40 02 90 00 B5 B9'],
    // Damaged; after two blocks the card waits for number 0 again.
    ['5A 00 05 | 00 A4 04 00 00 | 1E 3D', `A5 81 00 ${hexOf(edcOf('x25lo', hex('A5 81 00')))}`],
    ['5A C6 00 | 2F A8', 'A5 E6 00 EF 4D'],
    ['5A 00 05 | 00 A4 04 00 00 | 1E 3C', 'A5 00 02 90 00 02 AF'],
    ['5A C5 00 | 47 82', 'A5 E5 00 87 67'],
    ['5A 00 05 | 00 A4 04 00 00 | 1E 3C', 'A5 00 02 90 00 02 AF'],
  ])
  assert.equal(card.resets, 4)
  assert.match(await bench.exchange('5A C7 00 | F7 B1'), new RegExp(`^A5E723${atr.replaceAll(' ', '')}`))
})

test('wire nxp: a strange frame is answered by R(0) other, in this dialect’s bytes', async () => {
  for (const strange of [
    '5B 00 00',
    '5A C9 00',
    '5A 01 00',
    '5A 80 01 00',
    '5A A0 00',
    '5A C1 01 00',
    '5A E1 01 FE',
  ]) {
    const frame = Uint8Array.of(...hex(strange), ...edcOf('x25lo', hex(strange)))
    assert.equal(await new WireBench({ framing: 'nxp' }).exchange(frame), 'A58200DA4F', strange)
  }
})

test('wire nxp: after deep power down it is gone until reset', async () => {
  const bench = new WireBench({ framing: 'nxp' })
  assert.match(await bench.exchange('5A DF 00 | A6 EA'), /^A5FF00/)
  assert.equal(await bench.exchange('5A C0 00 | FF FC'), 'refused')
  assert.equal(bench.card.read(2), undefined)
  bench.card.reset()
  assert.equal(await bench.exchange('5A C0 00 | FF FC'), 'A5E0003F19')
})

test('wire gp: every vector of the dialect has its answer', async () => {
  const historicalBytes = Buffer.from('ABC', 'latin1')
  const bench = new WireBench({ framing: 'gp', parameters: { historicalBytes } })
  const i2c = '12 E4 0019 01 04 A0000003 02 08 0119019005 0A 000A 04 012C 00FE 03 414243 B78A'
  await check(bench, [
    ['21 C4 00 00 | 06 CD', i2c],
    ['21 C0 00 00 | 65 AC', '12 E0 00 00 0F A8'],
    ['21 C1 00 02 0F F9 | 6A C9', '12 E1 00 02 0F F9 C1 F5'],
    ['21 00 00 05 00 A4 04 00 00 | AC 14', '12 00 00 02 90 00 11 8C'],
    ['21 C2 00 00 | D0 14', '12 E2 00 00 BA 10'],
    ['21 CF 00 00 | 2F 6B', '12 EF 00 00 45 6F'],
    ['21 00 00 05 00 A4 04 00 00 | AC 14', '12 00 00 02 90 00 11 8C'],
    ['21 C6 00 00 | B3 75', '12 E6 00 00 D9 71'],
    ['21 00 00 05 00 A4 04 00 00 | AC 14', '12 00 00 02 90 00 11 8C'],
    ['21 80 00 00 | 63 DA', '12 00 00 02 90 00 11 8C'],
  ])
  const spi = new WireBench({ framing: 'gp', medium: 'spi' })
  await check(spi, [
    ['21 C4 00 00 | 06 CD', '12 E4 001A 01 04 A0000003 01 0C 011903E8050A00C800100064 04 012C 00FE 00 4C5A'],
  ])
})

test('wire gp: what the chip says of itself can be given as it is', async () => {
  const selfDescription = hex('01 03 000000 01 0C 000000000000000000000000 04 0080 0080 00')
  const bench = new WireBench({ framing: 'gp', selfDescription })
  await check(bench, [['21 C4 00 00 | 06 CD', `12 E4 0019 ${hexOf(selfDescription)} DD9F`]])
})

test('wire: a response of 258 bytes comes in as few blocks as the host’s IFSD allows', async () => {
  const response = Uint8Array.from({ length: 258 }, (_, at) => at & 0xff)
  const nxp = new WireBench({ framing: 'nxp', card: roteCard([response]) })
  const first = await nxp.exchange('5A 00 05 | 00 A4 04 00 00 | 1E 3C')
  assert.equal(first.slice(0, -4), `A520FE${hexOf(response.subarray(0, 254))}`)
  const rest = await nxp.exchange('5A 90 00 | 08 2F')
  assert.equal(rest.slice(0, -4), 'A54004FEFF0001')
  const gp = new WireBench({ framing: 'gp', card: roteCard([response]) })
  await gp.exchange('21 C1 00 02 0F F9 | 6A C9')
  const whole = await gp.exchange('21 00 00 05 00 A4 04 00 00 | AC 14')
  assert.equal(whole.slice(0, -4), `12000102${hexOf(response)}`)
})

test('wire gp: the NADs of NXP’s build are an option', async () => {
  const bench = new WireBench({ framing: 'gp', nad: { host: 0x5a, card: 0xa5 } })
  assert.match(await bench.exchange('5A C4 00 00 | 9C 9D'), /^A5E40016/)
})

test('wire gp: before S(CIP) a block of 9 bytes is too long, after it one of IFSC is taken', async () => {
  const bench = new WireBench({ framing: 'gp', ifsc: 300 })
  const blockOf = (length: number) => {
    const body = Uint8Array.of(
      0x21,
      0,
      length >> 8,
      length & 0xff,
      ...Array.from({ length }, (_, at) => at & 0xff),
    )
    return Uint8Array.of(...body, ...edcOf('x25hi', body))
  }
  assert.match(await bench.exchange(blockOf(9)), /^12820000/)
  assert.match(await bench.exchange(blockOf(8)), /^1200000290/)
  assert.match(await bench.exchange('21 CF 00 00 | 2F 6B'), /^12EF/)
  bench.card.reset()
  assert.match(await bench.exchange('21 C4 00 00 | 06 CD'), /^12E4/)
  assert.equal(hexOf(blockOf(300)).slice(-4), '5861')
  assert.match(await bench.exchange(blockOf(301)), /^12820000/)
  assert.match(await bench.exchange(blockOf(300)), /^1200000290/)
  assert.equal(bench.card.executed.length, 2)
})

test('wire gp: S(IFS) has one byte up to FE, two up to 0FF9, and nothing else', async () => {
  const isTaken = async (inf: string) => {
    const body = hex(`21 C1 ${inf}`)
    const answer = await new WireBench({ framing: 'gp' }).exchange(
      Uint8Array.of(...body, ...edcOf('x25hi', body)),
    )
    return answer.startsWith('12E1')
  }
  for (const inf of ['00 01 01', '00 01 FE', '00 02 00 FF', '00 02 0F F9']) assert.ok(await isTaken(inf), inf)
  for (const inf of ['00 00', '00 01 00', '00 01 FF', '00 02 00 FE', '00 02 0F FA', '00 03 00 01 00']) {
    assert.ok(!(await isTaken(inf)), inf)
  }
})

test('wire gp: a reset of the chip by S(SWR) takes as long as its profile says', async () => {
  const latency = { clientHello: 0, encryptedExtensions: 0, serverFinished: 0, clientFinished: 0 }
  const bench = new WireBench({
    framing: 'gp',
    latency: { ...latency, applicationRecord: 0, other: 0, reset: 20 },
  })
  await bench.clock.advanceBy(20)
  write(bench.card, '21 CF 00 00 | 2F 6B')
  assert.equal(bench.card.write(hex('21 C0 00 00 | 65 AC')), true)
  assert.equal(await bench.exchange('21 CF 00 00 | 2F 6B'), '12EF0000456F')
  assert.equal(bench.card.write(hex('21 C0 00 00 | 65 AC')), false)
  await bench.clock.advanceBy(20)
  assert.equal(await bench.exchange('21 C0 00 00 | 65 AC'), '12E000000FA8')
})
