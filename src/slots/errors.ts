// Why somebody did not get a slot, or lost it.

import { CodedError } from '../base/errors.ts'

export type LeaseErrorCode = 'lease.queue-full' | 'lease.revoked' | 'lease.expired'

/** Load, not a fault: the slot exists, but its exclusive right is with somebody else or was taken away. */
export class LeaseError extends CodedError<LeaseErrorCode> {}
