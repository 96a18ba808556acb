// What can go wrong with the audit log: its disk, its content, its key, or a second process.

import { CodedError } from '../base/errors.ts'

/**
 * - unwritable: the disk did not take the records; the next ones are tried again
 * - broken: nothing is known any more of what is on the disk, or somebody else writes there; only a restart helps
 * - overloaded: records come faster than the disk takes them
 * - closed: the log is closed
 * - damaged: what is on the disk does not verify
 * - key: there is no usable key, or it is not the key of this log
 * - busy: another process writes this log
 */
export type AuditErrorCode =
  | 'audit.unwritable'
  | 'audit.broken'
  | 'audit.overloaded'
  | 'audit.closed'
  | 'audit.damaged'
  | 'audit.key'
  | 'audit.busy'

/** The message names the file, and the line where there is one. It never shows a key. */
export class AuditError extends CodedError<AuditErrorCode> {}
