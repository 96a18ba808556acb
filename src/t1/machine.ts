// T=1 as the interface device speaks it: state and event give an action. Nothing waits, sends or reads in here. The
// caller does what the action says and tells what came of it; a deadline for the whole APDU is the caller's.

import { Exchange, type T1Action } from './exchange.ts'
import type { SBlockName, T1Profile } from './profile.ts'
import { Receiver } from './receiver.ts'
import { eventOf } from './rules.ts'
import { Sender } from './sender.ts'
import type { T1Counts } from './tally.ts'
import { T1Trace } from './trace.ts'

export type { T1Action } from './exchange.ts'

/** What card and device agreed on, in the ATR, in S(CIP) or elsewhere. */
export interface T1Parameters {
  readonly ifsc?: number | undefined
  readonly ifsd?: number | undefined
  readonly bwtMs?: number | undefined
}

/** One exchange at a time over one link; reusable, allocates no buffer after construction. */
export class T1Machine {
  /** The last blocks, both ways. */
  readonly trace = new T1Trace()

  readonly #profile: T1Profile
  readonly #sender: Sender
  readonly #receiver: Receiver
  readonly #exchange: Exchange

  constructor(profile: T1Profile) {
    this.#profile = profile
    this.#sender = new Sender(profile)
    this.#receiver = new Receiver(profile)
    const { trace } = this
    this.#exchange = new Exchange({ profile, sender: this.#sender, receiver: this.#receiver, trace })
  }

  /**
   * Where to build a command so that it is sent without a copy when it fits one block: as a prefix. What lies behind
   * the command is then overwritten by the EDC.
   */
  get scratch(): Uint8Array {
    return this.#sender.scratch
  }

  /** The most INF bytes that the card takes now. */
  get ifsc(): number {
    return this.#sender.ifsc
  }

  /** The most INF bytes that the card was told it may send. Longer blocks are taken all the same, if there is room. */
  get ifsd(): number {
    return this.#exchange.ifsd
  }

  /** What went wrong on the way since the machine was made; kept up to date. */
  get counts(): Readonly<T1Counts> {
    return this.#exchange.counts
  }

  get bwtMs(): number {
    return this.#exchange.bwtMs
  }

  /** INF of the response to the last request; borrowed until the next call of `bodyOf` or `start`. */
  get lastInf(): Uint8Array {
    return this.#exchange.lastInf
  }

  /**
   * Begins one APDU. An exchange that was not brought to its end is given up; the link is then resynchronised first.
   * @param command   borrowed until the exchange ends
   * @param response  receives the answer; borrowed until the exchange ends; must not overlap `command`. Bytes behind
   *   the answer are overwritten too
   */
  start(command: Uint8Array, response: Uint8Array): T1Action {
    this.#receiver.begin(response)
    this.#sender.begin(command)
    return this.#exchange.startApdu()
  }

  /**
   * One exchange of S-blocks, asked for by us; when it is delivered the INF of the response is `lastInf`. A running
   * APDU is given up; `abort` tells the card so and ends the APDU with t1.aborted.
   * @param inf  copied
   * @throws InternalError when the dialect has no such request, or not with this INF
   */
  request(name: SBlockName, inf: Uint8Array = NO_BYTES): T1Action {
    return this.#exchange.startRequest(name, inf)
  }

  /**
   * Where INF and EDC of the block with this prologue are to be read.
   * @returns LEN + EDC bytes: a part of the caller's `response` when it is the I-block expected and there is room for
   *   its EDC too, else of a buffer of our own; borrowed until the next call. undefined: no block begins like this;
   *   call `invalid`
   */
  bodyOf(prologue: Uint8Array): Uint8Array | undefined {
    return this.#receiver.bodyOf(prologue, this.#exchange.awaited)
  }

  /**
   * A block arrived; its EDC is checked here.
   * @param body  INF and EDC, best in the place that `bodyOf` gave; borrowed during the call only
   * @throws InternalError when nothing is awaited
   */
  received(prologue: Uint8Array, body: Uint8Array): T1Action {
    const state = this.#receiver.read(prologue, body)
    this.trace.note(state === 'intact' ? 'received' : state, prologue)
    if (state !== 'intact') return this.#exchange.on(state)
    const { pcb, inf } = this.#receiver
    return this.#exchange.on(eventOf(this.#profile, pcb, inf, this.#exchange.expectation))
  }

  /** Something arrived that is no block: a prologue that `bodyOf` refused, or less than a whole block. */
  invalid(): T1Action {
    this.#receiver.forget()
    this.trace.note('malformed', NO_BYTES)
    return this.#exchange.on('malformed')
  }

  /** Nothing arrived within `timeoutMs`. */
  silence(): T1Action {
    this.#receiver.forget()
    this.trace.note('silent', NO_BYTES)
    return this.#exchange.on('silent')
  }

  /** After an ATR, a reset or a power cycle: numbers and parameters as at the beginning. Ends what is running. */
  reset(): void {
    this.#exchange.reset()
  }

  /**
   * Sets what was agreed outside of S(IFS); the rest stays. More than the dialect can have is cut to that.
   * @throws RangeError unless each is at least 1
   */
  configure({ ifsc = this.ifsc, ifsd = this.ifsd, bwtMs = this.bwtMs }: T1Parameters): void {
    if (!(ifsc >= 1 && ifsd >= 1 && bwtMs >= 1)) {
      throw new RangeError(`IFSC ${ifsc}, IFSD ${ifsd}, BWT ${bwtMs} ms`)
    }
    this.#sender.ifsc = Math.min(Math.floor(ifsc), this.#profile.maxInfBytes)
    this.#exchange.ifsd = Math.min(Math.floor(ifsd), this.#profile.maxInfBytes)
    this.#exchange.bwtMs = bwtMs
  }
}

const NO_BYTES: Uint8Array = new Uint8Array(0)
