// What an exchange has cost so far, against the limits of its profile: every way to go round in circles is counted.

import type { T1Limits } from './profile.ts'

/** Over all exchanges: what an operator sees of a bad wire before anything fails. */
export interface T1Counts {
  /** Blocks sent again, and requests to send one again. */
  repeats: number
  /** S(RESYNCH request) because something went wrong, not because a reset begins with it. */
  resyncs: number
}

/** Each method counts one more and says whether the limit allows it. */
export class Tally {
  readonly #limits: T1Limits
  #faults = 0
  #tries = 0
  #stalls = 0
  #resyncs = 0
  #wtx = 0
  #wtxMs = 0

  constructor(limits: T1Limits) {
    this.#limits = limits
  }

  /** A new exchange. */
  clear(): void {
    this.#faults = this.#tries = this.#stalls = this.#resyncs = this.#wtx = this.#wtxMs = 0
  }

  /** Nothing valid arrived; counted in a row. */
  fault(): boolean {
    return ++this.#faults <= this.#limits.retries
  }

  clearFaults(): void {
    this.#faults = 0
  }

  /** The same request is sent again; valid blocks that are no answer do not start the count anew. */
  retryRequest(): boolean {
    return ++this.#tries <= this.#limits.retries
  }

  clearTries(): void {
    this.#tries = 0
  }

  /** Something arrived, or nothing, that brought the exchange no further; counted in a row. */
  stall(): boolean {
    return ++this.#stalls <= this.#limits.maxStalls
  }

  clearStalls(): void {
    this.#stalls = 0
  }

  /** S(RESYNCH request) is sent. */
  resync(): boolean {
    return ++this.#resyncs <= this.#limits.resyncs
  }

  /** The card gets `ms` more. */
  extend(ms: number): boolean {
    this.#wtxMs += ms
    return ++this.#wtx <= this.#limits.maxWtx && this.#wtxMs <= this.#limits.maxWtxMs
  }
}
