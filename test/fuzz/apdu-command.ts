import assert from 'node:assert/strict'
import { type CommandCase, commandOf, writeCommand } from '../../src/apdu/command.ts'
import { mutate } from '../support/mutate.ts'
import type { Random } from '../support/random.ts'
import type { FuzzTarget } from './target.ts'

/** What is written is read back; of any bytes there is at most one reading, and it is the one taken. */
export const apduCommand: FuzzTarget = {
  name: 'apdu-command',
  run(random) {
    const valid = writeAndReadBack(random)
    checkReading(valid)
    checkReading(shifted(random, mutate(random, valid)))
    checkReading(random.bytes(random.int(16)))
  },
}

function writeAndReadBack(random: Random): Uint8Array {
  const data = random.bytes(random.oneIn(8) ? random.pick([254, 255, 256, 257]) : random.int(40))
  const ne = random.pick([0, 1, 255, 256, 257, 65535, 65536, random.int(65537)])
  const fields = {
    cla: random.int(256),
    ins: random.int(256),
    p1: random.int(256),
    p2: random.int(256),
    data,
    ne,
  }
  const into = new Uint8Array(data.length + random.int(16))
  let length: number
  try {
    length = writeCommand(into, fields)
  } catch (error) {
    assert.ok(error instanceof RangeError && into.length < data.length + MAX_OVERHEAD, String(error))
    assert.ok(into.every((byte) => byte === 0))
    return into
  }
  const command = commandOf(into.subarray(0, length))
  assert.ok(command !== undefined)
  for (const name of ['cla', 'ins', 'p1', 'p2', 'ne'] as const) assert.equal(command[name], fields[name])
  assert.equal(Buffer.compare(command.data, data), 0)
  assert.equal(command.case.endsWith('E'), data.length > 255 || ne > 256)
  return into.subarray(0, length)
}

/** The same bytes further on in a larger buffer. */
function shifted(random: Random, bytes: Uint8Array): Uint8Array {
  const offset = random.int(8)
  const buffer = random.bytes(offset + bytes.length + random.int(8))
  buffer.set(bytes, offset)
  return buffer.subarray(offset, offset + bytes.length)
}

function checkReading(bytes: Uint8Array): void {
  const readings = readingsOf(bytes)
  assert.ok(readings.length <= 1, readings.join())
  const command = commandOf(bytes)
  assert.equal(command?.case, readings[0])
  if (command === undefined) return
  const { data, ne } = command
  assert.ok(data.buffer === bytes.buffer)
  assert.ok(data.byteOffset + data.length <= bytes.byteOffset + bytes.length)
  assert.equal(ne, neOf(command.case, bytes))
}

/** The cases that `bytes` satisfy, each judged by itself from the length alone: another way than the parser's. */
function readingsOf(bytes: Uint8Array): CommandCase[] {
  const body = bytes.subarray(4)
  const isShortLc = (nc: number) => nc >= 1 && nc <= 0xff && body[0] === nc
  const isExtendedLc = (nc: number) =>
    nc >= 1 && nc <= 0xffff && body[0] === 0 && body[1] === nc >> 8 && body[2] === (nc & 0xff)
  const conditions: Record<CommandCase, boolean> = {
    '1': bytes.length === 4,
    '2S': body.length === 1,
    '3S': isShortLc(body.length - 1),
    '4S': isShortLc(body.length - 2),
    '2E': body.length === 3 && body[0] === 0,
    '3E': isExtendedLc(body.length - 3),
    '4E': isExtendedLc(body.length - 5),
  }
  return (Object.keys(conditions) as CommandCase[]).filter((name) => conditions[name])
}

/** Le is whatever stands last, and zero is the most that its form can say. */
function neOf(name: CommandCase, bytes: Uint8Array): number {
  const [high = 0, low = 0] = bytes.subarray(-2)
  switch (name) {
    case '1':
    case '3S':
    case '3E':
      return 0
    case '2S':
    case '4S':
      return low === 0 ? 256 : low
    case '2E':
    case '4E':
      return high + low === 0 ? 65536 : high * 256 + low
  }
}

/** Header, extended Lc, extended Le. */
const MAX_OVERHEAD = 4 + 3 + 2
