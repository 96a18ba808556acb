// Responses on their way out. What is ready at the same time leaves in one write; what a slow element keeps
// waiting does not keep back what is ready before it.

import type { Clock } from '../base/clock.ts'
import type { Connection } from '../net/connection.ts'
import type { RacsLimits } from './peer.ts'

export class Outbox {
  readonly #connection: Connection
  readonly #clock: Clock
  readonly #limits: RacsLimits
  #text = ''
  #isScheduled = false
  /** Settles when everything is sent that was ready when `flushed` was last called. */
  #sent: Promise<void> = Promise.resolve()

  constructor(connection: Connection, { clock, limits }: { clock: Clock; limits: RacsLimits }) {
    this.#connection = connection
    this.#clock = clock
    this.#limits = limits
  }

  /** True when no more should be pushed before `flushed` resolves. */
  get isFull(): boolean {
    return this.#text.length >= HIGH_WATER_BYTES
  }

  /** Sends `text` as soon as there is nothing more to do at once. */
  push(text: string): void {
    this.#text += text
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      // Whoever awaits `flushed` next gets the error, too.
      this.flushed().catch(() => undefined)
    })
  }

  /** Sends what there is and resolves when the socket has taken it. @throws what Connection.write throws */
  flushed(): Promise<void> {
    // One after the other: the socket takes one write at a time, and who comes last waits for all before.
    this.#sent = this.#sent.then(() => this.#send())
    return this.#sent
  }

  async #send(): Promise<void> {
    if (this.#text === '') return
    const bytes = Buffer.from(this.#text, 'latin1')
    this.#text = ''
    await this.#connection.write(bytes, this.#clock.now() + this.#limits.idleTimeoutMs)
  }
}

const HIGH_WATER_BYTES = 65_536
