// Who has the exclusive right to one slot, and who waits for it.

import type { Clock } from '../base/clock.ts'
import { nextOf, Turns } from './turn-order.ts'
import { type LeaseRequest, type Waiter, WaitingLine } from './waiting-line.ts'

/** One who waits elsewhere, and would take the slot. */
export interface Contender extends Waiter {
  /** Gives it: it is his when this returns. */
  grant(): void
}

/**
 * The right to one slot. `enter` waits for it, `leave` passes it on. The right is handed to the next in turn
 * within `leave` itself: nobody who comes later can slip in between.
 */
export class LeaseQueue {
  readonly #clock: Clock
  readonly #capacity: number
  readonly #line: WaitingLine<void>
  readonly #turns = new Turns()
  readonly #elsewhere: () => readonly Contender[]
  #holder: string | undefined
  #heldSince = 0

  /**
   * @param capacity   how many may wait at once, the holder, operators and the gateway not counted
   * @param elsewhere  who would take the slot without standing in this line; all have their turn as if they did
   * @param onChange   is called when somebody has come to the line or gone from it
   */
  constructor(
    clock: Clock,
    capacity: number,
    elsewhere: () => readonly Contender[] = () => [],
    onChange: () => void = () => undefined,
  ) {
    this.#clock = clock
    this.#capacity = capacity
    this.#elsewhere = elsewhere
    this.#line = new WaitingLine(clock, onChange)
  }

  /** Who holds the right now. */
  get holder(): string | undefined {
    return this.#holder
  }

  /** For how long, in milliseconds; meaningless while nobody holds it. */
  get heldMs(): number {
    return Math.round(this.#clock.now() - this.#heldSince)
  }

  /** Who stands in this line, in order of arrival; the gateway is not counted. */
  get waiters(): readonly Waiter[] {
    return this.#line.entries.filter(({ priority }) => priority !== 'gateway')
  }

  /**
   * Resolves when the right is the caller's; the caller must then call `leave` exactly once.
   * @param signal  gives up waiting: rejects with the signal's reason
   * @throws LeaseError lease.queue-full at once or for others' sake, lease.expired at the deadline, what `dismiss` says
   */
  async enter(request: LeaseRequest, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#holder === undefined) {
      this.#grantTo(request)
      return
    }
    this.#line.makeRoom(request, this.#capacity, `held by ${this.#holder}`)
    const excuse = (): string => `still held by ${String(this.#holder)}`
    await this.#line.wait(request, { wish: undefined, since: this.#clock.now(), signal, excuse })
  }

  /** Takes the right at once, if nobody has it; then as after `enter`. */
  tryEnter(holder: string): boolean {
    if (this.#holder !== undefined) return false
    this.#grantTo({ holder })
    return true
  }

  /** Passes the right to whose turn it is, in this line or elsewhere, or frees it. */
  leave(): void {
    const waiters = [...this.#line.entries, ...this.#elsewhere()].sort((a, b) => a.since - b.since)
    const next = nextOf(waiters, this.#clock.now(), (address) => this.#turns.of(address))
    this.#grantTo(next)
    next?.grant()
  }

  /** Gives the right, if it is free, to who waits elsewhere. */
  offer(): void {
    if (this.#holder === undefined) this.leave()
  }

  /** Sends everybody away who stands in this line but the gateway; the holder stays. */
  dismiss(error: Error): void {
    this.#line.dismiss(error)
  }

  #grantTo(next: { readonly holder: string; readonly address?: string | undefined } | undefined): void {
    this.#holder = next?.holder
    this.#heldSince = this.#clock.now()
    if (next !== undefined) this.#turns.begin(next.address ?? next.holder)
  }
}
