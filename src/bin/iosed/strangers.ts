// Connections that never came to an element: whoever reaches the port can make any number of them. The first ones are
// recorded one by one, the others as a sum, so that nobody outside fills the disk or wears it out with them.

import type { AuditFields } from '../../base/audit.ts'
import type { Clock, Timer } from '../../base/clock.ts'
import type { SessionClosed } from '../../base/plane-events.ts'

export interface StrangersOptions {
  readonly clock: Clock
  readonly wallNow: () => number
  /** Is told the sum, as a record. */
  readonly onSum: (fields: AuditFields) => void
}

export class Strangers {
  readonly #options: StrangersOptions
  #left = BURST
  #filledAt: number
  readonly #codes = new Map<string, number>()
  #since = 0
  #timer: Timer | undefined

  constructor(options: StrangersOptions) {
    this.#options = options
    this.#filledAt = options.clock.now()
  }

  /** @returns whether this one is to be recorded by itself; otherwise it is in the next sum */
  admits({ code }: Pick<SessionClosed, 'code'>): boolean {
    const { clock, wallNow } = this.#options
    const refills = Math.floor((clock.now() - this.#filledAt) / PERIOD_MS)
    this.#left = Math.min(BURST, this.#left + refills)
    this.#filledAt += refills * PERIOD_MS
    // What is summed up already stays before what comes.
    if (this.#left > 0 && this.#codes.size === 0) {
      this.#left--
      return true
    }
    if (this.#codes.size === 0) this.#since = wallNow()
    this.#codes.set(code, (this.#codes.get(code) ?? 0) + 1)
    this.#timer ??= clock.at(clock.now() + PERIOD_MS, () => this.flush())
    return false
  }

  /** Tells the sum of what came so far, if anything did. */
  flush(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    if (this.#codes.size === 0) return
    const counts = [...this.#codes].sort(([, one], [, other]) => other - one)
    const connections = counts.reduce((sum, [, count]) => sum + count, 0)
    const codes = counts.map(([code, count]) => `${count} ${code}`).join(', ')
    this.#codes.clear()
    this.#options.onSum({ connections, codes, since: new Date(this.#since).toISOString() })
  }
}

/** So many at once are recorded one by one, */
const BURST = 60
/** and one more each minute; as often there is a sum. */
const PERIOD_MS = 60_000
