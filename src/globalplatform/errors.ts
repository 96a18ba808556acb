// What can go wrong between a host and a security domain.

import { CodedError } from '../base/errors.ts'
import { hexOfSw } from '../base/hex.ts'

export type GlobalPlatformErrorCode =
  /** The element uses a protocol, an option or an algorithm that is not ours; nothing was tried. */
  | 'gp.unsupported'
  /** The element does not have these keys: its cryptogram is not ours. Nothing was sent under them. */
  | 'gp.wrong-keys'
  /** The element answered with a status word that ends the operation. */
  | 'gp.refused'
  /** An answer that is not what the specification has there. */
  | 'gp.malformed'
  /** The MAC of an answer is wrong: it is not the element that spoke, or not to this command. */
  | 'gp.wrong-mac'
  /** The secure channel was ended by an earlier failure. */
  | 'gp.session-over'
  /** What the caller asks for cannot be said in the commands of GlobalPlatform. */
  | 'gp.request'

/** What was being done, in the words of the specification. */
export type Step =
  | 'SELECT'
  | 'INITIALIZE UPDATE'
  | 'EXTERNAL AUTHENTICATE'
  | 'GET STATUS'
  | 'INSTALL [for load]'
  | 'LOAD'
  | 'INSTALL [for install]'
  | 'DELETE'
  | 'PUT KEY'

export class GlobalPlatformError extends CodedError<GlobalPlatformErrorCode> {
  /** Of gp.refused: at which step, and with which status word; none when there is simply nobody who answers. */
  readonly refusal: { readonly step: Step; readonly sw: number | undefined } | undefined

  constructor(
    code: GlobalPlatformErrorCode,
    message: string,
    options?: ErrorOptions & { readonly refusal?: GlobalPlatformError['refusal'] },
  ) {
    super(code, message, options)
    this.refusal = options?.refusal
  }
}

/** @param detail  what else there is to say, for instance which of several */
export function refused(step: Step, sw: number, detail = ''): GlobalPlatformError {
  const digits = hexOfSw(sw)
  return new GlobalPlatformError('gp.refused', `${step}${detail}: ${digits}`, { refusal: { step, sw } })
}
