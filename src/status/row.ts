// What the status plane says of a slot, as JSON.

import type { SlotReport } from '../slots/events.ts'
import type { Sessions } from './sessions.ts'

/** Instants are ISO 8601, UTC; what there is none of is null. */
export interface SlotRow {
  readonly slot: number
  /** What the board's print calls its place. */
  readonly designator: string | null
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
  /** How the last session or lease on it ended. */
  readonly last: LastRow | null
  readonly sessions: number
  readonly apdus: number
  readonly errors: number
  readonly resets: number
  readonly mutes: number
  readonly quarantines: number
}

export interface LastRow {
  readonly at: string
  readonly holder: string
  /** `closed` when it ended as it should, else the code of an error. */
  readonly code: string
  readonly cause: string
}

/** Where rows come from. */
export interface RowSource {
  /** All slots, in their order. */
  readonly report: () => readonly SlotReport[]
  /** The time of day, milliseconds since 1970. */
  readonly wallNow: () => number
  readonly sessions?: Sessions | undefined
  /** What the board's print calls the place of an element, by SEID. */
  readonly designators?: ReadonlyMap<string, string> | undefined
}

/** All slots, or those that `isWanted`, as they are now. */
export function rowsOf(source: RowSource, isWanted: (slot: number) => boolean = () => true): SlotRow[] {
  const { report, wallNow, sessions, designators } = source
  const wallMs = wallNow()
  return report()
    .filter(({ slot }) => isWanted(slot))
    .map((one) => ({
      ...rowOf(one, wallMs),
      designator: designators?.get(one.seid) ?? null,
      last: lastOf(one, wallMs, sessions),
    }))
}

/**
 * What the report alone says.
 * @param wallMs  the time of day of the report, milliseconds since 1970
 */
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
    ...{ doing: doing ?? null, designator: null },
    last: lastOf(report, wallMs),
    ...report.counters,
  }
}

/** Of a session of the service plane the plane knows how it ended, its lease only that it did. */
function lastOf({ slot, last }: SlotReport, wallMs: number, sessions?: Sessions): LastRow | null {
  const session = sessions?.lastOn(slot)
  const isOfService = last?.holder.startsWith(SERVICE) === true
  const lease =
    last === undefined || (isOfService && sessions !== undefined)
      ? null
      : { at: new Date(wallMs - last.agoMs).toISOString(), ...endOf(last) }
  if (session === undefined || (lease !== null && lease.at > session.at)) return lease
  return { at: session.at, ...endOf({ ...session, holder: `${SERVICE}${session.peer}` }) }
}

function endOf({ holder, code, cause }: Omit<LastRow, 'at'>): Omit<LastRow, 'at'> {
  return { holder, code, cause }
}

/** How holders of the service plane are called. */
const SERVICE = 'tls-se '
