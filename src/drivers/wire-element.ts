// A secure element at the end of a link: the one loop that waits. What to send next is the framing's business, when
// to ask is the pace's, whose turn it is the bus's.

import { type Clock, sleepUntil } from '../base/clock.ts'
import type { T1Action } from '../t1/machine.ts'
import type { ResetKind, SecureElement } from './driver.ts'
import { LinkError } from './errors.ts'
import type { Link, Outcome } from './link.ts'
import { Pace } from './pace.ts'

/** A framing without input and output: T=1 in one of its dialects, or the bridge's. */
export interface Framing {
  /** Bytes that every block begins with. */
  readonly prologueBytes: number
  /** As many are read at once to see whether a block is there. */
  readonly pollBytes: number
  /** More bytes go in several accesses. */
  readonly maxAccessBytes: number
  /** Where to build a command that is then framed in place. */
  readonly scratch: Uint8Array
  /** False for what an element that is not ready puts in the place of a first byte. */
  isStart(first: number): boolean
  start(command: Uint8Array, response: Uint8Array): T1Action
  bodyOf(prologue: Uint8Array): Uint8Array | undefined
  received(prologue: Uint8Array, body: Uint8Array): T1Action
  invalid(): T1Action
  silence(): T1Action
}

/** Carries an exchange from its first action to its end; what it delivers is the framing's to say. */
export type Exchange = (first: T1Action) => Promise<number>

export interface Dialect {
  readonly framing: Framing
  /**
   * Brings the element to where it takes commands, and learns its parameters.
   * @param wasReset  false when there is no line to reset it by: then a block must do
   * @returns its ATR, owned by the caller
   */
  open(exchange: Exchange, wasReset: boolean): Promise<Uint8Array>
}

export interface WireElementOptions {
  readonly name: string
  readonly link: Link
  readonly clock: Clock
  readonly dialect: Dialect
}

export class WireElement implements SecureElement {
  readonly name: string
  readonly scratch: Uint8Array
  readonly #link: Link
  readonly #clock: Clock
  readonly #dialect: Dialect
  readonly #prologue: Uint8Array
  readonly #paces = new Map<number, Pace>()

  constructor({ name, link, clock, dialect }: WireElementOptions) {
    this.name = name
    this.#link = link
    this.#clock = clock
    this.#dialect = dialect
    this.#prologue = new Uint8Array(dialect.framing.prologueBytes)
    this.scratch = dialect.framing.scratch
  }

  async reset(kind: ResetKind, deadline: number): Promise<Uint8Array> {
    const wasReset = (await this.#link.reset(kind)) === 'reset'
    const exchange: Exchange = (first) => this.#exchange(first, this.#paceOf(OPENING), deadline)
    return this.#dialect.open(exchange, wasReset)
  }

  transmit(command: Uint8Array, response: Uint8Array, deadline: number): Promise<number> {
    const [, ins = 0, , p2 = 0] = command
    const first = this.#dialect.framing.start(command, response)
    // A TLS-SE element computes at the last fragment of a record, which P2 marks.
    return this.#exchange(first, this.#paceOf((ins << 8) | p2), deadline)
  }

  /** The lines of a bus cannot take the power away; a reset must do. */
  async powerOff(): Promise<void> {
    await this.#link.reset('cold')
  }

  async #exchange(first: T1Action, pace: Pace, deadline: number): Promise<number> {
    let action = first
    for (;;) {
      if (action.kind === 'delivered') return action.length
      if (action.kind === 'failed') throw action.error
      await this.#send(action.block, deadline)
      action = await this.#answer(this.#clock.now() + action.timeoutMs, pace, deadline)
    }
  }

  /** An element that is busy does not acknowledge: it is asked again until it listens. */
  async #send(block: Uint8Array, deadline: number): Promise<void> {
    for (const piece of this.#accesses(block)) {
      while ((await this.#link.write(piece)) === 'busy') {
        this.#checkTime(deadline)
        await sleepUntil(this.#clock, this.#clock.now() + BUSY_WRITE_MS)
      }
    }
  }

  async #read(into: Uint8Array): Promise<Outcome> {
    for (const piece of this.#accesses(into)) if ((await this.#link.read(piece)) === 'busy') return 'busy'
    return 'done'
  }

  /** `bytes` in pieces of one access, views of it. */
  #accesses(bytes: Uint8Array): Uint8Array[] {
    const { maxAccessBytes } = this.#dialect.framing
    if (bytes.length <= maxAccessBytes) return [bytes]
    const count = Math.ceil(bytes.length / maxAccessBytes)
    return Array.from({ length: count }, (_, n) =>
      bytes.subarray(n * maxAccessBytes, (n + 1) * maxAccessBytes),
    )
  }

  async #answer(until: number, pace: Pace, deadline: number): Promise<T1Action> {
    const { framing } = this.#dialect
    const start = this.#prologue.subarray(0, framing.pollBytes)
    const rest = this.#prologue.subarray(framing.pollBytes)
    const sentAt = this.#clock.now()
    for (;;) {
      const waitMs = pace.next(this.#clock.now() - sentAt)
      if (waitMs > 0) await sleepUntil(this.#clock, this.#clock.now() + waitMs)
      const outcome = await this.#link.read(start)
      if (outcome === 'done' && framing.isStart(start[0] ?? 0)) break
      this.#checkTime(deadline)
      if (this.#clock.now() >= until) return framing.silence()
    }
    pace.learn(this.#clock.now() - sentAt)
    if (rest.length > 0 && (await this.#link.read(rest)) === 'busy') return framing.invalid()
    const body = framing.bodyOf(this.#prologue)
    if (body === undefined) return framing.invalid()
    if (body.length > 0 && (await this.#read(body)) === 'busy') return framing.invalid()
    return framing.received(this.#prologue, body)
  }

  #checkTime(deadline: number): void {
    if (this.#clock.now() < deadline) return
    throw new LinkError('link.timeout', `${this.name}: no answer in time`)
  }

  #paceOf(key: number): Pace {
    let pace = this.#paces.get(key)
    if (pace === undefined) {
      // Keys come from clients: a new one costs an old one once there are many.
      const [oldest] = this.#paces.keys()
      if (this.#paces.size >= MAX_PACES && oldest !== undefined) this.#paces.delete(oldest)
      pace = new Pace()
      this.#paces.set(key, pace)
    }
    return pace
  }
}

const BUSY_WRITE_MS = 1
const MAX_PACES = 256
/** The key of what is exchanged after a reset; no command has it. */
const OPENING = -1
