// A simulated card as a SecureElement of this process: the card answers at once, the element takes its time.

import { type Clock, sleepUntil } from '../base/clock.ts'
import { APDU_SCRATCH_BYTES, type ResetKind, type SecureElement } from '../drivers/driver.ts'
import { ElementError, LinkError } from '../drivers/errors.ts'
import type { Card } from './card.ts'
import { Exclusive } from './exclusive.ts'
import type { LatencyProfile, LatencyStep } from './latency.ts'

export interface SimulatedElementOptions {
  /** For people and logs: the SEID. */
  readonly name: string
  readonly card: Card
  readonly clock: Clock
  readonly latency: LatencyProfile
}

export class SimulatedElement implements SecureElement {
  readonly name: string
  readonly scratch = new Uint8Array(APDU_SCRATCH_BYTES)
  readonly #options: SimulatedElementOptions
  readonly #exclusive: Exclusive
  /** Powered and reset since the last failure: only then does a card listen to commands. */
  #isReady = false

  constructor(options: SimulatedElementOptions) {
    this.name = options.name
    this.#exclusive = new Exclusive(options.name)
    this.#options = options
  }

  /** A simulated card cannot tell a cold reset from a warm one. */
  async reset(_kind: ResetKind, deadline: number): Promise<Uint8Array> {
    return this.#exclusive.run(async () => {
      this.#isReady = false
      const atr = this.#options.card.reset()
      await this.#spend('reset', deadline)
      this.#isReady = true
      return atr
    })
  }

  async transmit(command: Uint8Array, response: Uint8Array, deadline: number): Promise<number> {
    return this.#exclusive.run(async () => {
      if (!this.#isReady)
        throw new ElementError('element.mute', `${this.name}: not reset since power-off or time-out`)
      const answer = this.#options.card.process(command)
      await this.#spend(answer.step, deadline)
      response.set(answer.response)
      return answer.response.length
    })
  }

  powerOff(): Promise<void> {
    this.#isReady = false
    return Promise.resolve()
  }

  /** Waits as long as a real card computes, at most until `deadline`. */
  async #spend(step: LatencyStep, deadline: number): Promise<void> {
    const { clock, latency } = this.#options
    const [start, latencyMs] = [clock.now(), latency[step]]
    if (start + latencyMs <= deadline) {
      if (latencyMs > 0) await sleepUntil(clock, start + latencyMs)
      return
    }
    this.#isReady = false
    await sleepUntil(clock, deadline)
    throw new LinkError(
      'link.timeout',
      `${this.name}: ${step} takes ${latencyMs} ms, the deadline came before`,
    )
  }
}
