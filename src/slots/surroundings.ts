// What a slot is given, and whom it tells.

import type { Clock } from '../base/clock.ts'
import type { Events } from '../base/events.ts'
import type { Log } from '../base/log.ts'
import type { SlotEvent } from './events.ts'
import type { Seid, SlotId } from './identity.ts'
import type { Contender } from './lease-queue.ts'
import type { Slot } from './slot.ts'

export interface SlotEnvironment {
  readonly clock: Clock
  readonly log: Log
  /** How many may wait for a slot while somebody holds it. */
  readonly queueLength: number
  /** How often an element may be reset, in the long run. */
  readonly maxResetsPerMinute: number
  readonly events: Events<SlotEvent>
}

export interface SlotIdentity {
  readonly id: SlotId
  readonly seid: Seid
  readonly aliases: readonly Seid[]
  /** Kind of the driver. */
  readonly driver: string
}

/** What a slot tells and asks of those who wait for it among others, without standing in its line. */
export interface Onlookers {
  /** Its element, its name, its application or whether it can be leased is another now. */
  changed(slot: Slot): void
  /** Those of them who would take it as it is, in order of arrival. */
  contenders(slot: Slot): readonly Contender[]
}

export const NOBODY: Onlookers = { changed: () => undefined, contenders: () => [] }
