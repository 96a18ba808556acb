// All that is known of a slot, put together.

import { hexOf } from '../base/hex.ts'
import type { Condition } from './condition.ts'
import type { LeaseEnd, SlotReport } from './events.ts'
import type { Names } from './names.ts'
import type { SlotIdentity } from './surroundings.ts'
import type { Upkeep } from './upkeep.ts'
import type { Waiter } from './waiting-line.ts'

export interface ReportParts {
  readonly identity: SlotIdentity
  readonly names: Names
  readonly condition: Condition
  readonly upkeep: Upkeep
  /** While somebody has one. */
  readonly lease: { readonly holder: string | undefined; readonly heldMs: number } | undefined
  readonly waiters: readonly Waiter[]
  readonly counters: {
    readonly sessions: number
    readonly apdus: number
    readonly errors: number
    readonly last: LeaseEnd | undefined
  }
  readonly nowMs: number
}

export function reportOf(parts: ReportParts): SlotReport {
  const { identity, names, condition, upkeep, lease, waiters, counters, nowMs } = parts
  const { id: slot, seid, aliases, driver } = identity
  const { sen, aid, atr } = names
  const { state, cause, ageMs, mutes, quarantines } = condition
  const { sessions, apdus, errors, last } = counters
  return {
    ...{ slot, seid, aliases, driver, sen, aid: aid && hexOf(aid), atr, state, cause, stateMs: ageMs },
    holder: lease?.holder,
    heldMs: lease?.heldMs,
    waiters: waiters
      .toSorted((a, b) => a.since - b.since)
      .map(({ holder, priority, since }) => ({ holder, priority, waitedMs: Math.round(nowMs - since) })),
    ...{ doing: upkeep.doing, last },
    counters: { sessions, apdus, errors, resets: upkeep.resets, mutes, quarantines },
  }
}
