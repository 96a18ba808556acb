// The exclusive right to one element, from the grant to the reset that ends it.

import { InternalError } from '../base/errors.ts'
import type { ResetKind, SecureElement } from '../drivers/driver.ts'
import { ElementError } from '../drivers/errors.ts'
import type { Slot } from './slot.ts'
import type { CommandOutcome } from './usage.ts'

/**
 * The exclusive right to one element, for one session. Ends once, by disposal: the element is then reset, so
 * that nothing its holder opened, selected or verified is left, and only then may the next holder have it.
 */
export interface Lease extends AsyncDisposable {
  readonly slot: Slot
  /** The element's own buffer for commands, see SecureElement.scratch. */
  readonly scratch: Uint8Array
  /**
   * Aborted with a LeaseError or ElementError when the right is taken away before it was given back. The lease then
   * ends by itself; what its holder has sent may still be under way.
   */
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
  /** A command is about to change the element. Returns what to call when it is over. */
  used(): (outcome: CommandOutcome) => void
  reset(kind: ResetKind): Promise<void>
  /**
   * The lease is over: resets the element and passes it on.
   * @param error  why the right was taken away, or what the element failed with and was not reset after
   */
  ended(kind: ResetKind, error: unknown): Promise<void>
}

export class Holding implements Lease {
  readonly slot: Slot
  readonly scratch: Uint8Array
  readonly #keeper: LeaseKeeper
  readonly #controller = new AbortController()
  /** What ends whatever the element does now: after a failure only loss of power surely does. */
  #resetKind: ResetKind = 'warm'
  /** What its element failed with since the last reset. */
  #failure: unknown
  /** What its holder does with it now. */
  #running: Promise<void> | undefined
  #ending: Promise<void> | undefined

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

  /** Takes the right away: the lease ends by itself, once the command that runs is over. */
  revoke(error: Error): void {
    if (this.#controller.signal.aborted) return
    this.#resetKind = 'cold'
    this.#controller.abort(error)
    this.#end().catch(() => undefined)
  }

  transmit(command: Uint8Array, response: Uint8Array, deadline: number): Promise<number> {
    return this.#call(async () => {
      if (this.needsReset) throw new ElementError('element.mute', 'it has not been reset since it failed')
      const over = this.#keeper.used()
      try {
        const length = await this.#keeper.element.transmit(command, response, deadline)
        over('answered')
        return length
      } catch (error) {
        this.#resetKind = 'cold'
        this.#failure = error
        over('failed')
        throw error
      }
    })
  }

  reset(kind: ResetKind): Promise<void> {
    return this.#call(async () => {
      const needed = this.needsReset ? 'cold' : kind
      this.#resetKind = 'cold'
      await this.#keeper.reset(needed).catch((error: unknown) => {
        this.#failure = error
        throw error
      })
      this.#failure = undefined
      if (!this.#controller.signal.aborted) this.#resetKind = 'warm'
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#end()
  }

  async #call<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#controller.signal.throwIfAborted()
    if (this.#ending !== undefined) {
      throw new InternalError(`slot ${this.slot.id}: command after the end of its lease`)
    }
    const call = work()
    const over = (): void => (this.#running = undefined)
    this.#running = call.then(over, over)
    return call
  }

  #end(): Promise<void> {
    const { revoked } = this
    const finish = (): Promise<void> =>
      this.#keeper.ended(this.#resetKind, revoked.aborted ? (revoked.reason as unknown) : this.#failure)
    this.#ending ??= this.#running === undefined ? finish() : this.#running.then(finish)
    return this.#ending
  }
}
