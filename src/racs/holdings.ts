// The elements that one session holds. Each has a lease, and a memory of what was selected and tried in it.

import { Firewall } from '../access/firewall.ts'
import type { Lease } from '../slots/lease.ts'
import type { Slot } from '../slots/slot.ts'
import type { Priority } from '../slots/turn-order.ts'
import type { Guard } from './guard.ts'
import { TryWatch } from './try-watch.ts'

export interface Held {
  readonly lease: Lease
  readonly firewall: Firewall
  readonly tries: TryWatch
}

export class Holdings implements AsyncDisposable {
  readonly #holder: () => string
  readonly #signal: AbortSignal
  readonly #guard: Guard
  readonly #held = new Map<Slot, Held>()

  /**
   * @param holder  who holds, for people
   * @param signal  gives up a lease that is being waited for
   */
  constructor(holder: () => string, signal: AbortSignal, guard: Guard) {
    this.#holder = holder
    this.#signal = signal
    this.#guard = guard
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
    const tries = new TryWatch(this.#guard, slot.seid, firewall)
    lease.revoked.addEventListener('abort', () => tries.end(), { once: true })
    const held = { lease, firewall, tries }
    this.#held.set(slot, held)
    return held
  }

  /** Gives the slot back, if the session has it; resolves when its element is reset and its failures are kept. */
  async release(slot: Slot): Promise<void> {
    const held = this.#held.get(slot)
    this.#held.delete(slot)
    held?.tries.end()
    await held?.lease[Symbol.asyncDispose]()
    await this.#guard.saved()
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
