// Whether the gateway is alive, and whether it is ready for clients: for whoever restarts it or sends clients to it.
// Everybody may ask, so nothing here names an element, a client or a file.

import type { SlotState } from '../slots/state.ts'

export interface HealthOptions {
  /** Every slot, as it is now. */
  readonly slots: () => readonly { readonly state: SlotState }[]
  /** The planes that clients come to, and whether each of them takes new ones. */
  readonly planes: () => readonly { readonly name: string; readonly isAccepting: boolean }[]
  /** Since the start of the process. */
  readonly uptimeMs: () => number
  /** What else keeps the gateway from serving, in words. */
  readonly problems?: () => readonly string[]
  /** What else is told to whoever asks whether it is ready; everybody may read it. */
  readonly extra?: () => Readonly<Record<string, unknown>>
}

export interface Readiness {
  readonly [field: string]: unknown
  readonly ready: boolean
  /** Why it is not, in words; empty when it is. */
  readonly reasons: readonly string[]
}

export class Health {
  readonly #options: HealthOptions
  #isDraining = false

  constructor(options: HealthOptions) {
    this.#options = options
  }

  /** From now on the gateway ends. */
  drain(): void {
    this.#isDraining = true
  }

  /** To be able to say this is to be alive. */
  get liveness(): { readonly alive: true; readonly uptime_s: number } {
    return { alive: true, uptime_s: Math.floor(this.#options.uptimeMs() / 1000) }
  }

  /** Ready: both planes accept, some element can be had now or when somebody gives it back, nothing else is wrong. */
  get readiness(): Readiness {
    const { slots, planes, problems, extra } = this.#options
    const deaf = planes().filter(({ isAccepting }) => !isAccepting)
    const reasons = [
      ...(this.#isDraining ? ['draining'] : []),
      ...deaf.map(({ name }) => `the plane ${name} does not accept`),
      ...outageOf(slots().map(({ state }) => state)),
      ...(problems?.() ?? []),
    ]
    return { ...extra?.(), ready: reasons.length === 0, reasons }
  }
}

function outageOf(states: readonly SlotState[]): string[] {
  if (states.some((state) => state === 'ready' || state === 'leased')) return []
  if (states.length === 0) return [NO_SLOTS]
  const counts = OUT.map((out) => [states.filter((state) => state === out).length, out] as const)
  const words = counts.filter(([count]) => count > 0).map(([count, state]) => `${count} ${state}`)
  return [`no slot is ready: ${words.join(', ')}`]
}

/** The reason of a gateway that has no slots. */
export const NO_SLOTS = 'no slot is ready: there is none'

const OUT = ['mute', 'absent', 'quarantined'] as const
