// A secure element at the end of a link: the one loop that waits. What to send next is the framing's business, when
// to ask is the pace's, whose turn it is the bus's.

import { type Clock, sleepUntil } from '../base/clock.ts'
import type { T1Action } from '../t1/machine.ts'
import type { T1Counts } from '../t1/tally.ts'
import type { ResetKind, SecureElement } from './driver.ts'
import { ElementError, LinkError } from './errors.ts'
import type { Link, Outcome, WireTiming } from './link.ts'
import { Pace } from './pace.ts'

/** A framing without input and output: T=1 in one of its dialects, or the bridge's. */
export interface Framing {
  /** Bytes that every block begins with. */
  readonly prologueBytes: number
  /** As many are read at once to see whether a block is there; it may begin at any of them. */
  readonly pollBytes: number
  /** More bytes go in several accesses. */
  readonly maxAccessBytes: number
  /** Where to build a command that is then framed in place. */
  readonly scratch: Uint8Array
  /** Kept up to date, where anything is counted. */
  readonly counts?: Readonly<T1Counts>
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

export interface Opening {
  readonly exchange: Exchange
  /** False when there is no line to reset it by: then a block must do. */
  readonly wasReset: boolean
  readonly pause: (milliseconds: number) => Promise<void>
}

export interface Opened {
  /** Owned by the caller. */
  readonly atr: Uint8Array
  /** What the element has said about its wire, where its dialect lets it. */
  readonly timing?: WireTiming | undefined
}

export interface Dialect {
  readonly framing: Framing
  /** For an element that has said nothing yet. */
  readonly timing: WireTiming
  /** Brings the element to where it takes commands, and learns its parameters. */
  open(opening: Opening): Promise<Opened>
  /** One exchange that changes nothing. @throws T1Error when its answer is wrong */
  check(exchange: Exchange): Promise<void>
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
  readonly #window: Uint8Array
  readonly #prologue: Uint8Array
  readonly #paces = new Map<number, Pace>()
  /** Something has failed since the last reset, or is under way. */
  #mustReset = false
  #leastPollMs = 0
  /** The shortest that a question has taken. */
  #askMs = Infinity
  /** Idle time between two accesses, and when the next may come. */
  #gapMs = 0
  #notBefore = 0

  constructor({ name, link, clock, dialect }: WireElementOptions) {
    this.name = name
    this.#link = link
    this.#clock = clock
    this.#dialect = dialect
    this.#window = new Uint8Array(dialect.framing.pollBytes)
    this.#prologue = new Uint8Array(dialect.framing.prologueBytes)
    this.scratch = dialect.framing.scratch
    this.#adjust(dialect.timing)
  }

  async reset(kind: ResetKind, deadline: number): Promise<Uint8Array> {
    const { timing } = this.#dialect
    this.#mustReset = true
    this.#adjust(timing)
    const pause = (milliseconds: number) => sleepUntil(this.#clock, this.#clock.now() + milliseconds)
    const wasReset = (await this.#link.reset(kind)) === 'reset'
    if (wasReset) await pause(timing.powerUpMs)
    const opened = await this.#dialect.open({ exchange: this.#exchanger(OPENING, deadline), wasReset, pause })
    if (opened.timing !== undefined) this.#adjust(opened.timing)
    this.#mustReset = false
    return opened.atr
  }

  transmit(command: Uint8Array, response: Uint8Array, deadline: number): Promise<number> {
    const [, ins = 0, , p2 = 0] = command
    // A TLS-SE element computes at the last fragment of a record, which P2 marks.
    const exchange = this.#exchanger((ins << 8) | p2, deadline)
    return this.#use(() => exchange(this.#dialect.framing.start(command, response)))
  }

  check(deadline: number): Promise<void> {
    return this.#use(() => this.#dialect.check(this.#exchanger(CHECK, deadline)))
  }

  /** Without power for a moment, where there is a switch; else a reset must do. */
  async powerOff(): Promise<void> {
    await this.#link.reset('cold')
  }

  /** After a failure nothing is sent before a reset: what came back could be the answer to what was sent before. */
  async #use<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#mustReset) throw new ElementError('element.mute', `${this.name}: not reset since it failed`)
    this.#mustReset = true
    const result = await work()
    this.#mustReset = false
    return result
  }

  /** @param key  of the pace that is kept and learnt */
  #exchanger(key: number, deadline: number): Exchange {
    return (first) => this.#exchange(first, this.#paceOf(key), deadline)
  }

  async #exchange(first: T1Action, pace: Pace, deadline: number): Promise<number> {
    let action = first
    for (;;) {
      if (action.kind === 'delivered') return action.length
      if (action.kind === 'failed') throw action.error
      await this.#send(action, deadline)
      action = await this.#answer(this.#clock.now() + action.timeoutMs, pace, deadline)
    }
  }

