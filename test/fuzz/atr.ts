import assert from 'node:assert/strict'
import { type Atr, parseAtr, senOf } from '../../src/apdu/atr.ts'
import { ApduError } from '../../src/apdu/errors.ts'
import { historicalBytesOf } from '../../src/apdu/historical-bytes.ts'
import { hex } from '../support/hex-fields.ts'
import { mutate } from '../support/mutate.ts'
import type { Random } from '../support/random.ts'
import type { FuzzTarget } from './target.ts'

/** An ATR is refused as malformed, or parsed into parts that make up all of its bytes again. */
export const atr: FuzzTarget = {
  name: 'atr',
  run(random) {
    const bytes = random.oneIn(4) ? random.bytes(random.int(40)) : mutate(random, random.pick(SEEDS))
    if (random.oneIn(2) && bytes.length > 2) repair(bytes)
    const parsed = parse(bytes)
    if (parsed !== undefined) check(bytes, parsed)
    checkHistoricalBytes(parsed === undefined ? bytes : senOf(parsed))
    checkHistoricalBytes(withCategory(random))
  },
}

/** Right TS and TCK, so that damages further in are reached. */
function repair(bytes: Uint8Array): void {
  bytes[0] = 0x3b
  bytes[bytes.length - 1] = bytes.subarray(1, -1).reduce((sum, byte) => sum ^ byte, 0)
}

function parse(bytes: Uint8Array): Atr | undefined {
  try {
    return parseAtr(bytes)
  } catch (error) {
    assert.ok(error instanceof ApduError && error.code === 'atr.malformed', String(error))
    return undefined
  }
}

function check(bytes: Uint8Array, parsed: Atr): void {
  assert.ok(bytes.length <= 33)
  const interfaceBytes = parsed.levels.flatMap(({ ta, tb, tc, td }) => [ta, tb, tc, td])
  const parts = [bytes[0], bytes[1], ...interfaceBytes, ...parsed.historicalBytes, parsed.tck]
  const again = Buffer.from(parts.filter((byte) => byte !== undefined))
  assert.equal(Buffer.compare(again, bytes), 0)

  const announced = interfaceBytes.filter((byte, index) => index % 4 === 3 && byte !== undefined)
  assert.equal(parsed.levels.length, announced.length + 1)
  assert.equal(
    parsed.tck !== undefined,
    announced.some((td) => ((td ?? 0) & 0x0f) !== 0),
  )
  assert.ok(parsed.protocols.length >= 1)
  assert.equal(new Set(parsed.protocols).size, parsed.protocols.length)
  assert.equal(parsed.t1 !== undefined, parsed.protocols.includes(1))
  assert.equal(senOf(parsed).length, (bytes[1] ?? 0) & 0x0f)
  const ifsc = parsed.t1?.ifsc ?? 1
  assert.ok(ifsc >= 1 && ifsc <= 254)
}

function withCategory(random: Random): Uint8Array {
  const bytes = random.oneIn(2) ? mutate(random, HISTORICAL) : random.bytes(1 + random.int(15))
  if (bytes.length > 0) bytes[0] = random.pick([0x00, 0x10, 0x80, 0x80])
  return bytes
}

function checkHistoricalBytes(bytes: Uint8Array): void {
  const { objects, isComplete, category } = historicalBytesOf(bytes)
  const encoded = objects.reduce((sum, { value }) => sum + 1 + value.length, 0)
  const room = bytes.length - 1
  if (objects.length > 0) assert.ok(encoded <= room)
  if (category === 0x80 && isComplete) assert.equal(encoded, room)
  if (category === 0x00 && isComplete) assert.equal(encoded, room - 3)
}

const HISTORICAL = hex('80 | 31 A0 | 73 BE 21 15 | 83 05 90 00')
const SEEDS = [
  hex('3B 68 00 00 | 6B 65 79 32 2E 63 6F 6D'),
  hex('3B 88 80 01 | 6B 65 79 31 2E 63 6F 6D | 00'),
  hex('3B 97 95 80 1F 42 | 80 31 A0 73 BE 21 15 | 37'),
  hex('3B 97 95 80 B1 FE 00 1F 42 | 80 31 A0 73 BE 21 17 | 7A'),
  hex('3B D5 18 FF 81 91 FE 1F C3 | 80 73 C8 21 10 | 0A'),
  hex(
    '3B FF 11 00 00 F1 00 00 00 F1 FE 4D 00 71 FE 4D 00 | 6B 65 79 31 2E 65 78 61 6D 70 6C 65 2E 66 72 | A5',
  ),
  hex('3F 00'),
]
