// What becomes of an element that does not answer to a reset: when it is tried again, and when it is set aside. Pure.

export interface Verdict {
  readonly state: 'mute' | 'quarantined'
  /** Until the next try, milliseconds. */
  readonly delayMs: number
  /** Why it is set aside, in words. */
  readonly why?: string
}

/**
 * The record of one element. It is tried again soon for a minute. Who stays mute for longer, or falls mute again and
 * again, is set aside, and tried after pauses that grow; when it answers it is on probation: as long as its record is
 * not clean, the next failure sets it aside again at once.
 */
export class Recovery {
  /** Instants at which it fell mute, of late. */
  #falls: number[] = []
  #failures = 0
  #setAsides = 0

  /** How to reset it next: loss of power helps where a reset does not. */
  get rung(): 'cold' | 'power' {
    return this.#failures > 0 && this.#failures % 2 === 0 ? 'power' : 'cold'
  }

  /**
   * A reset has failed.
   * @param isStuck  the way to the element is not free, and says so without being tried: no try costs anything
   */
  failed(now: number, isStuck: boolean): Verdict {
    this.#failures++
    if (this.#failures === 1) this.#falls = [...this.#recent(now), now]
    if (isStuck) return { state: 'quarantined', delayMs: STUCK_MS, why: 'stuck' }
    const muteMs = now - (this.#falls.at(-1) ?? now)
    const why =
      muteMs >= PATIENCE_MS
        ? `mute for ${Math.round(muteMs / 1000)} s`
        : this.#falls.length >= MAX_FALLS &&
          `fell mute ${this.#falls.length} times in ${RECORD_MS / 60_000} min`
    if (why === false)
      return { state: 'mute', delayMs: grown(FIRST_RETRY_MS, this.#failures - 1, LAST_RETRY_MS) }
    return { state: 'quarantined', delayMs: grown(FIRST_REST_MS, this.#setAsides++, LAST_REST_MS), why }
  }

  answered(now: number): void {
    this.#failures = 0
    if (this.#recent(now).length === 0) this.#setAsides = 0
  }

  #recent(now: number): number[] {
    return this.#falls.filter((at) => now - at < RECORD_MS).slice(1 - MAX_FALLS)
  }
}

function grown(firstMs: number, doublings: number, lastMs: number): number {
  return Math.min(firstMs * 2 ** doublings, lastMs)
}

const FIRST_RETRY_MS = 100
const LAST_RETRY_MS = 1_000
const FIRST_REST_MS = 5_000
const LAST_REST_MS = 300_000
/** A call that cannot be cancelled may return at any time. */
const STUCK_MS = 1_000
const PATIENCE_MS = 60_000
const MAX_FALLS = 5
const RECORD_MS = 600_000
