// What happens on the planes and in the slots, as records of the audit log.

import type { AuditFields } from '../../base/audit.ts'
import type { Clock } from '../../base/clock.ts'
import type { Events } from '../../base/events.ts'
import type { PlaneEvent, PlaneObserver } from '../../base/plane-events.ts'
import type { SlotEvent } from '../../slots/events.ts'
import type { OpenTrail } from './audit-trail.ts'
import { Strangers } from './strangers.ts'

/** Records what clients do. While records cannot be kept, and must be, nothing new may be done. */
export class AuditObserver implements PlaneObserver {
  readonly #trail: OpenTrail
  readonly #strangers: Strangers
  /** Peers that have got an element. */
  readonly #served = new Set<string>()
  /** Why the last record was not kept; undefined when it was. */
  #failure: Error | undefined
  #isProbing = false

  /** @param events  of the slots; those about elements and buttons are recorded, and never refused */
  constructor(
    trail: OpenTrail,
    events: Events<SlotEvent>,
    { clock, wallNow }: { clock: Clock; wallNow: () => number },
  ) {
    this.#trail = trail
    const onSum = (fields: AuditFields): void => {
      this.#record('sessions.refused', fields).catch(() => undefined)
    }
    this.#strangers = new Strangers({ clock, wallNow, onSum })
    events.subscribe((event) => this.#onSlot(event))
  }

  /** True while nothing new is done for want of room for its record. */
  get isStopped(): boolean {
    return this.#failure !== undefined
  }

  async tell(event: PlaneEvent): Promise<void> {
    if (event.kind === 'session.opened') this.#served.add(event.peer)
    const isStranger = event.kind === 'session.closed' && !this.#served.delete(event.peer)
    if (isStranger && !this.#strangers.admits(event)) return
    const { kind, ...fields } = event
    await this.#record(kind, fields)
  }

  /** Records what is summed up and not recorded yet. */
  flush(): void {
    this.#strangers.flush()
  }

  /** @throws AuditError that of the last record, until one is kept again */
  check(): void {
    if (this.#failure === undefined) return
    this.#probe()
    throw this.#failure
  }

  #onSlot(event: SlotEvent): void {
    const record = recordOf(event)
    if (record === undefined) return
    // It has happened: `note` says so in the log when it cannot be kept.
    this.#trail.note(record.event, record.fields).catch(() => undefined)
  }

  async #record(event: string, fields: AuditFields): Promise<void> {
    try {
      await this.#trail.record(event, fields)
      this.#failure = undefined
    } catch (error) {
      this.#failure = error as Error
      throw error
    }
  }

  /** Tries whether there is room again; one try at a time. */
  #probe(): void {
    if (this.#isProbing) return
    this.#isProbing = true
    const over = (): void => {
      this.#isProbing = false
    }
    this.#record('audit.probed', {}).then(over, over)
  }
}

/** Comings and goings of elements, muteness, quarantine, buttons; leases are the sessions' story. */
function recordOf(event: SlotEvent): { event: string; fields: AuditFields } | undefined {
  const { kind, slot, seid } = event
  if (kind === 'pressed') return { event: 'button.pressed', fields: { slot, seid, outcome: event.outcome } }
  if (kind !== 'changed') return undefined
  const { from, to, cause } = event
  if (from === 'leased' ? to === 'ready' : to === 'leased') return undefined
  return { event: 'slot.changed', fields: { slot, seid, from, to, cause } }
}
