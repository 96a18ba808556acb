// What ends an exchange over T=1 without an answer.

import { CodedError } from '../base/errors.ts'

/**
 * edc: blocks arrive damaged. sequence: the card does not follow the rules. malformed: what arrives is no block.
 * silent: nothing arrives. aborted: one side gave up the exchange. endless: the card extends its time beyond all
 * limits. overflow: the answer is longer than the room for it. oversize: the command is longer than the dialect can
 * send. resynced: the link works again, but the command had left and may have been executed.
 */
export type T1ErrorCode =
  | 't1.edc'
  | 't1.sequence'
  | 't1.malformed'
  | 't1.silent'
  | 't1.aborted'
  | 't1.endless'
  | 't1.overflow'
  | 't1.oversize'
  | 't1.resynced'

/** One exchange failed; what made it fail first is the `cause` where there is one. */
export class T1Error extends CodedError<T1ErrorCode> {}
