// Our half of the sequence: cuts a command into I-blocks and builds what is sent.

import { InternalError } from '../base/errors.ts'
import { iPcb, PCB_S_RESPONSE, prologueBytesOf, rPcb, type SequenceBit, sealBlock } from './block.ts'
import type { SBlockName, T1Profile } from './profile.ts'

/** Builds blocks in buffers of its own. Every block is borrowed until the next one is built. */
export class Sender {
  /** Where a command is framed in place when it begins here: headroom and tailroom lie around this view. */
  readonly scratch: Uint8Array
  /** N(S) of the I-block that is not acknowledged yet, or of the next one. */
  ns: SequenceBit = 0
  /** The most INF bytes that the card takes. */
  ifsc: number

  readonly #profile: T1Profile
  readonly #scratchBlock: Uint8Array
  readonly #block: Uint8Array
  readonly #inf: Uint8Array
  #command: Uint8Array = new Uint8Array(0)
  #offset = 0
  #chunkLength = 0
  #last: 'I' | 'R' | 'S' = 'S'
  #rPcb = 0

  constructor(profile: T1Profile) {
    const headroom = prologueBytesOf(profile)
    const tailroom = profile.edc.bytes
    const scratchBytes = Math.max(MIN_SCRATCH_BYTES, profile.maxInfBytes)
    this.#profile = profile
    this.ifsc = profile.defaultIfsc
    this.#scratchBlock = new Uint8Array(headroom + scratchBytes + tailroom)
    this.scratch = this.#scratchBlock.subarray(headroom, headroom + scratchBytes)
    this.#block = new Uint8Array(headroom + profile.maxInfBytes + tailroom)
    this.#inf = this.#block.subarray(headroom, headroom + profile.maxInfBytes)
  }

  /** @param command  borrowed until the next call of `begin` */
  begin(command: Uint8Array): void {
    this.#command = command
    this.rewind()
  }

  /** Back to the first byte of the command. */
  rewind(): void {
    this.#offset = 0
    this.#chunkLength = 0
  }

  /** The I-block from the first unacknowledged byte on, cut as the card takes it now. */
  iBlock(): { readonly block: Uint8Array; readonly isLast: boolean } {
    const left = this.#command.length - this.#offset
    const length = Math.min(left, this.ifsc, this.#profile.maxInfBytes)
    const isLast = length === left
    const pcb = iPcb(this.ns, isLast ? 'last' : 'more')
    this.#chunkLength = length
    this.#last = 'I'
    if (isLast && this.#offset === 0 && this.#isInScratch()) {
      return { block: sealBlock(this.#profile, this.#scratchBlock, pcb, length), isLast }
    }
    this.#inf.set(this.#command.subarray(this.#offset, this.#offset + length))
    return { block: sealBlock(this.#profile, this.#block, pcb, length), isLast }
  }

  /** The I-block sent last has arrived. */
  acknowledge(): void {
    this.#offset += this.#chunkLength
    this.#chunkLength = 0
    this.ns = this.ns === 0 ? 1 : 0
  }

  /** An R-block for the I-block `nr`, whose error code is of interest only to who reads a trace. */
  rBlock(nr: SequenceBit, error: number): Uint8Array {
    this.#rPcb = rPcb(nr, error)
    this.#last = 'R'
    return sealBlock(this.#profile, this.#block, this.#rPcb, 0)
  }

  /** Rule 7.2: the R-block sent last once more, bit by bit; rules 7.1 and 7.3: a new one when it was another block. */
  rBlockAgain(nr: SequenceBit, error: number): Uint8Array {
    if (this.#last !== 'R') return this.rBlock(nr, error)
    return sealBlock(this.#profile, this.#block, this.#rPcb, 0)
  }

  /** @param inf  copied; at most `maxInfBytes` long */
  sBlock(name: SBlockName, role: 'request' | 'response', inf: Uint8Array): Uint8Array {
    const request = this.#profile.sBlocks[name]
    if (request === undefined || inf.length > this.#inf.length) {
      throw new InternalError(`${this.#profile.name}: S(${name}) with ${inf.length} bytes`)
    }
    this.#last = 'S'
    this.#inf.set(inf)
    const pcb = role === 'request' ? request : request | PCB_S_RESPONSE
    return sealBlock(this.#profile, this.#block, pcb, inf.length)
  }

  #isInScratch(): boolean {
    const { buffer, byteOffset } = this.#command
    return buffer === this.scratch.buffer && byteOffset === this.scratch.byteOffset
  }
}

/** CLA INS P1 P2 Lc, 255 data bytes, Le: the longest short APDU. */
const MIN_SCRATCH_BYTES = 5 + 255 + 1
