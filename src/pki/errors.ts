// What can go wrong with the certificate authority: its files, or what was asked of it.

import { CodedError } from '../base/errors.ts'

/**
 * - exists: it would replace a key or a certificate that somebody may still need
 * - missing: there is no authority, or part of it is gone
 * - invalid: a file is there and is not what it should be, or the authority's time is not now
 * - unknown: nobody of that name
 * - name: not a name or a host that a certificate of ours can carry
 * - busy: another process holds the authority
 * - unwritable: the system refuses to write
 */
export type PkiErrorCode =
  | 'pki.exists'
  | 'pki.missing'
  | 'pki.invalid'
  | 'pki.unknown'
  | 'pki.name'
  | 'pki.busy'
  | 'pki.unwritable'

/** The message names the file or the name. It never shows a key. */
export class PkiError extends CodedError<PkiErrorCode> {}
