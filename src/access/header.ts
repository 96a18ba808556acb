// What the header of a command, CLA INS P1 P2 as one number of 32 bits, says about channel and selection.
// ISO/IEC 7816-4 (class byte; SELECT; MANAGE CHANNEL), and for proprietary classes the layout of Java Card.

/** The header of `command` as a signed number of 32 bits; bytes that are missing count as 00. */
export function headerOf(command: Uint8Array): number {
  const [cla = 0, ins = 0, p1 = 0, p2 = 0] = command
  return (cla << 24) | (ins << 16) | (p1 << 8) | p2
}

export function claOf(header: number): number {
  return header >>> 24
}

/** The logical channel, 0..19. Bit 7 of the class tells the two layouts apart, in proprietary classes as well. */
export function channelOf(header: number): number {
  const cla = claOf(header)
  return (cla & CLA_FURTHER) === 0 ? cla & 0x03 : FIRST_FURTHER_CHANNEL + (cla & 0x0f)
}

/** True for a SELECT by name in any form: any P2, chained or secured. */
export function isSelectByName(header: number): boolean {
  return isInterindustry(header) && (header & 0xffff00) === 0xa40400
}

/**
 * True for what chooses a file or a key within an application: SELECT, and MANAGE SECURITY ENVIRONMENT, by which
 * EXTERNAL AUTHENTICATE and VERIFY with P2 = 00 find their key or PIN. In any class: some elements take SELECT so.
 */
export function isMove(header: number): boolean {
  return (header & 0xff0000) === 0xa40000 || (header & 0xff0000) === 0x220000
}

/** True for CLA INS P1 P2 = 00 A4 04 00 on any channel, neither chained nor secured. */
export function isPlainSelect(header: number): boolean {
  return isPlainClass(header) && (header & 0xffffff) === 0xa40400
}

/** True when the data of this SELECT by name are in clear, whole, and name the first match. */
export function isSelectOfFirst(header: number): boolean {
  return isPlainClass(header) && (header & P2_OCCURRENCE) === 0
}

/** The channel whose selection is gone after this MANAGE CHANNEL; `all` when the element alone knows. */
export function channelLeftBy(header: number): number | 'all' | undefined {
  if (!isManageChannel(header) || ((header >>> 8) & P1_CLOSE_OR_RESET) === 0) return undefined
  return numberedChannelOf(header) ?? channelOf(header)
}

/** The channel that this MANAGE CHANNEL opens by number; undefined when the element chooses a free one. */
export function channelOpenedBy(header: number): number | 'all' | undefined {
  if (!isManageChannel(header) || ((header >>> 8) & P1_CLOSE_OR_RESET) !== 0) return undefined
  return numberedChannelOf(header)
}

/**
 * `header` without logical channel, secure messaging and chaining. In classes 80..BF the chaining bit may as well
 * belong to the class (90 is one that is used): `plainHeadersOf` has both readings, and they are equal elsewhere.
 */
export function plainHeadersOf(header: number): readonly [number, number] {
  const cla = claOf(header)
  const rest = header & 0xffffff
  if (cla < 0x80) return [rest, rest]
  if (cla >= 0xc0) return [(0x80 << 24) | rest, (0x80 << 24) | rest]
  return [((cla & 0xf0) << 24) | rest, ((cla & 0xe0) << 24) | rest]
}

function isInterindustry(header: number): boolean {
  return claOf(header) < 0x80
}

/** Interindustry, no chaining, no secure messaging: 00..03 and 40..4F. */
function isPlainClass(header: number): boolean {
  const cla = claOf(header)
  return (cla & 0xfc) === 0 || (cla & 0xf0) === CLA_FURTHER
}

function isManageChannel(header: number): boolean {
  return isInterindustry(header) && (header & 0xff0000) === 0x700000
}

function numberedChannelOf(header: number): number | 'all' | undefined {
  const p2 = header & 0xff
  if (p2 === 0) return undefined
  // An element may ignore the upper bits of a number that does not exist.
  return p2 < CHANNELS ? p2 : 'all'
}

/** No class: readers take it for a command to themselves. */
export const CLA_INVALID = 0xff

const CLA_FURTHER = 0x40
const FIRST_FURTHER_CHANNEL = 4
const CHANNELS = 20
/** P2 of SELECT, bits 2 and 1: 00 is the first or only occurrence. */
const P2_OCCURRENCE = 0x03
/** P1 of MANAGE CHANNEL: 80 closes, 40 resets, 00 opens. */
const P1_CLOSE_OR_RESET = 0xc0
