// What the slots tell to whom it may concern: the status plane, the panel.

import type { Seid, Sen, SlotId } from './identity.ts'
import type { SlotState } from './state.ts'
import type { Priority } from './turn-order.ts'
import type { CommandOutcome } from './usage.ts'

interface OfSlot {
  readonly slot: SlotId
  readonly seid: Seid
}

export type SlotEvent =
  /** A step of the state machine; `from` differs from `to`. */
  | (OfSlot & {
      readonly kind: 'changed'
      readonly from: SlotState
      readonly to: SlotState
      readonly cause: string
    })
  /** Something else in the slot's report is another now: holder, line, name, what is being done. */
  | (OfSlot & { readonly kind: 'touched' })
  /** A command in a lease is over. */
  | (OfSlot & {
      readonly kind: 'commanded'
      /** Kind of the driver. */
      readonly driver: string
      readonly holder: string
      readonly outcome: CommandOutcome
      readonly durationMs: number
    })
  /** Somebody pressed the button of the slot, and let go of it. */
  | (OfSlot & { readonly kind: 'pressed'; readonly heldMs: number; readonly outcome: string })

/** One who waits for a slot. */
export interface WaiterReport {
  readonly holder: string
  readonly priority: Priority
  readonly waitedMs: number
}

/** All that is known of a slot, at one moment. Ages are in milliseconds. */
export interface SlotReport extends OfSlot {
  /** Kind of the driver. */
  readonly driver: string
  readonly aliases: readonly Seid[]
  readonly sen: Sen | undefined
  /** Upper-case hex; undefined: the default-selected application. */
  readonly aid: string | undefined
  /** Upper-case hex, of the last reset. */
  readonly atr: string | undefined
  readonly state: SlotState
  /** Why it is in this state. */
  readonly cause: string
  /** Since when it is in this state. */
  readonly stateMs: number
  /** Who has the lease. */
  readonly holder: string | undefined
  readonly heldMs: number | undefined
  /** In order of arrival; those of pools included. */
  readonly waiters: readonly WaiterReport[]
  /** What the gateway is doing about it, or will do next and when: `being reset`, `next try in 0.8 s`. */
  readonly doing: string | undefined
  /** How the last lease on it ended. */
  readonly last: LeaseEnd | undefined
  readonly counters: SlotCounters
}

/** How a lease ended. */
export interface LeaseEnd {
  readonly holder: string
  /** `closed` when its holder gave back an element that was well, else the code of an error. */
  readonly code: string
  readonly cause: string
  readonly agoMs: number
}

/** Since the gateway started. */
export interface SlotCounters {
  /** Leases granted. */
  readonly sessions: number
  /** Commands sent in leases. */
  readonly apdus: number
  /** Commands that failed: not a status word, but no answer. */
  readonly errors: number
  readonly resets: number
  /** Times it fell mute. */
  readonly mutes: number
  readonly quarantines: number
}
