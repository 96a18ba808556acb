// The elements that one session holds. Each has a lease, and a memory of what was selected in it.

import { Firewall } from '../access/firewall.ts'
import type { Lease } from '../slots/lease.ts'
import type { Slot } from '../slots/slot.ts'
import type { Priority } from '../slots/turn-order.ts'

export interface Held {
  readonly lease: Lease
  readonly firewall: Firewall
}

export class Holdings implements AsyncDisposable {
  readonly #holder: () => string
  readonly #signal: AbortSignal
  readonly #held = new Map<Slot, Held>()

  /**
   * @param holder  who holds, for people
   * @param signal  gives up a lease that is being waited for
   */
  constructor(holder: () => string, signal: AbortSignal) {
    this.#holder = holder
    this.#signal = signal
  }

  /** What the session has of this slot; its lease may have been revoked. */
  on(slot: Slot): Held | undefined {
    return this.#held.get(slot)
  }

  /**
   * Takes the slot, unless somebody has it.
   * @param firewall  a new one, or the one that has just let the first command pass
   * @param priority  among those who wait for the gateway to be done with the element
   * @throws LeaseError lease.busy; whatever Slot.tryAcquire throws
   */
  async take(slot: Slot, firewall: Firewall, priority: Priority = 'service'): Promise<Held> {
    const lease = await slot.tryAcquire(this.#holder(), this.#signal, priority)
    const held = { lease, firewall }
    this.#held.set(slot, held)
    return held
  }

  /** Gives the slot back, if the session has it; resolves when its element is reset. */
  async release(slot: Slot): Promise<void> {
    const held = this.#held.get(slot)
    this.#held.delete(slot)
    await held?.lease[Symbol.asyncDispose]()
  }

  /** Gives everything back. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#held.keys()].map((slot) => this.release(slot)))
  }
}

/** The memory of a new lease: nothing is selected. */
export function firewallFor(slot: Slot): Firewall {
  return new Firewall([slot.seid, ...slot.aliases])
}
