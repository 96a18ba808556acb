// The text of a SIM array's line protocol, as the array reads and writes it. A request is one line of words, a reply
// `SSS text`, three digits of which a first 0 means success. Known from the traffic of the reference client; the
// words of refusals are this array's own.

import { bytesOfHex, hexOf } from '../base/hex.ts'

export type ArrayRequest = { readonly kind: 'reset' | 'content' | 'quit' } | SlotRequest

export type SlotRequest =
  | { readonly kind: 'use'; readonly slot: number }
  | { readonly kind: 'free'; readonly slot: number }
  /** A command APDU of any case: the array does what T=0 needs. */
  | { readonly kind: 'apdu'; readonly slot: number; readonly bytes: Uint8Array }
  /** Header with P3, and after `w` the data that P3 counts. */
  | { readonly kind: 'tpdu'; readonly slot: number; readonly bytes: Uint8Array }

/** The request in `line`, which has no line end, or undefined when it is none. */
export function arrayRequestOf(line: string): ArrayRequest | undefined {
  const [name = '', ...words] = line.trim().split(/ +/)
  const [slotWord = '', ...rest] = words
  if (words.length === 0) {
    const kind = BARE_REQUESTS[name]
    return kind === undefined ? undefined : { kind }
  }
  if (!/^[0-9]{3,5}$/.test(slotWord)) return undefined
  const slot = Number(slotWord)
  const [last = ''] = rest.slice(-1)
  const bytes = last === '' ? undefined : bytesOfHex(last)
  switch (name) {
    case 'USE':
    case 'FREE':
      return rest.length === 0 ? { kind: name === 'USE' ? 'use' : 'free', slot } : undefined
    case 'apdu':
      return rest.length === 1 && bytes !== undefined ? { kind: 'apdu', slot, bytes } : undefined
    case 'tpdu':
      if (rest.length !== 2 || bytes === undefined || !isTpdu(rest[0], bytes)) return undefined
      return { kind: 'tpdu', slot, bytes }
    default:
      return undefined
  }
}

/** A reply with bytes: hex, in which `*NNXX` is NN (hex) times the byte XX wherever that is shorter. */
export function bytesReplyOf(bytes: Uint8Array): string {
  let text = ''
  for (let start = 0; start < bytes.length; ) {
    const byte = bytes.subarray(start, start + 1)
    let end = start + 1
    while (end < bytes.length && bytes[end] === byte[0] && end - start < MAX_RUN) end++
    const count = end - start
    text += count < MIN_RUN ? hexOf(byte).repeat(count) : `*${hexOf(Uint8Array.of(count))}${hexOf(byte)}`
    start = end
  }
  return `000 ${text}`
}

/** One board of the array, as CONTENT tells of it. */
export interface BoardContent {
  /** 1 for slots 101 and up. */
  readonly board: number
  /** Slot 1 first. */
  readonly occupied: readonly boolean[]
  /** Another one each time a card has come or gone; one digit. */
  readonly changes: number
}

/** `FIRST:COUNT:HEXMAP:FLAG` a board, joined by dots; the first slot is the top bit of the first nibble. */
export function contentReplyOf(boards: readonly BoardContent[]): string {
  const groups = boards.map(({ board, occupied, changes }) => {
    return `${board * 100 + 1}:${occupied.length}:${mapOf(occupied)}:${changes}`
  })
  return `000 ${groups.join('.')}`
}

function mapOf(occupied: readonly boolean[]): string {
  let map = ''
  for (let start = 0; start < occupied.length; start += 4) {
    const bits = [0, 1, 2, 3].map((bit) => (occupied[start + bit] ? 8 >> bit : 0))
    map += bits.reduce((sum, bit) => sum + bit, 0).toString(16)
  }
  return map.toUpperCase()
}

function isTpdu(direction: string | undefined, bytes: Uint8Array): boolean {
  if (direction === 'r') return bytes.length === TPDU_HEADER_BYTES
  return direction === 'w' && bytes.length === TPDU_HEADER_BYTES + (bytes[TPDU_HEADER_BYTES - 1] ?? 0)
}

const BARE_REQUESTS: Partial<Record<string, 'reset' | 'content' | 'quit'>> = {
  RESET: 'reset',
  CONTENT: 'content',
  QUIT: 'quit',
}
const TPDU_HEADER_BYTES = 5
const MAX_RUN = 0xff
/** Five characters for a run, two for a byte. */
const MIN_RUN = 3
