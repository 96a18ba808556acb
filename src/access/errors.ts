// Why somebody may not do something on the administration plane.

import { CodedError } from '../base/errors.ts'

export type AccessErrorCode =
  | 'access.unknown-seid'
  | 'access.forbidden'
  | 'access.filtered'
  | 'access.no-aid'
  | 'access.tries-used'

/** A refusal by the gateway itself: the element has seen nothing of it. */
export class AccessError extends CodedError<AccessErrorCode> {}
