// The exclusive right to one element, from the grant to the reset that ends it.

import { InternalError } from '../base/errors.ts'
import type { ResetKind, SecureElement } from '../drivers/driver.ts'
import { ElementError } from '../drivers/errors.ts'
import type { Slot } from './slot.ts'

/**
 * The exclusive right to one element, for one session. Ends once, by disposal: the element is then reset, so
 * that nothing its holder opened, selected or verified is left, and only then may the next holder have it.
 */
export interface Lease extends AsyncDisposable {
  readonly slot: Slot
  /** The element's own buffer for commands, see SecureElement.scratch. */
  readonly scratch: Uint8Array
  /** Aborted with a LeaseError or ElementError when the right is taken away before it was given back. */
  readonly revoked: AbortSignal
  /** True from a command or reset that failed to the next reset: the element may still be computing. */
  readonly needsReset: boolean
  /**
   * Sends one command, as SecureElement.transmit.
   * @throws LeaseError lease.revoked when the right is gone; ElementError, LinkError, T1Error. After one of the
   *         last three the element may still compute: element.mute then, until a reset
   */
  transmit(command: Uint8Array, response: Uint8Array, deadline: number): Promise<number>
  /** Resets the element, which stays its holder's. @throws as `transmit` */
  reset(kind: ResetKind): Promise<void>
}

/** What the slot does for a lease on it. */
export interface LeaseKeeper {
  readonly slot: Slot
  readonly element: SecureElement
  /** A command is about to change the element. */
  used(): void
  reset(kind: ResetKind): Promise<void>
  /** The lease is over: resets the element and passes it on. */
  ended(kind: ResetKind): Promise<void>
}

export class Holding implements Lease {
  readonly slot: Slot
  readonly scratch: Uint8Array
  readonly #keeper: LeaseKeeper
  readonly #controller = new AbortController()
  /** What ends whatever the element does now: after a failure only loss of power surely does. */
  #resetKind: ResetKind = 'warm'
  #isOver = false

  constructor(keeper: LeaseKeeper) {
    this.slot = keeper.slot
    this.scratch = keeper.element.scratch
    this.#keeper = keeper
  }

  get revoked(): AbortSignal {
    return this.#controller.signal
  }

  get needsReset(): boolean {
    return this.#resetKind === 'cold'
  }

  /** Takes the right away. */
  revoke(error: Error): void {
    this.#controller.abort(error)
  }

  async transmit(command: Uint8Array, response: Uint8Array, deadline: number): Promise<number> {
    this.#check()
    if (this.needsReset) throw new ElementError('element.mute', 'it has not been reset since it failed')
    this.#keeper.used()
    try {
      return await this.#keeper.element.transmit(command, response, deadline)
    } catch (error) {
      this.#resetKind = 'cold'
      throw error
    }
  }

  async reset(kind: ResetKind): Promise<void> {
    this.#check()
    const needed = this.needsReset ? 'cold' : kind
    this.#resetKind = 'cold'
    await this.#keeper.reset(needed)
    this.#resetKind = 'warm'
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isOver) return
    this.#isOver = true
    await this.#keeper.ended(this.#resetKind)
  }

  #check(): void {
    if (this.#isOver) throw new InternalError(`slot ${this.slot.id}: command after the end of its lease`)
    this.#controller.signal.throwIfAborted()
  }
}
