// Time as a parameter: protocol and session code sees a Clock, never Date or setTimeout.

/** A pending timer. Cancelling twice, or after it fired, does nothing. */
export interface Timer {
  cancel(): void
}

/** A monotonic clock. Instants and deadlines are absolute milliseconds of this clock. */
export interface Clock {
  /** The present instant, in milliseconds from an arbitrary origin. Never goes back. */
  now(): number
  /**
   * Calls `callback` once, at `deadline` or as soon after it as possible; never before this call returns, and
   * never at all when `deadline` is Infinity.
   */
  at(deadline: number, callback: () => void): Timer
  /**
   * Resolves at `instant`, tens of microseconds late at most while the event loop has nothing else to do; the last
   * two milliseconds are spent turn by turn. For waits that a bus sees.
   */
  reach(instant: number): Promise<void>
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => performance.now(),
  at(deadline, callback) {
    if (deadline === Infinity) return { cancel: () => undefined }
    const arm = (): NodeJS.Timeout => setTimeout(fire, Math.max(0, Math.ceil(deadline - performance.now())))
    // Node's loop counts whole milliseconds, and may be a fraction of one early.
    const fire = (): void => {
      if (performance.now() < deadline) timer = arm()
      else callback()
    }
    let timer = arm()
    return { cancel: () => clearTimeout(timer) }
  },
  async reach(instant) {
    const sleepMs = Math.floor(instant - performance.now() - TIMER_ERROR_MS)
    if (sleepMs >= 1) await new Promise((resolve) => setTimeout(resolve, sleepMs))
    while (performance.now() < instant) await new Promise((resolve) => setImmediate(resolve))
  },
}

/** Resolves at `deadline` of `clock`. */
export function sleepUntil(clock: Clock, deadline: number): Promise<void> {
  return new Promise((resolve) => clock.at(deadline, resolve))
}

/** A timer may come so late. */
const TIMER_ERROR_MS = 1
