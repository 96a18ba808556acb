// What the error codes of PC/SC mean to the gateway.

import { ElementError, LinkError } from './errors.ts'

/** Error codes of pcsc-lite (pcsclite.h, version 1.9.9). */
export const SCARD = {
  E_CANCELLED: 0x80100002,
  E_INVALID_HANDLE: 0x80100003,
  E_INSUFFICIENT_BUFFER: 0x80100008,
  E_UNKNOWN_READER: 0x80100009,
  E_SHARING_VIOLATION: 0x8010000b,
  E_NO_SMARTCARD: 0x8010000c,
  E_PROTO_MISMATCH: 0x8010000f,
  F_COMM_ERROR: 0x80100013,
  E_NOT_TRANSACTED: 0x80100016,
  E_READER_UNAVAILABLE: 0x80100017,
  E_NO_SERVICE: 0x8010001d,
  E_SERVICE_STOPPED: 0x8010001e,
  W_UNSUPPORTED_CARD: 0x80100065,
  W_UNRESPONSIVE_CARD: 0x80100066,
  W_UNPOWERED_CARD: 0x80100067,
  W_RESET_CARD: 0x80100068,
  W_REMOVED_CARD: 0x80100069,
} as const

/**
 * The error that a code of PC/SC amounts to; `cause` is what the library said.
 * - link.nack: another program has the card, and may give it back
 * - element.gone, element.absent, element.mute, element.unsupported: the card
 * - link.closed: pcscd or the reader is gone, and everything else
 */
export function failureOf(
  reader: string,
  code: number | undefined,
  cause: unknown,
): LinkError | ElementError {
  const say = (what: string): [string, ErrorOptions] => [`reader '${reader}': ${what}`, { cause }]
  switch (code) {
    case SCARD.E_SHARING_VIOLATION:
      return new LinkError('link.nack', ...say('another program uses its card'))
    case SCARD.W_REMOVED_CARD:
      return new ElementError('element.gone', ...say('the card was removed'))
    case SCARD.E_NO_SMARTCARD:
      return new ElementError('element.absent', ...say('no card'))
    case SCARD.W_UNRESPONSIVE_CARD:
    case SCARD.W_UNPOWERED_CARD:
    case SCARD.E_NOT_TRANSACTED:
      return new ElementError('element.mute', ...say('the card does not answer'))
    case SCARD.W_RESET_CARD:
      return new ElementError('element.mute', ...say('another program has reset the card'))
    case SCARD.W_UNSUPPORTED_CARD:
    case SCARD.E_PROTO_MISMATCH:
      return new ElementError('element.unsupported', ...say('the card speaks neither T=0 nor T=1'))
    case SCARD.E_INSUFFICIENT_BUFFER:
      return new ElementError('element.unsupported', ...say('the answer is longer than a response may be'))
    case undefined:
    default:
      return new LinkError('link.closed', ...say('not usable'))
  }
}
