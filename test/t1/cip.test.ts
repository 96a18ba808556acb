import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { hexOf } from '../../src/base/hex.ts'
import { communicationParametersOf, nxpAtrOf } from '../../src/t1/cip.ts'
import { T1Error } from '../../src/t1/errors.ts'
import { hex } from '../support/hex-fields.ts'
import { sectionOf } from '../support/t1-vectors.ts'

const I2C = infOf('F', 'S CIP rsp I2C', 4)
const SPI = infOf('F', 'S CIP rsp SPI', 4)
const INFINEON = infOf('L', 'CIP rsp', 4)
const NXP = infOf('D', 'SE itf soft reset rsp', 3)

function infOf(section: string, name: string, prologueBytes: number): Uint8Array {
  const line = sectionOf(section).find((fields) => fields[1]?.startsWith(name))
  return hex(line?.[2] ?? '').slice(prologueBytes, -2)
}

function isMalformed(error: unknown): boolean {
  return error instanceof T1Error && error.code === 't1.malformed'
}

test('cip: an I2C element, made up (section F)', () => {
  const { iin, historicalBytes, ...rest } = communicationParametersOf(I2C)
  assert.deepEqual([hexOf(iin), hexOf(historicalBytes)], ['A0000003', '414243'])
  assert.deepEqual(rest, {
    protocolVersion: 1,
    link: {
      kind: 'i2c',
      configByte: 1,
      powerUpMs: 25,
      maxClockHz: 400_000,
      idleToSleepMs: 5,
      minPollIntervalUs: 1000,
      readWriteGapUs: 10,
    },
    dataLink: { bwtMs: 300, ifscBytes: 254 },
  })
})

test('cip: an SPI element, made up (section F)', () => {
  const { link, dataLink } = communicationParametersOf(SPI)
  assert.deepEqual(dataLink, { bwtMs: 300, ifscBytes: 254 })
  assert.deepEqual(link, {
    kind: 'spi',
    configByte: 1,
    powerUpMs: 25,
    maxClockHz: 1_000_000,
    idleToSleepMs: 5,
    minPollIntervalUs: 1000,
    segmentGapUs: 200,
    maxAccessBytes: 16,
    wakeUpUs: 100,
  })
})

test('cip: an SPI element with zeros, as an implementation tests it (section L)', () => {
  const { iin, link, dataLink, historicalBytes } = communicationParametersOf(INFINEON)
  assert.deepEqual([hexOf(iin), link.kind, historicalBytes.length], ['000000', 'spi', 0])
  assert.deepEqual(dataLink, { bwtMs: 128, ifscBytes: 128 })
})

test('cip: an IIN has 3 or 4 bytes, not 2 or 5', () => {
  const rest = hexOf(INFINEON.subarray(5))
  for (const length of [0, 2, 5]) {
    const inf = hex(`01 ${length.toString(16).padStart(2, '0')} ${'00'.repeat(length)} ${rest}`)
    assert.throws(() => communicationParametersOf(inf), isMalformed)
  }
  assert.equal(communicationParametersOf(hex(`01 04 00000000 ${rest}`)).iin.length, 4)
})

test('cip: fields one byte too short are refused, longer ones are taken', () => {
  const parts = (plp: number, dllp: string) =>
    hex(`01 03 000000 02 ${plp.toString(16).padStart(2, '0')} ${'01'.repeat(plp)} ${dllp} 00`)
  assert.equal(communicationParametersOf(parts(8, '04 0064 0020')).dataLink.ifscBytes, 32)
  assert.equal(communicationParametersOf(parts(9, '06 0064 0020 FFFF')).dataLink.bwtMs, 100)
  assert.throws(() => communicationParametersOf(parts(7, '04 0064 0020')), isMalformed)
  assert.throws(() => communicationParametersOf(parts(8, '03 0064 00')), isMalformed)
  assert.throws(() => communicationParametersOf(parts(8, '04 0064 0000')), isMalformed)
  assert.throws(() => communicationParametersOf(parts(8, '04 0000 0020')), isMalformed)
})

test('cip: an unknown physical layer is refused', () => {
  const inf = I2C.slice()
  inf[6] = 3
  assert.throws(() => communicationParametersOf(inf), isMalformed)
})

test('cip: the ATR of NXP has other places and units (section D)', () => {
  const { vendorId, historicalBytes, ...rest } = nxpAtrOf(NXP)
  assert.equal(NXP.length, 35)
  assert.equal(hexOf(vendorId), 'A000000396')
  assert.equal(new TextDecoder().decode(historicalBytes), 'JCOP4 ATPO')
  assert.deepEqual(rest, {
    protocolVersion: 0,
    dataLink: { bwtMs: 1000, ifscBytes: 254 },
    link: {
      configByte: 8,
      maxClockHz: 1_000_000,
      minPollIntervalUs: 1000,
      segmentGapUs: 100,
      wakeUpUs: 0,
    },
  })
})

test('cip: neither reading takes what the other does', () => {
  for (const inf of [I2C, SPI, INFINEON]) assert.throws(() => nxpAtrOf(inf), isMalformed)
  assert.throws(() => communicationParametersOf(NXP), isMalformed)
})

test('cip: any cut and any byte too many is refused', () => {
  for (const [read, whole] of [
    [communicationParametersOf, I2C],
    [communicationParametersOf, SPI],
    [nxpAtrOf, NXP],
  ] as const) {
    for (let end = 0; end < whole.length; end++)
      assert.throws(() => read(whole.subarray(0, end)), isMalformed)
    assert.throws(() => read(Uint8Array.of(...whole, 0)), isMalformed)
  }
})

test('cip: random bytes are refused as malformed or read, nothing else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), (bytes, isNxp) => {
      try {
        const { dataLink } = isNxp ? nxpAtrOf(bytes) : communicationParametersOf(bytes)
        assert.ok(dataLink.bwtMs > 0 && dataLink.ifscBytes > 0)
      } catch (error) {
        assert.ok(isMalformed(error))
      }
    }),
  )
})

test('cip: names and historical bytes are views of the input (clobber)', () => {
  const inf = I2C.slice()
  const atr = NXP.slice()
  const { iin, historicalBytes } = communicationParametersOf(inf)
  const nxp = nxpAtrOf(atr)
  inf.fill(0x11)
  atr.fill(0x22)
  assert.ok([...iin, ...historicalBytes].every((byte) => byte === 0x11))
  assert.ok([...nxp.vendorId, ...nxp.historicalBytes].every((byte) => byte === 0x22))
})
