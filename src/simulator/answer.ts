// What an instruction of the card answers: data and a status word. Refusals are answers, never exceptions.

import type { LatencyStep } from './latency.ts'

/** Data, status word, and which kind of work it took (for the simulated latency). */
export interface Answer {
  readonly data: Uint8Array
  readonly sw: number
  readonly step?: LatencyStep
}

/** Status words of the applications and of the runtime below them. A low byte of zero is filled in by the user. */
export const SW = {
  OK: 0x9000,
  HANDSHAKE_COMPLETE: 0x9001,
  SESSION_FINISHED: 0x9002,
  /** 9Fxx: a further C0 yields xx bytes. */
  MORE: 0x9f00,
  /** 61xx: GET RESPONSE yields xx bytes (T=0). */
  RESPONSE_WAITING: 0x6100,
  /** Also: wrong host cryptogram. */
  PIN_WRONG: 0x6300,
  /** GET STATUS has more than fits into one answer. */
  MORE_ENTRIES: 0x6310,
  RIGHT_MISSING: 0x6380,
  /** The public half, or the private half, of a key pair stands in the way: set, or not set. */
  PUBLIC_HALF: 0x6401,
  PRIVATE_HALF: 0x6402,
  WRONG_LENGTH: 0x6700,
  SECURITY: 0x6982,
  BLOCKED: 0x6983,
  ALREADY_SET: 0x6984,
  CONDITIONS: 0x6985,
  WRONG_DATA: 0x6a80,
  FILE_NOT_FOUND: 0x6a82,
  NO_MEMORY: 0x6a84,
  WRONG_P1P2: 0x6a86,
  NOT_FOUND: 0x6a88,
  WRONG_P2: 0x6b00,
  /** 6Cxx: the right Le is xx. */
  WRONG_LE: 0x6c00,
  UNKNOWN_INS: 0x6d00,
  UNKNOWN_CLA: 0x6e00,
  READ_RANGE: 0x6d01,
  /** Also: more than one record, or less, or too much, in one sequence of D8. */
  WRITE_RANGE: 0x6d02,
  GENERATE_FAILED: 0x6d10,
  DECRYPT_FAILED: 0x6d14,
  ENCRYPT_FAILED: 0x6d15,
  TLS_FAILED: 0x6d16,
  SIGN_FAILED: 0x6d20,
  GET_FAILED: 0x6d30,
  SET_FAILED: 0x6d40,
  ECDH_FAILED: 0x6d50,
  EXCEPTION: 0x6f00,
} as const

const NO_DATA = new Uint8Array(0)

/** 9000 with `data`. */
export function ok(data: Uint8Array = NO_DATA): Answer {
  return { data, sw: SW.OK }
}

/** A status word without data. */
export function status(sw: number): Answer {
  return { data: NO_DATA, sw }
}
