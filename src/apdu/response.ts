// The response APDU: data, then SW1 SW2 (ISO/IEC 7816-3, response APDU).

import { STATUS_WORD_BYTES, statusWordOf } from './status-word.ts'

/** A response that was checked once. Named so because `Response` is a global of the platform. */
export interface ResponseApdu {
  /** The bytes before the status word, a view borrowed from the input; empty when there are none. */
  readonly data: Uint8Array
  readonly sw: number
  readonly sw1: number
  readonly sw2: number
}

/** The longest response: what the largest extended Le asks for, and the status word. */
export const MAX_RESPONSE_BYTES = 65536 + STATUS_WORD_BYTES

/**
 * The response that `bytes` are, or undefined when they are none: under 2 or over `MAX_RESPONSE_BYTES` bytes.
 * @param bytes  `data | SW1 SW2`; borrowed as long as `data` is used
 */
export function responseOf(bytes: Uint8Array): ResponseApdu | undefined {
  const sw = statusWordOf(bytes)
  if (sw === undefined || bytes.length > MAX_RESPONSE_BYTES) return undefined
  return { data: bytes.subarray(0, bytes.length - STATUS_WORD_BYTES), sw, sw1: sw >> 8, sw2: sw & 0xff }
}
