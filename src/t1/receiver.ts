// The card's half of the sequence: where its blocks are read to, and what of the answer has arrived.

import { isIntact, kindOf, Prologue, prologueBytesOf, type SequenceBit, sendNumberOf } from './block.ts'
import type { T1Profile } from './profile.ts'

/** Holds the last block that arrived, and collects the INF of I-blocks in the caller's buffer. */
export class Receiver {
  /** N(S) of the next I-block of the card. */
  nr: SequenceBit = 0
  /** Of the last block; INF is borrowed until the next one is read. */
  pcb = 0
  inf = NO_BYTES
  /** Bytes of the answer so far. */
  length = 0

  readonly #profile: T1Profile
  readonly #prologueBytes: number
  /** INF and EDC of every block that does not go straight to the answer. */
  readonly #inbox: Uint8Array
  #answer = NO_BYTES

  constructor(profile: T1Profile) {
    this.#profile = profile
    this.#prologueBytes = prologueBytesOf(profile)
    this.#inbox = new Uint8Array(profile.maxInfBytes + profile.edc.bytes)
  }

  /** @param answer  receives the answer; borrowed until the next call of `begin` */
  begin(answer: Uint8Array): void {
    this.#answer = answer
    this.length = 0
  }

  /**
   * Where INF and EDC belong: in the answer when `awaited` says that an I-block of it may come, this is the next one
   * and there is room for its EDC too. undefined: no block begins like this.
   */
  bodyOf(prologue: Uint8Array, awaited: 'answer' | 'no-answer'): Uint8Array | undefined {
    const header = this.#headerOf(prologue)
    if (header === undefined) return undefined
    const bodyLength = header.infLength + this.#profile.edc.bytes
    const isNext = kindOf(header.pcb) === 'I' && sendNumberOf(header.pcb) === this.nr
    if (awaited === 'answer' && isNext && bodyLength <= this.#answer.length - this.length) {
      return this.#answer.subarray(this.length, this.length + bodyLength)
    }
    return this.#inbox.subarray(0, bodyLength)
  }

  /** Makes a block the last one, if it is one; else the last one is none, without INF. */
  read(prologue: Uint8Array, body: Uint8Array): 'intact' | 'damaged' | 'malformed' {
    this.forget()
    const header = this.#headerOf(prologue)
    if (header === undefined || body.length !== header.infLength + this.#profile.edc.bytes) return 'malformed'
    if (!isIntact(this.#profile, prologue, body)) return 'damaged'
    this.pcb = header.pcb
    this.inf = body.subarray(0, header.infLength)
    return 'intact'
  }

  /** There is no last block. */
  forget(): void {
    this.inf = NO_BYTES
  }

  /** Appends the INF of the last block, which is the I-block expected. */
  take(): 'taken' | 'overflow' {
    this.nr = this.nr === 0 ? 1 : 0
    const start = this.length
    if (this.inf.length > this.#answer.length - start) return 'overflow'
    const isInPlace =
      this.inf.buffer === this.#answer.buffer && this.inf.byteOffset === this.#answer.byteOffset + start
    if (!isInPlace) this.#answer.set(this.inf, start)
    this.length += this.inf.length
    return 'taken'
  }

  /** The INF of the last block, a view borrowed until the next one is read. */
  keepInf(): Uint8Array {
    // Wherever the caller read it: what `lastInf` shows must not depend on the caller's buffer.
    this.#inbox.set(this.inf)
    return this.#inbox.subarray(0, this.inf.length)
  }

  #headerOf(prologue: Uint8Array): Prologue | undefined {
    if (prologue.length !== this.#prologueBytes) return undefined
    const header = new Prologue(this.#profile, prologue)
    const fits = header.infLength <= this.#profile.maxInfBytes && this.#profile.nadIn.includes(header.nad)
    return fits ? header : undefined
  }
}

const NO_BYTES: Uint8Array = new Uint8Array(0)
