import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { MAX_ATR_BYTES, parseAtr, senOf } from '../../src/apdu/atr.ts'
import { hex } from '../support/hex-fields.ts'

// What the ATRs of real elements and of the specifications must parse to.
const T0_ONLY = hex('3B 68 00 00 | 6B 65 79 32 2E 63 6F 6D') // a TLS-SE card, T=0 alone: no TCK
const T0_AND_T1 = hex('3B 88 80 01 | 6B 65 79 31 2E 63 6F 6D | 00') // a TLS-SE card: TD2 announces nothing
const TS_102_221_T0 = hex('3B 97 95 80 1F 42 | 80 31 A0 73 BE 21 15 | 37') // ETSI TS 102 221, T=0 and T=15
const TS_102_221_T1 = hex('3B 97 95 80 B1 FE 00 1F 42 | 80 31 A0 73 BE 21 17 | 7A') // the same with T=1
const J3R180 = hex('3B D5 18 FF 81 91 FE 1F C3 | 80 73 C8 21 10 | 0A') // NXP J3R180, T=1 and T=15
const VALID = [T0_ONLY, T0_AND_T1, TS_102_221_T0, TS_102_221_T1, J3R180]

function nameOf(bytes: Uint8Array): string {
  return Buffer.from(senOf(parseAtr(bytes))).toString('latin1')
}

/** `body` (T0 and what follows) with TS in front and the right TCK behind. */
function withTck(body: Uint8Array): Uint8Array {
  return Uint8Array.of(
    0x3b,
    ...body,
    body.reduce((sum, byte) => sum ^ byte, 0),
  )
}

function malformedWith(message: RegExp) {
  return { name: 'ApduError', code: 'atr.malformed', message }
}

test('atr: a card that speaks T=0 alone has no TCK', () => {
  const atr = parseAtr(T0_ONLY)
  assert.equal(nameOf(T0_ONLY), 'key2.com')
  assert.deepEqual(atr.protocols, [0])
  assert.equal(atr.tck, undefined)
  assert.equal(atr.convention, 'direct')
  assert.deepEqual(atr.levels, [{ protocol: undefined, ta: undefined, tb: 0, tc: 0, td: undefined }])
})

test('atr: a TD that announces no interface bytes still offers its protocol', () => {
  const atr = parseAtr(T0_AND_T1)
  assert.equal(nameOf(T0_AND_T1), 'key1.com')
  assert.deepEqual(atr.protocols, [0, 1])
  assert.equal(atr.tck, 0)
  assert.equal(atr.levels.length, 3)
  assert.deepEqual(atr.t1, { ifsc: 32, edc: 'lrc', bwi: 4, cwi: 13 })
})

test('atr: without interface bytes every parameter has its default', () => {
  const absent = { ta: undefined, tb: undefined, tc: undefined, td: undefined }
  assert.deepEqual(parseAtr(hex('3B 00')), {
    levels: [{ protocol: undefined, ...absent }],
    historicalBytes: hex(''),
    convention: 'direct',
    tck: undefined,
    protocols: [0],
    specificMode: undefined,
    fi: 372,
    di: 1,
    wi: 10,
    t1: undefined,
    supply: { clockStop: 'no', classes: ['A'] },
  })
})

test('atr: the T=0 example of TS 102 221 is class B, stops its clock low, and has a TCK because of T=15', () => {
  const atr = parseAtr(TS_102_221_T0)
  assert.deepEqual(atr.protocols, [0])
  assert.deepEqual([atr.fi, atr.di], [512, 16])
  assert.deepEqual(atr.supply, { clockStop: 'low', classes: ['B'] })
  assert.equal(atr.tck, 0x37)
  assert.deepEqual(atr.historicalBytes, hex('80 31 A0 73 BE 21 15'))
})

test('atr: the T=0 and T=1 example of TS 102 221 gives IFSC 254 and waiting integers 0', () => {
  const atr = parseAtr(TS_102_221_T1)
  assert.deepEqual(atr.protocols, [0, 1])
  assert.deepEqual(atr.t1, { ifsc: 254, edc: 'lrc', bwi: 0, cwi: 0 })
  assert.deepEqual(atr.supply, { clockStop: 'low', classes: ['B'] })
})

test('atr: a JCOP card offers T=1 alone with IFSC 254, classes A and B, and any clock stop', () => {
  const atr = parseAtr(J3R180)
  assert.deepEqual(atr.protocols, [1])
  assert.equal(atr.specificMode, undefined)
  assert.deepEqual([atr.fi, atr.di, atr.t1?.ifsc], [372, 12, 254])
  assert.deepEqual(atr.supply, { clockStop: 'any', classes: ['A', 'B'] })
})

test('atr: inverse convention is TS 3F', () => {
  assert.equal(parseAtr(hex('3F 00')).convention, 'inverse')
})

