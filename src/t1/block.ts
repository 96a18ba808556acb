// One T=1 block: NAD PCB LEN | INF | EDC. Prologue and EDC are written around an INF that already lies in place.

import { InternalError } from '../base/errors.ts'
import type { SBlockName, T1Frame, T1Profile } from './profile.ts'

export type BlockKind = 'I' | 'R' | 'S' | 'invalid'

/** N(S) or N(R). */
export type SequenceBit = 0 | 1

/** Offsets of the prologue; LEN is the last field, one or two bytes wide. */
export const PROLOGUE = { nad: 0, pcb: 1, length: 2 } as const

export const PCB_R = 0x80
export const PCB_S = 0xc0
/** I-block: more of the chain follows. */
export const PCB_MORE = 0x20
/** S-block: response to a request. */
export const PCB_S_RESPONSE = 0x20
/** R-block: the last block was damaged, or wrong in another way. */
export const R_EDC = 1
export const R_OTHER = 2

/** Bytes of NAD, PCB and LEN. */
export function prologueBytesOf(frame: T1Frame): number {
  return PROLOGUE.length + frame.lengthBytes
}

/** What a PCB says it is; invalid when a bit is set that is reserved in blocks of its kind. */
export function kindOf(pcb: number): BlockKind {
  if ((pcb & 0x80) === 0) return (pcb & 0x1f) === 0 ? 'I' : 'invalid'
  if ((pcb & 0xc0) === PCB_S) return 'S'
  return (pcb & 0x2c) === 0 ? 'R' : 'invalid'
}

/** N(S) of an I-block. */
export function sendNumberOf(pcb: number): SequenceBit {
  return (pcb & 0x40) === 0 ? 0 : 1
}

/** M of an I-block. */
export function hasMore(pcb: number): boolean {
  return (pcb & PCB_MORE) !== 0
}

/** N(R) of an R-block: the I-block that its sender expects next. */
export function receiveNumberOf(pcb: number): SequenceBit {
  return (pcb & 0x10) === 0 ? 0 : 1
}

/** Error code of an R-block: 0 none, 1 EDC or parity, 2 other, 3 see the profile. */
export function rErrorOf(pcb: number): number {
  return pcb & 0x03
}

/** Whether an S-block answers a request. */
export function isResponse(pcb: number): boolean {
  return (pcb & PCB_S_RESPONSE) !== 0
}

/** The name of an S-block, request or response, or undefined when the dialect has no such. */
export function sNameOf(profile: T1Profile, pcb: number): SBlockName | undefined {
  const request = pcb & ~PCB_S_RESPONSE
  for (const name of Object.keys(profile.sBlocks) as SBlockName[]) {
    if (profile.sBlocks[name] === request) return name
  }
  return undefined
}

/** PCB of an I-block. */
export function iPcb(sendNumber: SequenceBit, position: 'more' | 'last'): number {
  return (sendNumber << 6) | (position === 'more' ? PCB_MORE : 0)
}

/** PCB of an R-block. */
export function rPcb(receiveNumber: SequenceBit, error: number): number {
  return PCB_R | (receiveNumber << 4) | error
}

/** The fields of one prologue, wherever it lies. */
export class Prologue {
  readonly #view: DataView
  readonly #lengthBytes: 1 | 2

  /**
   * @param bytes  begins with the prologue; borrowed for the life of this object
   * @throws RangeError when it is shorter than a prologue
   */
  constructor(frame: T1Frame, bytes: Uint8Array) {
    const prologueBytes = prologueBytesOf(frame)
    if (bytes.length < prologueBytes) throw new RangeError(`prologue of ${bytes.length} bytes`)
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, prologueBytes)
    this.#lengthBytes = frame.lengthBytes
  }

  get nad(): number {
    return this.#view.getUint8(PROLOGUE.nad)
  }

  set nad(nad: number) {
    this.#view.setUint8(PROLOGUE.nad, nad)
  }

  get pcb(): number {
    return this.#view.getUint8(PROLOGUE.pcb)
  }

  set pcb(pcb: number) {
    this.#view.setUint8(PROLOGUE.pcb, pcb)
  }

  /** LEN: bytes of INF, not of what follows the prologue. */
  get infLength(): number {
    return this.#lengthBytes === 1
      ? this.#view.getUint8(PROLOGUE.length)
      : this.#view.getUint16(PROLOGUE.length)
  }

  set infLength(length: number) {
    if (this.#lengthBytes === 1) this.#view.setUint8(PROLOGUE.length, length)
    else this.#view.setUint16(PROLOGUE.length, length)
  }
}

/**
 * Completes one block around an INF that already lies in `buffer`.
 * @param buffer  prologueBytesOf(frame) of headroom, `infLength` bytes of INF, tailroom for the EDC; modified in place
 * @param infLength  bytes, 0..frame.maxInfBytes
 * @returns the whole block, a view borrowed from `buffer`
 * @throws InternalError when INF is too long or the tailroom is missing (our bug)
 * Source: ISO/IEC 7816-3 block frame; T=1' differs in LEN width and EDC, see profile.ts.
 */
export function sealBlock(frame: T1Frame, buffer: Uint8Array, pcb: number, infLength: number): Uint8Array {
  const edcOffset = prologueBytesOf(frame) + infLength
  const end = edcOffset + frame.edc.bytes
  if (infLength > frame.maxInfBytes || end > buffer.length) {
    throw new InternalError(`T=1 block with ${infLength} bytes of INF in a buffer of ${buffer.length}`)
  }
  const prologue = new Prologue(frame, buffer)
  prologue.nad = frame.nadOut
  prologue.pcb = pcb
  prologue.infLength = infLength
  frame.edc.write(edcState(frame, buffer, edcOffset), buffer, edcOffset)
  return buffer.subarray(0, end)
}

/**
 * Whether the EDC fits to a block that lies in two parts.
 * @param prologue  NAD PCB LEN, and nothing after them
 * @param body      INF and EDC
 */
export function isIntact(frame: T1Frame, prologue: Uint8Array, body: Uint8Array): boolean {
  const infLength = body.length - frame.edc.bytes
  if (infLength < 0) return false
  const state = frame.edc.update(edcState(frame, prologue, prologue.length), body, 0, infLength)
  return frame.edc.matches(state, body, infLength)
}

function edcState(frame: T1Frame, bytes: Uint8Array, end: number): number {
  const { edc, edcNad } = frame
  if (edcNad === 'as-sent') return edc.update(edc.initial, bytes, 0, end)
  return edc.update(edc.update(edc.initial, ZERO_NAD, 0, 1), bytes, 1, end)
}

const ZERO_NAD = new Uint8Array(1)
