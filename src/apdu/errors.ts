// What can be wrong with what an element sent, seen as APDUs and ATRs.

import { CodedError } from '../base/errors.ts'

export type ApduErrorCode = 'apdu.malformed' | 'apdu.overflow' | 'apdu.endless' | 'atr.malformed'

/** Bytes that break the rules of APDUs or ATRs. A status word, whatever its value, is never an error. */
export class ApduError extends CodedError<ApduErrorCode> {}
