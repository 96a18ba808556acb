// Fair mutual exclusion: whoever asks first has the first turn. For something that is shared for moments, such as a
// bus; what is held for long, or taken away, is a lease.

export class Turn {
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0

  /** How many have asked and are not done, the one whose turn it is included. */
  get pending(): number {
    return this.#waiting
  }

  /**
   * Runs `work` when everybody who asked before is done; a failure of theirs is not passed on.
   * @returns what `work` comes to
   */
  run<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#waiting++
    const mine = this.#last.then(work).finally(() => this.#waiting--)
    this.#last = mine.catch(() => undefined)
    return mine
  }
}
