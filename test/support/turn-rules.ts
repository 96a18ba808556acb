// Who may go before whom in front of a slot, checked from outside: by what its clients asked, and when they got it.

import { AGE_LIMIT_MS, type Priority } from '../../src/slots/turn-order.ts'
import type { ManualClock } from './manual-clock.ts'

/** One who has asked for a slot and has no answer yet. */
export interface Request {
  readonly client: number
  readonly address: string
  readonly priority: Priority
  /** He stands in line, rather than trying whether the slot is free. */
  readonly isPatient: boolean
  readonly since: number
}

export class TurnRules {
  readonly #clock: ManualClock
  readonly #broken: (rule: string) => void
  /** By SEID. */
  readonly #requests = new Map<string, Set<Request>>()
  /** Whose turn was last, and since when. */
  readonly #last = new Map<string, { readonly address: string; readonly at: number }>()

  constructor(clock: ManualClock, broken: (rule: string) => void) {
    this.#clock = clock
    this.#broken = broken
  }

  asked(seid: string, request: Request): void {
    const requests = this.#requests.get(seid) ?? new Set()
    this.#requests.set(seid, requests.add(request))
  }

  answered(seid: string, request: Request): void {
    this.#requests.get(seid)?.delete(request)
  }

  /** No line is longer than it may be. */
  checkLines(queueLength: number): void {
    for (const [seid, requests] of this.#requests) {
      const service = [...requests].filter(({ priority, isPatient }) => priority === 'service' && isPatient)
      if (service.length > queueLength) this.#broken(`${seid}: ${service.length} clients wait`)
    }
  }

  /** Nobody who has waited for too long is passed over, and nobody has two turns while others wait. */
  checkTurn(seid: string, request: Request): void {
    const { since, address, priority, isPatient } = request
    const now = this.#clock.now()
    const last = this.#last.get(seid)
    const isGreed = last?.address === address && address === 'greedy' && priority === 'service' && isPatient
    for (const other of this.#requests.get(seid) ?? []) {
      const waitedMs = now - other.since
      if (other.since < since && waitedMs >= AGE_LIMIT_MS) {
        this.#broken(`${seid}: client ${other.client} has waited ${waitedMs} ms and is passed over`)
      }
      const wasThere = other.since < (last?.at ?? 0) && other.address !== address
      if (isGreed && wasThere && now - since < AGE_LIMIT_MS) {
        this.#broken(`${seid}: the greedy address has two turns while client ${other.client} waits`)
      }
    }
    this.#last.set(seid, { address, at: now })
  }
}
