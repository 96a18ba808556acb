import { type Clock, sleepUntil } from '../../src/base/clock.ts'

/** A clock on which waiting costs nothing; for one that waits at a time. */
export class JumpingClock implements Clock {
  #now = 0

  now(): number {
    return this.#now
  }

  reach(instant: number): Promise<void> {
    return instant <= this.#now ? Promise.resolve() : sleepUntil(this, instant)
  }

  pass(milliseconds: number): void {
    this.#now += milliseconds
  }

  at(deadline: number, callback: () => void): { cancel: () => void } {
    let isCancelled = false
    queueMicrotask(() => {
      if (isCancelled) return
      this.#now = Math.max(this.#now, deadline)
      callback()
    })
    return { cancel: () => (isCancelled = true) }
  }
}
