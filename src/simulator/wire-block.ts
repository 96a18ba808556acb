// Blocks of the wire: NAD, PCB, LEN in one or two bytes, INF, check bytes.

import type { WireDialect } from './wire-dialect.ts'
import { edcBytesOf, edcOf } from './wire-edc.ts'

/** A block whose frame is right; what its PCB means is not judged here. */
export interface Block {
  readonly pcb: number
  /** A view borrowed from the frame. */
  readonly inf: Uint8Array
}

/** Why a frame is none: its check bytes, or anything else. */
export type FrameError = 'edc' | 'other'

/** The frame of a block from the card, a fresh array. */
export function frameOf(dialect: WireDialect, pcb: number, inf: Uint8Array): Uint8Array {
  const length = dialect.lenBytes === 1 ? [inf.length] : [inf.length >> 8, inf.length & 0xff]
  const body = Uint8Array.of(dialect.cardNad, pcb, ...length, ...inf)
  return Uint8Array.of(...body, ...edcOf(dialect.edc, body))
}

/** The block in `frame`, which is one whole transmission of the host, or what is wrong with it. */
export function blockOf(dialect: WireDialect, frame: Uint8Array): Block | FrameError {
  const edcBytes = edcBytesOf(dialect.edc)
  const infStart = PCB_END + dialect.lenBytes
  if (frame.length < infStart + edcBytes) return 'other'
  const body = frame.subarray(0, -edcBytes)
  const check = edcOf(dialect.edc, body)
  // Before LEN is believed: a transmission with a damaged LEN is a damaged one, not a strange one.
  if (!check.every((byte, index) => byte === frame[body.length + index])) return 'edc'
  const [nad, pcb = 0] = frame
  if (nad !== dialect.hostNad || frameBytesOf(dialect, frame) !== frame.length) return 'other'
  const inf = body.subarray(infStart)
  return inf.length > dialect.maxInfBytes ? 'other' : { pcb, inf }
}

/** How long the frame is that begins with `bytes`, or undefined as long as LEN is not there. */
export function frameBytesOf(dialect: WireDialect, bytes: Uint8Array): number | undefined {
  const infStart = PCB_END + dialect.lenBytes
  if (bytes.length < infStart) return undefined
  const length = bytes.subarray(PCB_END, infStart).reduce((value, byte) => (value << 8) | byte, 0)
  return infStart + length + edcBytesOf(dialect.edc)
}

const PCB_END = 2
