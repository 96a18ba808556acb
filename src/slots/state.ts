// The states of a slot, and what leads from one to another.

import { InternalError } from '../base/errors.ts'

/**
 * absent: no element. mute: one that has not answered to a reset, or not yet; it is tried again by itself. ready: free,
 * and freshly reset. leased: somebody holds it. quarantined: set aside, by an operator or because it does not get well.
 */
export type SlotState = 'absent' | 'mute' | 'ready' | 'leased' | 'quarantined'

/**
 * arrived, left: the element. answered, failed: it, to a reset of the gateway's own. granted, freed: the lease. replaced:
 * another card is there. set-aside, released: the quarantine.
 */
export type SlotStep =
  | 'arrived'
  | 'left'
  | 'answered'
  | 'failed'
  | 'granted'
  | 'freed'
  | 'replaced'
  | 'set-aside'
  | 'released'

/** @throws InternalError for a step that `state` does not know (our bug) */
export function stateAfter(state: SlotState, step: SlotStep): SlotState {
  const next = TABLE[state][step]
  if (next === undefined) throw new InternalError(`a slot that is ${state} was ${step}`)
  return next
}

const TABLE: Readonly<Record<SlotState, Readonly<Partial<Record<SlotStep, SlotState>>>>> = {
  absent: { arrived: 'mute' },
  mute: { left: 'absent', answered: 'ready', failed: 'mute', 'set-aside': 'quarantined' },
  ready: {
    left: 'absent',
    answered: 'ready',
    failed: 'mute',
    granted: 'leased',
    replaced: 'mute',
    'set-aside': 'quarantined',
  },
  leased: { left: 'absent', failed: 'mute', freed: 'ready', 'set-aside': 'quarantined' },
  quarantined: {
    left: 'absent',
    answered: 'ready',
    failed: 'quarantined',
    'set-aside': 'quarantined',
    released: 'mute',
  },
}
