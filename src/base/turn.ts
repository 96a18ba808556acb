// Fair mutual exclusion: whoever asks first has the first turn. For something that is shared for moments, such as a
// bus; what is held for long, or taken away, is a lease.

export class Turn {
  #last: Promise<unknown> = Promise.resolve()

  /**
   * Runs `work` when everybody who asked before is done; a failure of theirs is not passed on.
   * @returns what `work` comes to
   */
  run<Result>(work: () => Promise<Result>): Promise<Result> {
    const mine = this.#last.then(work)
    this.#last = mine.catch(() => undefined)
    return mine
  }
}
