// Tells the service manager that the gateway is alive, as long as it is: the event loop turns, for this is a timer of
// it, and no call into the system has been under way for longer than such calls can take. Whoever is not told so in
// time (WatchdogSec= of the unit) starts the gateway anew.

import type { Clock, Timer } from '../../../base/clock.ts'
import type { Log } from '../../../base/log.ts'
import type { RunningCall } from '../../../drivers/driver.ts'

export interface WatchdogOptions {
  readonly clock: Clock
  readonly log: Log
  /** What may pass from one sign of life to the next. */
  readonly periodMs: number
  /** What is under way on the buses and in the readers. */
  readonly calls: () => readonly RunningCall[]
  /** A sign of life. */
  readonly feed: () => void
}

export class Watchdog implements Disposable {
  readonly #options: WatchdogOptions
  readonly #startedAt: number
  /** Each line is written once. */
  readonly #told = new Set<string>()
  #timer: Timer

  constructor(options: WatchdogOptions) {
    this.#options = options
    this.#startedAt = options.clock.now()
    this.#timer = this.#look()
  }

  [Symbol.dispose](): void {
    this.#timer.cancel()
  }

  #look(): Timer {
    const { clock, periodMs, feed } = this.#options
    if (!this.#isStalled()) feed()
    this.#timer = clock.at(clock.now() + periodMs / SIGNS_PER_PERIOD, () => this.#look())
    return this.#timer
  }

  /** A new start may free a queue that is stuck. One that comes soon after the last has shown that it does not. */
  #isStalled(): boolean {
    const { clock, log, calls } = this.#options
    const now = clock.now()
    const stalled = calls().filter(({ since, limitMs }) => now - since > limitMs)
    const mayRestart = now - this.#startedAt >= MIN_UPTIME_MS
    for (const { what, since } of stalled) {
      const advice = mayRestart
        ? 'the service manager starts the gateway anew'
        : 'the others go on without it'
      const line = `${what}: ${advice}`
      if (this.#told.has(line)) continue
      this.#told.add(line)
      log.error('queue.stalled', { what, forMs: Math.round(now - since), advice })
    }
    return stalled.length > 0 && mayRestart
  }
}

/**
 * How often to be fed, from $WATCHDOG_USEC, when $WATCHDOG_PID is this process (sd_watchdog_enabled(3)); undefined when
 * nobody watches. The variables are removed: they are not for our children.
 */
export function watchdogPeriodMs(environment: NodeJS.ProcessEnv, pid: number): number | undefined {
  const { WATCHDOG_USEC = '', WATCHDOG_PID = String(pid) } = environment
  delete environment['WATCHDOG_USEC']
  delete environment['WATCHDOG_PID']
  const periodMs = /^\d{1,15}$/.test(WATCHDOG_USEC) ? Number(WATCHDOG_USEC) / 1000 : 0
  return WATCHDOG_PID === String(pid) && periodMs > 0 ? periodMs : undefined
}

/** One may be late, and one lost. */
const SIGNS_PER_PERIOD = 3
/** What a restart costs all others may be paid so often. */
const MIN_UPTIME_MS = 600_000
