// The resets of an element, from mild to rough: the next rung when one does not help.

import type { Clock } from '../base/clock.ts'
import { codeOf } from '../base/errors.ts'
import type { ResetKind, SecureElement } from '../drivers/driver.ts'

/** power: without power for a moment, where the hardware can. */
export type Rung = ResetKind | 'power'

export interface Climb {
  readonly clock: Clock
  /** Resolves when the next reset may begin. */
  readonly pace: () => Promise<void>
}

/**
 * Resets the element, with `from` first, and rougher each time that fails.
 * @param to  the roughest that is tried
 * @returns the ATR, a fresh array
 * @throws what the last reset threw
 */
export async function climb(
  element: SecureElement,
  [from, to]: readonly [Rung, Rung],
  { clock, pace }: Climb,
): Promise<Uint8Array> {
  const rungs = LADDER.slice(LADDER.indexOf(from), LADDER.indexOf(to) + 1)
  for (const rung of rungs) {
    await pace()
    try {
      if (rung !== 'power') return await element.reset(rung, clock.now() + RESET_TIMEOUT_MS)
      await element.powerOff()
      return await element.reset('cold', clock.now() + RESET_TIMEOUT_MS)
    } catch (error) {
      if (rung === to || HOPELESS.has(codeOf(error))) throw error
    }
  }
  throw new RangeError(`no ladder from ${from} to ${to}`)
}

const LADDER: readonly Rung[] = ['warm', 'cold', 'power']

/** What no reset mends. */
const HOPELESS: ReadonlySet<string> = new Set(['element.absent', 'element.gone', 'link.stuck'])

/** A reset takes 20 to 100 ms on real cards; the longest initial waiting time of ISO/IEC 7816-3 is 0.9 s. */
const RESET_TIMEOUT_MS = 2_000
