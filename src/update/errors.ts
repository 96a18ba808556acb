// What can go wrong with an update: the file, whoever signed it, this machine, or its disk.

import { CodedError } from '../base/errors.ts'

/**
 * - malformed: no update file, or a damaged or truncated one
 * - untrusted: no key of this machine has signed it
 * - unfit: another product or board, or an older version
 * - no-appliance: this machine has no slots
 * - not-now: the slots are not in a state in which one may be overwritten
 * - busy: another update runs
 * - disk: the disk refuses, or does not keep what was written
 * - full: no room for the journal
 * - image: a root image that nobody can make an update of
 * - key: no usable key to sign with, or a folder of keys that cannot be read
 * - unanswered: whoever installs for the gateway, or restarts the machine, ended without a result or is stuck
 */
export const UPDATE_ERROR_CODES = [
  'update.malformed',
  'update.untrusted',
  'update.unfit',
  'update.no-appliance',
  'update.not-now',
  'update.busy',
  'update.disk',
  'update.full',
  'update.image',
  'update.key',
  'update.unanswered',
] as const

export type UpdateErrorCode = (typeof UPDATE_ERROR_CODES)[number]

/** The message names the file, the version or the partition. It never shows a key. */
export class UpdateError extends CodedError<UpdateErrorCode> {}
