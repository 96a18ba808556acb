// What is done with the element of one slot, counted and told.

import type { Clock } from '../base/clock.ts'
import { codeOf, messageOf } from '../base/errors.ts'
import type { Events } from '../base/events.ts'
import type { LeaseEnd, SlotEvent } from './events.ts'
import type { SlotIdentity } from './surroundings.ts'

/** How a command ended: with a status word, or without an answer. */
export type CommandOutcome = 'answered' | 'failed'

export class Usage {
  sessions = 0
  apdus = 0
  errors = 0
  #last: (Omit<LeaseEnd, 'agoMs'> & { readonly endedAt: number }) | undefined
  readonly #identity: SlotIdentity
  readonly #clock: Clock
  readonly #events: Events<SlotEvent>

  constructor(identity: SlotIdentity, clock: Clock, events: Events<SlotEvent>) {
    this.#identity = identity
    this.#clock = clock
    this.#events = events
  }

  /** How the last lease ended. */
  get last(): LeaseEnd | undefined {
    if (this.#last === undefined) return undefined
    const { endedAt, ...end } = this.#last
    return { ...end, agoMs: Math.round(this.#clock.now() - endedAt) }
  }

  /** The lease of `holder` is over. */
  ended(holder: string, error: unknown): void {
    const [code, cause] = error === undefined ? ['closed', 'given back'] : [codeOf(error), messageOf(error)]
    this.#last = { holder, code, cause, endedAt: this.#clock.now() }
  }

  /** A command of `holder` is sent. Returns what must be called, once, when it is over. */
  begin(holder: string): (outcome: CommandOutcome) => void {
    this.apdus++
    const startedAt = this.#clock.now()
    return (outcome) => {
      if (outcome === 'failed') this.errors++
      const { id: slot, seid, driver } = this.#identity
      const durationMs = this.#clock.now() - startedAt
      this.#events.publish({ kind: 'commanded', slot, seid, driver, holder, outcome, durationMs })
    }
  }
}
