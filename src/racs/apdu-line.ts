// The parameters of APDU: a command in hex, and what is to be made of its answers.
//
//   APDU seid hex [CONTINUE=sw] [MORE=sw1] [FETCH=cla ins p1 p2]

import { APDU_SCRATCH_BYTES } from '../drivers/driver.ts'
import type { Dialect } from './dialect.ts'
import { RequestError } from './errors.ts'

export interface ApduLine {
  /** A whole command, at least its header; or shorter in a lenient dialect. */
  readonly command: Uint8Array
  /** The status word without which the request ends. */
  readonly expectedSw: number | undefined
  /** The SW1 that announces more data. */
  readonly moreSw1: number | undefined
  /** CLA INS P1 P2 of what fetches it. */
  readonly fetch: Uint8Array
}

/**
 * @param parameters  what follows the SEID
 * @throws RequestError request.syntax, request.bad-value
 */
export function apduLineOf(parameters: readonly string[], parsing: Dialect['parsing']): ApduLine {
  const [hex = '', ...options] = parameters
  const command = parsing === 'strict' ? strictBytes(hex) : lenientBytes(hex)
  if (command === undefined || command.length === 0 || (parsing === 'strict' && command.length < 4)) {
    throw new RequestError('request.syntax', 'an APDU is an even number of hex digits, 8 or more')
  }
  if (command.length > APDU_SCRATCH_BYTES) {
    const message = `APDU of ${command.length} bytes, at most ${APDU_SCRATCH_BYTES}`
    throw new RequestError('request.bad-value', message)
  }
  const found: { continue?: number; more?: number; fetch?: Uint8Array } = {}
  for (const option of options) {
    if (!take(option, found) && parsing === 'strict') {
      const message = 'options of APDU are CONTINUE=4 hex digits, MORE=2 and FETCH=8, each once'
      throw new RequestError('request.syntax', message)
    }
  }
  const { continue: expectedSw, more: moreSw1, fetch = GET_RESPONSE } = found
  return { command, expectedSw, moreSw1, fetch }
}

function take(option: string, found: { continue?: number; more?: number; fetch?: Uint8Array }): boolean {
  const [, name, hex = ''] = /^(CONTINUE|MORE|FETCH)=([0-9A-Fa-f]+)$/.exec(option) ?? []
  if (name === 'CONTINUE' && hex.length === 4 && found.continue === undefined) {
    found.continue = Number.parseInt(hex, 16)
  } else if (name === 'MORE' && hex.length === 2 && found.more === undefined) {
    found.more = Number.parseInt(hex, 16)
  } else if (name === 'FETCH' && hex.length === 8 && found.fetch === undefined) {
    found.fetch = Buffer.from(hex, 'hex')
  } else {
    return false
  }
  return true
}

function strictBytes(hex: string): Uint8Array | undefined {
  return /^([0-9A-Fa-f]{2})+$/.test(hex) ? Buffer.from(hex, 'hex') : undefined
}

/** Two digits are a byte, whatever stands between them; a last single digit is dropped (transcripts C53, C61). */
function lenientBytes(hex: string): Uint8Array {
  const digits = hex.replace(/[^0-9A-Fa-f]/g, '')
  return Buffer.from(digits.slice(0, digits.length & ~1), 'hex')
}

const GET_RESPONSE = Uint8Array.of(0x00, 0xc0, 0x00, 0x00)