  /** An element that is busy does not acknowledge: it is asked again until it listens, for as long as it may take. */
  async #send({ block, timeoutMs }: Sending, deadline: number): Promise<void> {
    const until = this.#clock.now() + Math.min(timeoutMs, MAX_REFUSAL_MS)
    for (const piece of this.#accesses(block)) {
      while ((await this.#access(() => this.#link.write(piece))) === 'busy') {
        this.#checkTime(deadline)
        if (this.#clock.now() >= until) {
          throw new LinkError('link.nack', `${this.name}: nothing acknowledges what is written`)
        }
        await sleepUntil(this.#clock, this.#clock.now() + BUSY_WRITE_MS)
      }
    }
  }

  async #read(into: Uint8Array): Promise<Outcome> {
    for (const piece of this.#accesses(into)) {
      if ((await this.#access(() => this.#link.read(piece))) === 'busy') return 'busy'
    }
    return 'done'
  }

  /** The element has its pause before; nobody has the bus meanwhile. */
  async #access(transfer: () => Promise<Outcome>): Promise<Outcome> {
    if (this.#clock.now() < this.#notBefore) await this.#clock.reach(this.#notBefore)
    try {
      return await transfer()
    } finally {
      this.#notBefore = this.#clock.now() + this.#gapMs
    }
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
    const start = await this.#blockStart({ until, pace, deadline })
    if (start === undefined) return framing.silence()
    // The window may end before the prologue does, or after the body has begun.
    const head = start.subarray(0, this.#prologue.length)
    this.#prologue.set(head)
    const rest = this.#prologue.subarray(head.length)
    if (rest.length > 0 && (await this.#read(rest)) === 'busy') return framing.invalid()
    const body = framing.bodyOf(this.#prologue)
    if (body === undefined) return framing.invalid()
    const begun = start.subarray(head.length, head.length + body.length)
    body.set(begun)
    const open = body.subarray(begun.length)
    if (open.length > 0 && (await this.#read(open)) === 'busy') return framing.invalid()
    return framing.received(this.#prologue, body)
  }

  /** The part of the window in which a block has begun, a view of it; undefined at `until`. */
  async #blockStart({ until, pace, deadline }: Patience): Promise<Uint8Array | undefined> {
    const { framing } = this.#dialect
    const sentAt = this.#clock.now()
    let busyMs: number | undefined
    for (;;) {
      await this.#pause(pace.next(this.#clock.now() - sentAt), until)
      const askedAt = this.#clock.now()
      const outcome = await this.#access(() => this.#link.read(this.#window))
      // An access that took longer than the shortest had to wait for the bus before.
      this.#askMs = Math.min(this.#askMs, this.#clock.now() - askedAt)
      const heardMs = this.#clock.now() - this.#askMs - sentAt
      const at = outcome === 'done' ? this.#window.findIndex((byte) => framing.isStart(byte)) : -1
      if (at >= 0) {
        pace.learn(busyMs, heardMs)
        return this.#window.subarray(at)
      }
      busyMs = heardMs
      this.#notBefore = Math.max(this.#notBefore, this.#clock.now() + this.#leastPollMs)
      this.#checkTime(deadline)
      if (this.#clock.now() >= until) return undefined
    }
  }

  /** Until it is time for the next question: after `waitMs`, or when the element calls. */
  async #pause(waitMs: number, until: number): Promise<void> {
    const now = this.#clock.now()
    if (this.#link.ready !== undefined) await this.#link.ready(Math.min(until, now + MISSED_EDGE_MS))
    else if (waitMs > 0) await sleepUntil(this.#clock, now + waitMs)
  }

  #adjust(timing: WireTiming): void {
    this.#link.adjust(timing)
    this.#gapMs = timing.gapUs / 1000
    this.#leastPollMs = this.#link.isRefusable ? 0 : timing.pollIntervalUs / 1000
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

/** How long to listen for a block, and what is known of when it comes. */
interface Patience {
  readonly until: number
  readonly pace: Pace
  readonly deadline: number
}

type Sending = Extract<T1Action, { readonly kind: 'send' }>

const BUSY_WRITE_MS = 1
/** A bridge may compute for longer, but not refuse for longer. */
const MAX_REFUSAL_MS = 1_000
/** With a data-ready line: so long after its last edge the element is asked all the same. */
const MISSED_EDGE_MS = 50
const MAX_PACES = 256
/** The keys of what is exchanged after a reset, and of a look at an idle element; no command has them. */
const OPENING = -1
const CHECK = -2