test('atr: a TS of neither convention is malformed', () => {
  for (const ts of ['03', '23', '3A', '00', 'FF']) {
    assert.throws(() => parseAtr(hex(`${ts} 00`)), malformedWith(new RegExp(`TS is ${ts}`)))
  }
})

test('atr: cut anywhere is malformed', () => {
  for (const bytes of VALID) {
    for (let length = 0; length < bytes.length; length++) {
      assert.throws(() => parseAtr(bytes.subarray(0, length)), malformedWith(/^ATR: /), `cut to ${length}`)
    }
  }
})

test('atr: the message says what is missing', () => {
  const cuts: [string, RegExp][] = [
    ['', /ends before TS, at offset 0/],
    ['3B', /ends before T0, at offset 1/],
    ['3B 88', /ends before TD1, at offset 2/],
    ['3B 97 95 80', /ends before TD2, at offset 4/],
    ['3B 97 95 80 1F', /ends before TA3, at offset 5/],
    ['3B 05 01 02', /2 of 5 historical bytes, from offset 2/],
    ['3B 81 80 01 41', /ends before TCK, at offset 5/],
  ]
  for (const [literal, message] of cuts) {
    assert.throws(() => parseAtr(hex(literal)), malformedWith(message), literal)
  }
})

test('atr: bytes behind the end are malformed, also a TCK that T=0 alone does not have', () => {
  for (const bytes of VALID) {
    const extended = Uint8Array.of(...bytes, 0)
    assert.throws(() => parseAtr(extended), malformedWith(/1 bytes too many at the end/))
  }
})

test('atr: any other TCK is malformed, and the message has the right one', () => {
  for (let wrong = 0; wrong < 256; wrong++) {
    const bytes = J3R180.slice()
    bytes[bytes.length - 1] = wrong
    if (wrong === 0x0a) continue
    assert.throws(() => parseAtr(bytes), malformedWith(/TCK is .., should be 0A/))
  }
})

test('atr: the longest is 33 bytes', () => {
  // TS, T0, four levels with 15 interface bytes, 15 historical bytes, TCK.
  const body = hex('FF 11 00 00 F1 00 00 00 F1 FE 4D 00 71 FE 4D 00')
  const longest = withTck(Uint8Array.of(...body, ...new Uint8Array(15)))
  assert.equal(longest.length, MAX_ATR_BYTES)
  assert.equal(parseAtr(longest).historicalBytes.length, 15)
})

test('atr: of 34 bytes is malformed even if every byte has its place', () => {
  const body = hex('FF 11 00 00 F1 00 00 00 F1 FE 4D 00 F1 FE 4D 00 01')
  const tooLong = withTck(Uint8Array.of(...body, ...new Uint8Array(15)))
  assert.equal(tooLong.length, MAX_ATR_BYTES + 1)
  assert.throws(() => parseAtr(tooLong), malformedWith(/34 bytes, at most 33/))
})

test('atr: an endless chain of TDs is malformed', () => {
  assert.throws(() => parseAtr(new Uint8Array(33).fill(0x81).fill(0x3b, 0, 1)), malformedWith(/ends before/))
})

test('atr: protocols keep their order and lose their duplicates, and T=15 is none', () => {
  const protocols = (literal: string) => parseAtr(withTck(hex(literal))).protocols
  assert.deepEqual(protocols('80 81 80 81 0E'), [1, 0, 14])
  assert.deepEqual(protocols('80 80 1F 01'), [0])
  assert.deepEqual(protocols('80 0F'), [0])
})

test('atr: two TDs of T=0 need no TCK, one of T=15 anywhere needs it', () => {
  assert.equal(parseAtr(hex('3B 80 80 00')).tck, undefined)
  assert.equal(parseAtr(hex('3B 80 8F 00 | 0F')).tck, 0x0f)
})

test('atr: TA1 gives Fi and Di by the tables of ISO/IEC 7816-3, undefined where reserved', () => {
  const rfu = undefined
  const fis = [372, 372, 558, 744, 1116, 1488, 1860, rfu, rfu, 512, 768, 1024, 1536, 2048, rfu, rfu]
  const dis = [rfu, 1, 2, 4, 8, 16, 32, 64, 12, 20, rfu, rfu, rfu, rfu, rfu, rfu]
  for (let ta1 = 0; ta1 < 256; ta1++) {
    const atr = parseAtr(Uint8Array.of(0x3b, 0x10, ta1))
    assert.deepEqual([atr.fi, atr.di], [fis[ta1 >> 4], dis[ta1 & 15]], `TA1 ${ta1}`)
  }
})

test('atr: TA2 is specific mode', () => {
  const specificMode = (ta2: string) => parseAtr(hex(`3B 80 10 ${ta2}`)).specificMode
  assert.deepEqual(specificMode('00'), { protocol: 0, parameters: 'interface-bytes', canChange: true })
  assert.deepEqual(specificMode('90'), { protocol: 0, parameters: 'implicit', canChange: false })
  assert.deepEqual(specificMode('81'), { protocol: 1, parameters: 'interface-bytes', canChange: false })
})

