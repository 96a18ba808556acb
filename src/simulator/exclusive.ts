// One call at a time, as the port of an element has it.

import { InternalError } from '../base/errors.ts'

/** Finds the caller's bug of overlapping calls, instead of mixing their bytes. */
export class Exclusive {
  readonly #name: string
  #isBusy = false

  /** @param name  of what is called, for the message */
  constructor(name: string) {
    this.#name = name
  }

  /**
   * Runs `call`.
   * @throws InternalError while another one runs; whatever `call` throws
   */
  async run<Result>(call: () => Promise<Result>): Promise<Result> {
    if (this.#isBusy) throw new InternalError(`${this.#name}: overlapping calls`)
    this.#isBusy = true
    try {
      return await call()
    } finally {
      this.#isBusy = false
    }
  }
}
