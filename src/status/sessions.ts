// The sessions of the service plane that ended last, and how: so that nobody needs the log to know why one failed.

import { Events } from '../base/events.ts'
import type { PlaneEvent, PlaneObserver, SessionClosed } from '../base/plane-events.ts'

/** One session that is over, as JSON. Those that never reached a slot are among them. */
export interface SessionRow {
  /** When it ended: ISO 8601, UTC. */
  readonly at: string
  readonly peer: string
  /** The name that the client asked for. */
  readonly sen: string | null
  readonly pool: string | null
  readonly seid: string | null
  readonly slot: number | null
  /** `closed` when it ended as sessions should, else the code of an error. */
  readonly code: string
  readonly cause: string
  readonly records: number
  readonly commands: number
  readonly handshake_ms: number | null
  readonly duration_ms: number
}

export class Sessions implements PlaneObserver {
  /** Each session that ends, after it was noted. */
  readonly ended = new Events<SessionRow>()
  readonly #wallNow: () => number
  #rows: readonly SessionRow[] = []
  readonly #bySlot = new Map<number, SessionRow>()

  /** @param wallNow  the time of day, milliseconds since 1970 */
  constructor(wallNow: () => number) {
    this.#wallNow = wallNow
  }

  /** The last ones, the latest first. */
  get rows(): readonly SessionRow[] {
    return this.#rows
  }

  /** The last one that led to this slot, whether it got it or not. */
  lastOn(slot: number): SessionRow | undefined {
    return this.#bySlot.get(slot)
  }

  tell(event: PlaneEvent): Promise<void> {
    if (event.kind === 'session.closed') this.#note(event)
    return Promise.resolve()
  }

  check(): void {
    // In memory there is always room.
  }

  #note(session: SessionClosed): void {
    const row = sessionRowOf(session, this.#wallNow())
    this.#rows = [row, ...this.#rows.slice(0, MAX_ROWS - 1)]
    if (row.slot !== null) this.#bySlot.set(row.slot, row)
    this.ended.publish(row)
  }
}

function sessionRowOf(session: SessionClosed, wallMs: number): SessionRow {
  const { peer, sen, pool, seid, slot, code, cause, records, commands } = session
  return {
    at: new Date(wallMs).toISOString(),
    ...{ peer, sen: sen ?? null, pool: pool ?? null, seid: seid ?? null, slot: slot ?? null },
    ...{ code, cause, records, commands },
    handshake_ms: session.handshakeMs ?? null,
    duration_ms: session.durationMs,
  }
}

export const MAX_ROWS = 50
