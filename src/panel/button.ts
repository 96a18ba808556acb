// Makes presses of the edges of a button whose contacts bounce. Pure: it is told what happens and when, and tells when
// it wants to be asked again. It never wants to while nobody touches the button.

/** By how long the button was held when it was let go. */
export type PressKind = 'short' | 'long' | 'very-long'

/** One press, told when it is over. */
export interface Press {
  /** stuck: held for so long that it is no press; told once, while it is still held. */
  readonly kind: PressKind | 'stuck'
  /** Whole milliseconds. */
  readonly heldMs: number
}

/** One button. Instants are those of one clock, in milliseconds; they never go back. */
export class Button {
  /** What the contact was last told to be, and since when. */
  #isActive: boolean
  #since = -Infinity
  /** The level that counts: the last one that was stable. */
  #isDown: boolean
  /** Start of the press; undefined also while a button is down that was so at the start, or is stuck. */
  #downAt: number | undefined

  /** @param isActive  now; a button that is pressed does nothing until it has been let go once */
  constructor(isActive: boolean) {
    this.#isActive = isActive
    this.#isDown = isActive
  }

  /** The contact has changed; also to be told when it is as it was, having bounced faster than anyone looked. */
  edge(isActive: boolean, now: number): Press | undefined {
    // A timer may be late: what was stable before this edge has counted.
    const press = this.timeout(now)
    this.#isActive = isActive
    this.#since = now
    return press
  }

  /** To be called at `nextAfter`; earlier does no harm. */
  timeout(now: number): Press | undefined {
    if (this.#isActive !== this.#isDown && now - this.#since >= STABLE_MS) {
      this.#isDown = this.#isActive
      if (!this.#isDown) return this.#letGo()
      this.#downAt = this.#since
    }
    // With the contact open it is being let go, if only it stays open.
    if (this.#downAt === undefined || !this.#isActive || now - this.#downAt < STUCK_MS) return undefined
    const heldMs = Math.floor(now - this.#downAt)
    this.#downAt = undefined
    return { kind: 'stuck', heldMs }
  }

  /** What it would be to let go of the button now; undefined when it is not held, or to no effect. */
  kindAt(now: number): PressKind | undefined {
    if (this.#downAt === undefined) return undefined
    return kindOf((this.#isActive ? now : this.#since) - this.#downAt)
  }

  /** When `timeout` is to be called, or `kindAt` changes; Infinity: not before another edge. */
  nextAfter(now: number): number {
    if (this.#isActive !== this.#isDown) return this.#since + STABLE_MS
    if (this.#downAt === undefined) return Infinity
    const heldMs = now - this.#downAt
    return this.#downAt + (LIMITS_MS.find((limitMs) => heldMs < limitMs) ?? STUCK_MS)
  }

  #letGo(): Press | undefined {
    if (this.#downAt === undefined) return undefined
    const heldMs = Math.floor(this.#since - this.#downAt)
    this.#downAt = undefined
    return { kind: kindOf(heldMs), heldMs }
  }
}

function kindOf(heldMs: number): PressKind {
  if (heldMs < LONG_MS) return 'short'
  return heldMs < VERY_LONG_MS ? 'long' : 'very-long'
}

/** A level counts when it has lasted for so long. */
const STABLE_MS = 20
const LONG_MS = 3_000
const VERY_LONG_MS = 10_000
/** Nobody holds a button for so long: something leans on it, or its line is broken. */
const STUCK_MS = 60_000
const LIMITS_MS = [LONG_MS, VERY_LONG_MS, STUCK_MS]
