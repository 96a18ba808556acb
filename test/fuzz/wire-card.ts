import assert from 'node:assert/strict'
import { hexOf } from '../../src/base/hex.ts'
import type { WireCardOptions } from '../../src/simulator/wire-card.ts'
import { wireCardOf } from '../../src/simulator/wire-card.ts'
import { mutate } from '../support/mutate.ts'
import type { Random } from '../support/random.ts'
import type { FuzzTarget } from './target.ts'

/** Whatever is written, and read in between, a card never throws, and runs only what came in frames that are right. */
export const wireCard: FuzzTarget = {
  name: 'wire-card',
  run(random) {
    let now = 0
    const framing = random.pick(['iso', 'nxp', 'gp', 'bridge'] as const)
    const medium = random.pick(['i2c', 'spi'] as const)
    const options = optionsOf(random, framing)
    const card = wireCardOf({ ...options, framing, medium, clock: clockOf(() => now) })
    const written: Uint8Array[] = []
    for (let step = random.int(12); step >= 0; step--) {
      const bytes = bytesFor(random, framing)
      // What is over SEAL gets nowhere.
      written.push(medium === 'spi' ? bytes.subarray(0, options.sealBytes) : bytes)
      card.write(bytes)
      now += random.pick([0, 0, 1, 50])
      const length = random.pick([0, 1, 3, 7, 300])
      assert.equal(card.read(length)?.length ?? length, length)
      if (random.oneIn(20)) card.reset()
    }
    const isT1OnI2c = medium === 'i2c' && framing !== 'bridge'
    const usable = isT1OnI2c ? written : [new Uint8Array(Buffer.concat(written))]
    const found = usable.flatMap((bytes) => payloadsIn(framing, bytes)).join(' ')
    // Chains apart, every command lies in a frame whose check bytes are right; chunks of a chain do one by one.
    for (const command of card.executed) assert.ok(isMadeOf(hexOf(command), found), hexOf(command))
  },
}

type Framing = WireCardOptions['framing']

function optionsOf(random: Random, framing: Framing) {
  return {
    card: { reset: () => random.bytes(random.int(34)), process: answerOf(random) },
    latency: () => random.pick([0, 0, 10]),
    busy: random.pick(['nack', 'zero-bytes'] as const),
    wtxEveryMs: 4,
    ifsd: framing === 'iso' && random.oneIn(2) ? 1 : undefined,
    ifsc: 254,
    asksIfsc: random.oneIn(4) ? 64 : undefined,
    aborts: random.oneIn(4)
      ? ({ chain: random.pick(['command', 'response'] as const), atBlock: 2 } as const)
      : undefined,
    leadBytes: () => random.int(3),
    sealBytes: random.oneIn(4) ? 4 : undefined,
  }
}

function answerOf(random: Random) {
  return () => ({ response: random.bytes(2 + random.int(300)), step: 'other' as const })
}

function clockOf(now: () => number): WireCardOptions['clock'] {
  const refuse = () => assert.fail('a card sets no timers')
  return { now, at: refuse, reach: refuse }
}

function bytesFor(random: Random, framing: Framing): Uint8Array {
  if (random.oneIn(4)) return random.bytes(random.int(20))
  const pcb = random.oneIn(2) ? random.pick(PCBS) : random.pick([0x00, 0x40, 0x20, 0x60, 0xc1])
  const inf = random.bytes(random.pick([0, 0, 1, 5, 8]))
  const frame = frameOf(framing, pcb, inf)
  return random.oneIn(3) ? mutate(random, frame) : frame
}

function frameOf(framing: Framing, pcb: number, inf: Uint8Array): Uint8Array {
  const length = framing === 'gp' ? [0, inf.length] : [inf.length]
  const body = Uint8Array.of(HOST_NADS[framing], pcb, ...length, ...inf)
  return Uint8Array.of(...body, ...checkOf(framing, body))
}

/** INF of every frame anywhere in `bytes`, as hex. */
function payloadsIn(framing: Framing, bytes: Uint8Array): string[] {
  const payloads: string[] = []
  const start = framing === 'gp' ? 4 : 3
  for (let at = 0; at + start <= bytes.length; at++) {
    if (bytes[at] !== HOST_NADS[framing]) continue
    const length = framing === 'gp' ? (bytes[at + 2]! << 8) | bytes[at + 3]! : bytes[at + 2]!
    const end = at + start + length
    const check = checkOf(framing, bytes.subarray(at, end))
    if (check.every((byte, index) => byte === bytes[end + index]))
      payloads.push(hexOf(bytes.subarray(at + start, end)))
  }
  return payloads
}

/** Whether `command` is one payload after the other, each of those found. */
function isMadeOf(command: string, found: string): boolean {
  const payloads = found.split(' ').filter((payload) => payload !== '')
  const reachable = new Set([0])
  for (const at of reachable) {
    for (const payload of payloads) if (command.startsWith(payload, at)) reachable.add(at + payload.length)
  }
  return reachable.has(command.length)
}

/** The check bytes by table, where the card goes bit by bit. */
function checkOf(framing: Framing, body: Uint8Array): number[] {
  if (framing === 'iso') return [body.reduce((sum, byte) => sum ^ byte, 0)]
  const crc = body.reduce((crc, byte) => TABLE[(crc ^ byte) & 0xff]! ^ (crc >> 8), 0xffff) ^ 0xffff
  return framing === 'gp' ? [crc >> 8, crc & 0xff] : [crc & 0xff, crc >> 8]
}

const TABLE = Array.from({ length: 256 }, (_, index) => {
  let value = index
  for (let bit = 0; bit < 8; bit++) value = (value & 1) === 0 ? value >> 1 : (value >> 1) ^ 0x8408
  return value
})
const HOST_NADS: Readonly<Record<Framing, number>> = { iso: 0, nxp: 0x5a, gp: 0x21, bridge: 0x5a }
const PCBS = [
  ...[0x80, 0x90, 0x81, 0x82, 0x83, 0x92, 0xa0, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7],
  ...[0xcf, 0xde, 0xe0, 0xe1, 0xe2, 0xe3, 0xff, 0x01],
]
