// What a SIM array's replies mean: lines, runs of bytes, the inventory. Pure. The protocol is known from the traffic of
// the reference client only; so separators are read tolerantly, everything else strictly and within bounds.

import { bytesOfHex } from '../base/hex.ts'

/** One line: `SSS<separator>text`. */
export interface ArrayReply {
  /** The first character is 0. */
  readonly isSuccess: boolean
  /** What follows the separator, without blanks at its ends. */
  readonly text: string
  /** The whole line, for people. */
  readonly line: string
}

/** The reply in a line without its line end, or undefined when it is none. */
export function arrayReplyOf(line: string): ArrayReply | undefined {
  const trimmed = line.trim()
  // The reference client looks at the first character, and reads on from column 4 whatever is in column 3.
  const match = /^([0-9A-Za-z]{3})(?:[^0-9A-Za-z*]([\x20-\x7e\t]*))?$/.exec(trimmed)
  if (match === null) return undefined
  return { isSuccess: trimmed.startsWith('0'), text: (match[2] ?? '').trim(), line: trimmed }
}

/**
 * The bytes of `text`: hex, in which `*NNXX` is NN (hex, not 00) times the byte XX.
 * @returns a fresh array; undefined when it is anything else, or longer than MAX_RESPONSE_BYTES
 */
export function bytesOfRuns(text: string): Uint8Array | undefined {
  const parts: Uint8Array[] = []
  let length = 0
  for (const [index, piece] of text.split('*').entries()) {
    const bytes = bytesOfHex(piece)
    if (bytes === undefined) return undefined
    if (index === 0) {
      parts.push(bytes)
    } else {
      const [count = 0, byte] = bytes
      if (count === 0 || byte === undefined) return undefined
      parts.push(new Uint8Array(count).fill(byte), bytes.subarray(RUN_BYTES))
    }
    for (const part of parts.slice(index === 0 ? 0 : -2)) length += part.length
    if (length > MAX_RESPONSE_BYTES) return undefined
  }
  return new Uint8Array(Buffer.concat(parts))
}

/** The slots that one reply to CONTENT names. */
export interface ArrayContent {
  /** Slot number, board * 100 + slot, to whether a card is in it. */
  readonly slots: ReadonlyMap<number, SlotContent>
}

export interface SlotContent {
  readonly isOccupied: boolean
  /** FLAG of the group. Assumed: whenever a card has come or gone it differs from what it was. */
  readonly flag: string
}

/**
 * The inventory in `FIRST:COUNT:HEXMAP:FLAG[.FIRST:COUNT:HEXMAP:FLAG...]`: COUNT slots from FIRST on, of which HEXMAP
 * has one bit each, the top bit of the first nibble first. An array without groups is an empty text.
 * @returns undefined when a group is malformed or a slot is named twice
 */
export function arrayContentOf(text: string): ArrayContent | undefined {
  const slots = new Map<number, SlotContent>()
  if (text === '') return { slots }
  const groups = text.split('.')
  if (groups.length > MAX_GROUPS) return undefined
  for (const group of groups) {
    const match = GROUP.exec(group.trim())
    if (match === null) return undefined
    const [first, count] = [Number(match[1]), Number(match[2])]
    const [map = '', flag = ''] = match.slice(3)
    const isOnBoard = first % 100 >= 1 && count >= 1 && (first % 100) + count <= 100
    if (!isOnBoard || map.length !== Math.ceil(count / 4)) return undefined
    for (let index = 0; index < count; index++) {
      if (slots.has(first + index)) return undefined
      const nibble = Number.parseInt(map[index >> 2] ?? '0', 16)
      slots.set(first + index, { isOccupied: (nibble & (8 >> (index & 3))) !== 0, flag })
    }
  }
  return { slots }
}

/** Response APDU of extended length: 65536 data bytes and the status word. */
export const MAX_RESPONSE_BYTES = 65_536 + 2

/**
 * The longest line that is read. The reference client has 2048 characters, too few for extended length; five
 * characters for every two bytes leave room for an array that writes a pair of equal bytes as a run.
 */
export const MAX_LINE_BYTES = 8 + Math.ceil((MAX_RESPONSE_BYTES / 2) * 5)

/** More than any array has boards: numbers have five digits at most. */
const MAX_GROUPS = 999
const GROUP = /^([0-9]{3,5}):([0-9]{1,2}):([0-9A-Fa-f]{1,25}):([0-9A-Za-z]{1,8})$/
const RUN_BYTES = 2
