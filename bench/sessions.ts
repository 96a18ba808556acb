// Sessions opened by a client process, and what can be said of them.

import { Child } from './child.ts'

/** A client process that opens and closes sessions. */
export class Sessions implements AsyncDisposable {
  readonly #child = new Child('handshake-client.ts')

  /** One session after the other on `key1.com`; milliseconds from connect to the end of each handshake. */
  async handshakesMs(port: number, count: number): Promise<number[]> {
    const { sessions } = await this.#child.ask<Report>({ port, names: ['key1.com'], perName: count })
    return sessions.flat().map(({ handshakeMs }) => handshakeMs)
  }

  /**
   * Goes on for `seconds` on as many names at once, `key1.com` and so on.
   * @returns whole sessions a second, and the milliseconds of each handshake
   */
  async rate(
    port: number,
    names: number,
    seconds: number,
  ): Promise<{ rate: number; handshakesMs: number[] }> {
    const list = Array.from({ length: names }, (_, index) => `key${index + 1}.com`)
    const { sessions } = await this.#child.ask<Report>({ port, names: list, seconds })
    // From the end of the first session of each name to the end of its last: no start, no tail.
    const rates = sessions.map((lane) => {
      const [first, last] = [lane[0], lane.at(-1)]
      if (first === undefined || last === undefined || first === last) return 0
      return ((lane.length - 1) * 1000) / (last.endedAt - first.endedAt)
    })
    const handshakesMs = sessions.flat().map(({ handshakeMs }) => handshakeMs)
    return { rate: rates.reduce((sum, rate) => sum + rate, 0), handshakesMs }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#child[Symbol.asyncDispose]()
  }
}

/** One list for each name. */
interface Report {
  readonly sessions: readonly (readonly { readonly handshakeMs: number; readonly endedAt: number }[])[]
}
