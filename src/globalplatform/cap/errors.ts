// What can be wrong with a CAP file that somebody hands in.

import { CodedError } from '../../base/errors.ts'

/**
 * `cap.not-zip`: no zip archive at all; `cap.too-large`: over a bound, and not read further; `cap.damaged`: the
 * archive is cut off or altered; `cap.missing`: a component that a card needs is not there; `cap.malformed`: a name or
 * component breaks the rules of CAP files; `cap.unsupported`: by the rules perhaps, but not for us.
 */
export type CapErrorCode =
  | 'cap.not-zip'
  | 'cap.too-large'
  | 'cap.damaged'
  | 'cap.missing'
  | 'cap.malformed'
  | 'cap.unsupported'

/** The message says what is wrong, where, and what to do. Names out of the archive are quoted and cut in it. */
export class CapError extends CodedError<CapErrorCode> {}

/** @param where  a component as it is called in the archive, such as `Applet.cap` */
export function malformed(where: string, reason: string, options?: ErrorOptions): CapError {
  return new CapError('cap.malformed', `${where}: ${reason}; build the CAP file again`, options)
}

export function damaged(where: string, reason: string, options?: ErrorOptions): CapError {
  return new CapError('cap.damaged', `${where}: ${reason}; fetch the CAP file again`, options)
}

export function unsupported(where: string, reason: string, options?: ErrorOptions): CapError {
  return new CapError('cap.unsupported', `${where}: ${reason}`, options)
}
