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
  #writing: Promise<void> = Promise.resolve()
  #failure: unknown

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
      // Whoever awaits `flushed` next gets the error.
      this.flushed().catch((error: unknown) => (this.#failure = error))
    })
  }

  /** Sends what there is and resolves when the socket has taken it. @throws what Connection.write throws */
  async flushed(): Promise<void> {
    await this.#writing
    if (this.#failure !== undefined) throw this.#failure as Error
    if (this.#text === '') return
    const bytes = Buffer.from(this.#text, 'latin1')
    this.#text = ''
    this.#writing = this.#connection.write(bytes, this.#clock.now() + this.#limits.idleTimeoutMs)
    await this.#writing
  }
}

const HIGH_WATER_BYTES = 65_536
