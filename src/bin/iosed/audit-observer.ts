// What happens on the planes and in the slots, as records of the audit log.

import type { AuditFields } from '../../base/audit.ts'
import type { Events } from '../../base/events.ts'
import type { PlaneEvent, PlaneObserver } from '../../base/plane-events.ts'
import type { SlotEvent } from '../../slots/events.ts'
import type { OpenTrail } from './audit-trail.ts'

/** Records what clients do. While records cannot be kept, and must be, nothing new may be done. */
export class AuditObserver implements PlaneObserver {
  readonly #trail: OpenTrail
  /** Why the last record was not kept; undefined when it was. */
  #failure: Error | undefined
  #isProbing = false

  /** @param events  of the slots; those about elements and buttons are recorded, and never refused */
  constructor(trail: OpenTrail, events: Events<SlotEvent>) {
    this.#trail = trail
    events.subscribe((event) => this.#onSlot(event))
  }

  /** True while nothing new is done for want of room for its record. */
  get isStopped(): boolean {
    return this.#failure !== undefined
  }

  async tell({ kind, ...fields }: PlaneEvent): Promise<void> {
    await this.#record(kind, fields)
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
