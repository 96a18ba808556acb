// Which commands are tries of a key or a PIN, judged by header and length alone, and how they ended. A card counts its
// wrong tries and blocks itself for ever after a few of them.
//
// ISO/IEC 7816-4 (EXTERNAL AUTHENTICATE, VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER; command chaining) and
// GlobalPlatform Card Specification (INITIALIZE UPDATE).

import { commandOf } from '../apdu/command.ts'
import { hexOfByte } from '../base/hex.ts'
import { channelOf, claOf, headerOf, plainHeadersOf } from './header.ts'

/** What the element counts: tries of keys and tries of PINs are limited apart. */
export type TryKind = 'authentication' | 'verification'

export const TRY_KINDS: readonly TryKind[] = ['authentication', 'verification']

/** One command that tries a key or a PIN. */
export interface Try {
  readonly kind: TryKind
  /** `opens`: an INITIALIZE UPDATE, which is a wrong try unless its EXTERNAL AUTHENTICATE succeeds. */
  readonly role: 'opens' | 'proves'
  /** What it tries, within the application: `pin P2`, `code P2` that unblocks a PIN, `key P2`; see `formOf`. */
  readonly secret: string
  /** The logical channel, 0..19. */
  readonly channel: number
  /** Its success shows nothing: it is, or may be, a part of a command. */
  readonly isChained: boolean
}

/** The try that `command` is, on any logical channel, in clear or secured; undefined when it is none. */
export function tryOf(command: Uint8Array): Try | undefined {
  const header = headerOf(command)
  const channel = channelOf(header)
  const isChained = (claOf(header) & CLA_CHAINED) !== 0
  const p2 = hexByte(header)
  if (isInitializeUpdate(header)) {
    return { kind: 'authentication', role: 'opens', secret: `key ${p2}`, channel, isChained }
  }
  const ins = insOf(header)
  if (ins === INS_EXTERNAL_AUTHENTICATE) {
    return { kind: 'authentication', role: 'proves', secret: `key ${p2}`, channel, isChained }
  }
  const what = SECRETS.get(ins)
  // Without data, VERIFY asks how many tries are left.
  if (what === undefined || !hasData(command)) return undefined
  return {
    kind: 'verification',
    role: 'proves',
    secret: `${what} ${p2}${formOf(header)}`,
    channel,
    isChained,
  }
}

/**
 * True when an INITIALIZE UPDATE before `command` comes to nothing by it, on whatever channel: SELECT, MANAGE CHANNEL or
 * MANAGE SECURITY ENVIRONMENT, in any class. What is chosen afterwards must not answer for the key that was tried.
 */
export function abandonsTry(command: Uint8Array): boolean {
  return ABANDONING.has(insOf(headerOf(command)))
}

/** `none`: the element has refused the command before it looked at the key or PIN. */
export type Outcome = 'success' | 'failure' | 'none'

/** How a try ended. @param sw  the status word; 0 when there was no answer: the element may have counted it */
export function outcomeOf(sw: number): Outcome {
  if (sw === SW_DONE || sw >> 8 === SW1_MORE) return 'success'
  return sw >> 8 === SW1_WRONG_LE || NO_TRIES.has(sw) ? 'none' : 'failure'
}

/**
 * Which version of a key an INITIALIZE UPDATE tries: by what was answered, else by what was asked for.
 * @param answer  data and status word
 */
export function keyVersionOf(command: Uint8Array, answer: Uint8Array): string {
  const version = answer[KEY_VERSION_OFFSET]
  if (version !== undefined && answer.length >= INITIALIZE_UPDATE_BYTES) return `v${hexByte(version)}`
  return `p${hexByte(headerOf(command) >>> 8)}`
}

function isInitializeUpdate(header: number): boolean {
  return plainHeadersOf(header).some((plain) => claOf(plain) === CLA_GLOBALPLATFORM) && insOf(header) === 0x50
}

/** In a proprietary class, CLA INS P1 may say which PIN is meant, nobody knows how: `pin P2 of CLA INS P1`. */
function formOf(header: number): string {
  if (claOf(header) < CLA_PROPRIETARY) return ''
  const [, unchained] = plainHeadersOf(header)
  return ` of ${hexByte(unchained >>> 24)}${hexByte(header >>> 16)}${hexByte(header >>> 8)}`
}

/** Lengths that contradict each other are in doubt: the element may see data there. */
function hasData(command: Uint8Array): boolean {
  return (commandOf(command)?.data.length ?? command.length) > 0
}

function insOf(header: number): number {
  return (header >>> 16) & 0xff
}

function hexByte(value: number): string {
  return hexOfByte(value & 0xff)
}

const CLA_GLOBALPLATFORM = 0x80
const CLA_PROPRIETARY = 0x80
/** Interindustry classes, bit 5; of proprietary ones nobody knows. */
const CLA_CHAINED = 0x10
const INS_EXTERNAL_AUTHENTICATE = 0x82
/** VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER; in proprietary classes as well, as SIMs and old applets do. */
const SECRETS: ReadonlyMap<number, string> = new Map([
  [0x20, 'pin'],
  [0x21, 'pin'],
  [0x24, 'pin'],
  [0x2c, 'code'],
])
/** MANAGE SECURITY ENVIRONMENT, MANAGE CHANNEL, SELECT. */
const ABANDONING: ReadonlySet<number> = new Set([0x22, 0x70, 0xa4])
const SW_DONE = 0x9000
const SW1_MORE = 0x61
const SW1_WRONG_LE = 0x6c
/** Length, channel, secure messaging, function, file, P1 P2, Lc, reference, instruction or class are wrong. */
const NO_TRIES: ReadonlySet<number> = new Set([
  ...[0x6700, 0x6881, 0x6882, 0x6a81, 0x6a82, 0x6a86, 0x6a87, 0x6a88],
  ...[0x6b00, 0x6d00, 0x6e00],
])
/** Behind ten bytes of key diversification data (GlobalPlatform, response to INITIALIZE UPDATE). */
const KEY_VERSION_OFFSET = 10
/** The shortest answer: diversification data, key information, challenge, cryptogram, status word. */
const INITIALIZE_UPDATE_BYTES = 30
