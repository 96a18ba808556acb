// How long somebody is waited for, when it is now this one's turn to do something and now that one's.

import type { Clock, Timer } from '../../base/clock.ts'

export interface Turn {
  readonly ms: number
  /** When the time is over. */
  readonly error: () => Error
}

export class Patience implements Disposable {
  /** Rejects when it is; never resolves. */
  readonly over: Promise<never>
  readonly #clock: Clock
  readonly #whole: Timer
  #reject: (error: Error) => void = () => undefined
  #turn: Turn | undefined
  #timer: Timer | undefined
  #isEnded = false

  /** @param whole  for all of it, whoever's turn it is */
  constructor(clock: Clock, whole: Turn) {
    this.#clock = clock
    this.over = new Promise((_, reject) => {
      this.#reject = reject
    })
    // Nobody may be waiting when it is over.
    this.over.catch(() => undefined)
    this.#whole = clock.at(clock.now() + whole.ms, () => this.#reject(whole.error()))
  }

  /** Nobody waits any more. */
  get isEnded(): boolean {
    return this.#isEnded
  }

  /** From now on it is this one's turn. */
  await(turn: Turn): void {
    if (this.#isEnded) return
    this.#timer?.cancel()
    this.#turn = turn
    this.#timer = this.#clock.at(this.#clock.now() + turn.ms, () => this.#reject(turn.error()))
  }

  /** It was heard of this one: if it is its turn, it gets its whole time again. */
  heard(turn: Turn): void {
    if (this.#turn === turn) this.await(turn)
  }

  [Symbol.dispose](): void {
    this.#isEnded = true
    this.#timer?.cancel()
    this.#whole.cancel()
  }
}
