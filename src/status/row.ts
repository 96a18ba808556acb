// What the status plane says of a slot, as JSON.

import type { SlotReport } from '../slots/events.ts'

/** Instants are ISO 8601, UTC; what there is none of is null. */
export interface SlotRow {
  readonly slot: number
  readonly driver: string
  readonly seid: string
  readonly aliases: readonly string[]
  readonly sen: string | null
  /** Upper-case hex; null: the default-selected application. */
  readonly aid: string | null
  /** Upper-case hex. */
  readonly atr: string | null
  readonly state: string
  readonly cause: string
  /** Since when it is in this state. */
  readonly since: string
  readonly holder: string | null
  readonly held_since: string | null
  /** How many wait. */
  readonly queue: number
  /** In order of arrival. */
  readonly waiters: readonly { readonly holder: string; readonly priority: string; readonly since: string }[]
  /** What the gateway is doing about it, or will do next. */
  readonly doing: string | null
  readonly sessions: number
  readonly apdus: number
  readonly errors: number
  readonly resets: number
  readonly mutes: number
  readonly quarantines: number
}

/** @param wallMs  the time of day of the report, milliseconds since 1970 */
export function rowOf(report: SlotReport, wallMs: number): SlotRow {
  const ago = (ageMs: number): string => new Date(wallMs - ageMs).toISOString()
  const { slot, driver, seid, aliases, sen, aid, atr, state, cause, holder, heldMs, doing } = report
  return {
    ...{ slot, driver, seid, aliases, sen: sen ?? null, aid: aid ?? null, atr: atr ?? null, state, cause },
    since: ago(report.stateMs),
    holder: holder ?? null,
    held_since: heldMs === undefined ? null : ago(heldMs),
    queue: report.waiters.length,
    waiters: report.waiters.map((waiter) => ({
      holder: waiter.holder,
      priority: waiter.priority,
      since: ago(waiter.waitedMs),
    })),
    doing: doing ?? null,
    ...report.counters,
  }
}
