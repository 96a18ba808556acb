// Frames and judgements that the clauses of the bridge share.

import assert from 'node:assert/strict'
import { hexOf } from '../../src/base/hex.ts'
import { hex } from '../support/hex-fields.ts'
import { answerOf, type BridgeBench, frame } from './bridge-bench.ts'

export interface Clause {
  readonly id: string
  readonly title: string
  readonly check: (bench: BridgeBench) => Promise<void>
  /** It needs a card whose answers can be made long: see `BridgeTarget.read`. */
  readonly needsRead?: boolean
}

export async function assertNotReady(bench: BridgeBench, when: string): Promise<void> {
  const bytes = await bench.read(1)
  assert.ok(bytes === undefined || bytes[0] === 0, `${when}: ${hexOf(bytes ?? new Uint8Array(0))}`)
}

/** INF of an answer that must be of kind `pcb`, with its CRC checked. */
export function infOf(answer: string, pcb: number): Uint8Array {
  const bytes = hex(answer)
  const inf = bytes.subarray(3, -2)
  assert.equal(answer, answerOf(pcb, inf))
  return inf
}

export function damaged(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.map((byte, offset) => (offset === at ? byte ^ 0x01 : byte))
}

export function counted(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => at)
}

export const PCB_ECHO = 0xc0
export const PCB_APDU = 0xc1
export const PCB_OFF = 0xc3
export const PCB_ATR = 0xcf
export const PCB_OTHER = 0x81
export const PCB_ELEMENT = 0x82
export const PCB_DAMAGED = 0x83
export const ECHO = frame(PCB_ECHO, hex('AA 55'))
export const ECHOED = answerOf(PCB_ECHO, hex('AA 55'))
/** GET CHALLENGE: its answer is another each time it is run, where the card knows it. */
export const APDU = frame(PCB_APDU, hex('00 84 00 00 08'))
export const GET_ATR = frame(PCB_ATR)
export const REPEAT = frame(PCB_DAMAGED)
/** A bridge goes on with a frame for at least this long, and for less than the other. */
export const PARTIAL_SURE_MS = 75
export const PARTIAL_OVER_MS = 150
