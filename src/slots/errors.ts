// Why somebody did not get a slot, or lost it.

import { CodedError } from '../base/errors.ts'
import type { Seid } from './identity.ts'

export type LeaseErrorCode = 'lease.busy' | 'lease.queue-full' | 'lease.revoked' | 'lease.expired'

/** Load, not a fault: the slot exists, but its exclusive right is with somebody else or was taken away. */
export class LeaseError extends CodedError<LeaseErrorCode> {}

/** The name that somebody wants to give to one element belongs to another. */
export class NameError extends CodedError<'name.taken'> {
  readonly seid: Seid

  constructor(seid: Seid) {
    super('name.taken', `element ${seid} has this name`)
    this.seid = seid
  }
}
