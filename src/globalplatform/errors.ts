// What can go wrong between a host and a security domain.

import { CodedError } from '../base/errors.ts'

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

/** `sw` is that of the element, where it is the reason. */
export class GlobalPlatformError extends CodedError<GlobalPlatformErrorCode> {
  readonly sw: number | undefined

  constructor(code: GlobalPlatformErrorCode, message: string, options?: ErrorOptions & { sw?: number }) {
    super(code, message, options)
    this.sw = options?.sw
  }
}