test('atr: TC2 is the waiting integer of T=0, of which 00 is reserved', () => {
  const wi = (tc2: string) => parseAtr(hex(`3B 80 40 ${tc2}`)).wi
  assert.deepEqual([wi('01'), wi('0A'), wi('FF'), wi('00')], [1, 10, 255, undefined])
})

test('atr: T=1 bytes count from level 3 on and the first of each kind counts', () => {
  // Level 2 belongs to T=1 too, but its TA, TB and TC have meanings of their own.
  const t1 = (literal: string) => parseAtr(withTck(hex(literal))).t1
  assert.deepEqual(t1('80 71 81 70 01'), { ifsc: 32, edc: 'lrc', bwi: 4, cwi: 13 })
  assert.deepEqual(t1('80 81 71 40 25 01'), { ifsc: 64, edc: 'crc', bwi: 2, cwi: 5 })
  assert.deepEqual(t1('80 81 91 40 71 50 36 00'), { ifsc: 64, edc: 'lrc', bwi: 3, cwi: 6 })
  assert.deepEqual(t1('80 81 90 40 11 50'), { ifsc: 80, edc: 'lrc', bwi: 4, cwi: 13 })
})

test('atr: reserved values of IFSC and BWI are undefined', () => {
  const t1 = (ta3: string, tb3: string) => parseAtr(withTck(hex(`80 81 31 ${ta3} ${tb3}`))).t1
  assert.deepEqual([t1('00', '9F')?.ifsc, t1('01', '9F')?.ifsc], [undefined, 1])
  assert.deepEqual([t1('FE', '9F')?.ifsc, t1('FF', '9F')?.ifsc], [254, undefined])
  assert.deepEqual([t1('FE', '9F')?.bwi, t1('FE', 'A0')?.bwi], [9, undefined])
})

test('atr: T=15 gives supply classes and clock stop', () => {
  const supply = (ta3: string) => parseAtr(withTck(hex(`80 80 1F ${ta3}`))).supply
  assert.deepEqual(supply('01'), { clockStop: 'no', classes: ['A'] })
  assert.deepEqual(supply('46'), { clockStop: 'low', classes: ['B', 'C'] })
  assert.deepEqual(supply('84'), { clockStop: 'high', classes: ['C'] })
  assert.deepEqual(supply('C7'), { clockStop: 'any', classes: ['A', 'B', 'C'] })
  assert.deepEqual(supply('00').classes, [])
  assert.deepEqual(supply('09').classes, [])
})

test('atr: the name is a view of the input, of 0 to 15 bytes', () => {
  const bytes = T0_ONLY.slice()
  const sen = senOf(parseAtr(bytes))
  bytes[4] = 0x4b
  assert.equal(Buffer.from(sen).toString('latin1'), 'Key2.com')
  assert.equal(senOf(parseAtr(hex('3B 00'))).length, 0)
  assert.equal(senOf(parseAtr(Uint8Array.of(0x3b, 0x0f, ...new Uint8Array(15)))).length, 15)
})

test('atr: whatever interface bytes and name are encoded come back', () => {
  const byte = fc.option(fc.nat(0xff), { nil: undefined })
  const level = fc.record({ protocol: fc.nat(15), ta: byte, tb: byte, tc: byte })
  const levels = fc.array(level, { minLength: 1, maxLength: 4 })
  const property = fc.property(levels, fc.uint8Array({ maxLength: 15 }), (encoded, name) => {
    const head: number[] = []
    encoded.forEach(({ ta, tb, tc, protocol }, index) => {
      const present = [ta, tb, tc].reduce<number>(
        (y, value, bit) => (value === undefined ? y : y | (1 << bit)),
        0,
      )
      const y = index + 1 < encoded.length ? present | 8 : present
      head.push((y << 4) | (index === 0 ? name.length : protocol))
      head.push(...[ta, tb, tc].filter((value) => value !== undefined))
    })
    const body = Uint8Array.of(...head, ...name)
    const hasTck = encoded.slice(1).some(({ protocol }) => protocol !== 0)
    const bytes = hasTck ? withTck(body) : Uint8Array.of(0x3b, ...body)
    fc.pre(bytes.length <= MAX_ATR_BYTES)
    const atr = parseAtr(bytes)
    const read = atr.levels.map(({ ta, tb, tc }) => ({ ta, tb, tc }))
    assert.deepEqual(
      read,
      encoded.map(({ ta, tb, tc }) => ({ ta, tb, tc })),
    )
    assert.deepEqual(
      atr.levels.slice(1).map((read) => read.protocol),
      encoded.slice(1).map((level) => level.protocol),
    )
    assert.deepEqual(atr.historicalBytes, name)
    assert.equal(atr.tck !== undefined, hasTck)
  })
  fc.assert(property, { numRuns: 500, seed: 1 })
})
