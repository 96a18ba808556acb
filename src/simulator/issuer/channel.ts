// What the two secure channel protocols do for the domain: one handshake, then command by command.

import type { Answer } from '../answer.ts'
import type { Command } from '../command.ts'

/** After INITIALIZE UPDATE. */
export interface Handshake {
  /** What INITIALIZE UPDATE answers. */
  readonly answer: Uint8Array
  /** Undefined when cryptogram or MAC are wrong. @param command  EXTERNAL AUTHENTICATE, whose level is known to fit */
  authenticate(command: Command): CardChannel | undefined
  /** Whether the protocol has this security level. */
  offers(level: number): boolean
}

/** After EXTERNAL AUTHENTICATE. */
export interface CardChannel {
  readonly level: number
  /** The data in clear; undefined when the MAC or the padding is wrong. @param command  of class 84 */
  open(command: Command): Uint8Array | undefined
  /** What goes back to the host. */
  close(answer: Answer): Answer
  /** A key of PUT KEY, in clear and with its padding; undefined when it has no whole blocks. */
  openKey(secret: Uint8Array): Uint8Array | undefined
}

export function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}

/** Class of commands with secure messaging, on the basic channel. */
export const SECURED = 0x84
export const MAC_LENGTH = 8
