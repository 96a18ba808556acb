// The rules of T=1 for the interface device, as one table: situation and event give the reaction. Clauses are those
// of ISO/IEC 7816-3, T=1; where the standard leaves the device a choice the row says what decided.

import {
  hasMore,
  isResponse,
  kindOf,
  rErrorOf,
  receiveNumberOf,
  type SequenceBit,
  sendNumberOf,
  sNameOf,
} from './block.ts'
import type { SBlockName, T1Profile } from './profile.ts'

/**
 * What we wait for. chain: that an I-block with more to follow is acknowledged; last: an answer to the last I-block of
 * the command; answer: the next I-block of the answer; request: the response to an S-block of ours; aborting: that the
 * card, whose S(ABORT) we answered, gives back the right to send.
 */
export type Situation = 'chain' | 'last' | 'answer' | 'request' | 'aborting'

/**
 * What happened. damaged: EDC wrong; malformed: no block of the dialect; silent: nothing came in time; i-next, i-other:
 * an I-block, the number expected or not; r-same, r-next: an R-block that wants the number of our last unacknowledged
 * I-block, or the one after it; s-answer: the response to our request; s-stray: an S-block that has no place here;
 * the others: requests of the card.
 */
export type T1Event =
  | 'damaged'
  | 'malformed'
  | 'silent'
  | 'i-next'
  | 'i-other'
  | 'r-same'
  | 'r-next'
  | 's-answer'
  | 's-stray'
  | 'wtx'
  | 'ifs'
  | 'abort'
  | 'resynch'

/**
 * What to do. ask: count a fault and send an R-block, the same as before when that was the last one sent; ask-again:
 * the same without a fault, since the block was valid.
 */
export type Reaction =
  | 'ask'
  | 'ask-again'
  | 'send-next'
  | 'send-again'
  | 'take'
  | 'request-again'
  | 'complete'
  | 'extend'
  | 'resize'
  | 'concede'
  | 'end'
  | 'resynchronise'

export interface Rule {
  readonly situations: readonly Situation[]
  readonly events: readonly T1Event[]
  readonly reaction: Reaction
  readonly source: string
}

/** What the next block is compared with. */
export interface Expectation {
  /** N(S) of our I-block that is not acknowledged yet, or of the next one. */
  readonly ns: SequenceBit
  /** N(S) of the next I-block of the card. */
  readonly nr: SequenceBit
  /** The S-block that waits for its response. */
  readonly request: SBlockName | undefined
  readonly requestInf: Uint8Array
}

/** The reaction to `event`. The table has exactly one for each situation and event that `eventOf` can bring together. */
export function reactionTo(situation: Situation, event: T1Event): Reaction {
  return LOOKUP[situation][event] ?? 'ask'
}

/**
 * What an intact block means.
 * @param inf  as many bytes as LEN says
 */
export function eventOf(profile: T1Profile, pcb: number, inf: Uint8Array, expected: Expectation): T1Event {
  switch (kindOf(pcb)) {
    case 'I':
      return sendNumberOf(pcb) === expected.nr ? 'i-next' : 'i-other'
    case 'R':
      if (inf.length !== 0 || rErrorOf(pcb) > profile.maxRError) return 'malformed'
      return receiveNumberOf(pcb) === expected.ns ? 'r-same' : 'r-next'
    case 'S':
      return sEventOf(profile, pcb, inf, expected)
    case 'invalid':
      return 'malformed'
  }
}

/** Whether what happened counts as a failed attempt. */
export function isFault(reaction: Reaction): boolean {
  return reaction === 'ask' || reaction === 'request-again' || reaction === 'resynchronise'
}

/** Whether a reaction to the last block brings an exchange forward, so that the count of those that do not starts again. */
export function isProgress(reaction: Reaction, pcb: number, infLength: number): boolean {
  if (reaction === 'take') return infLength > 0 || !hasMore(pcb)
  return reaction === 'send-next' || reaction === 'complete' || reaction === 'end'
}

/**
 * The information field size that the INF of an S(IFS) says, or undefined when it is none that may be said: one byte
 * of 01..FE; under T=1' also two bytes, up to the longest INF.
 */
export function ifsOf(profile: T1Profile, inf: Uint8Array): number | undefined {
  const [first = 0, second = 0] = inf
  if (inf.length === 1) return first === 0 || first > MAX_IFS_OF_ONE_BYTE ? undefined : first
  if (inf.length !== 2 || profile.lengthBytes !== 2) return undefined
  const size = (first << 8) | second
  return size === 0 || size > profile.maxInfBytes ? undefined : size
}

/** INF of an S(IFS) that says `size`: one byte where that is enough, else two, which only T=1' has. */
export function infOfIfs(size: number): Uint8Array {
  return size > MAX_IFS_OF_ONE_BYTE ? Uint8Array.of(size >> 8, size & 0xff) : Uint8Array.of(size)
}

function sEventOf(profile: T1Profile, pcb: number, inf: Uint8Array, expected: Expectation): T1Event {
  const name = sNameOf(profile, pcb)
  if (name === undefined || !isInfOf(profile, name, inf)) return 'malformed'
  if (isResponse(pcb))
    return name === expected.request && isAnswer(name, inf, expected) ? 's-answer' : 's-stray'
  // Only these may the card ask for.
  return name === 'wtx' || name === 'ifs' || name === 'abort' || name === 'resynch' ? name : 's-stray'
}

/** Whether an S-block of this name, request or response, may have this INF. */
export function isInfOf(profile: T1Profile, name: SBlockName, inf: Uint8Array): boolean {
  if (name === 'resynch' || name === 'abort') return inf.length === 0
  if (name === 'wtx') return inf.length === 1 && inf[0] !== 0
  return name !== 'ifs' || ifsOf(profile, inf) !== undefined
}

/** Rule 4: a response to S(IFS) repeats the INF of the request. Other responses may say anything. */
function isAnswer(name: SBlockName, inf: Uint8Array, { requestInf }: Expectation): boolean {
  if (name !== 'ifs') return true
  return inf.length === requestInf.length && inf.every((byte, offset) => byte === requestInf[offset])
}

const IN_EXCHANGE: readonly Situation[] = ['chain', 'last', 'answer', 'aborting']
const NOTHING_VALID: readonly T1Event[] = ['damaged', 'malformed', 'silent']

export const RULES: readonly Rule[] = [
  {
    situations: IN_EXCHANGE,
    events: [...NOTHING_VALID, 's-stray'],
    reaction: 'ask',
    source: 'rules 6.1 and 7.1; 7.2 when the last block was an R-block; 7.3 when it was S(... response)',
  },
  {
    situations: ['request'],
    events: [...NOTHING_VALID, 's-stray', 'i-next', 'i-other', 'r-same', 'r-next', 'abort', 'resynch'],
    reaction: 'request-again',
    source: 'rule 7.3',
  },
  { situations: ['request'], events: ['s-answer'], reaction: 'complete', source: 'rules 4, 6.3 and 9' },

  { situations: ['chain'], events: ['r-next'], reaction: 'send-next', source: 'rule 2.2' },
  {
    situations: ['chain', 'last'],
    events: ['r-same'],
    reaction: 'send-again',
    source: 'rule 7.1, its answer',
  },
  {
    situations: ['last'],
    events: ['r-next'],
    reaction: 'ask-again',
    // Sending the I-block again would be a second command.
    source: 'rule 7.1: the command has arrived, its answer was lost',
  },
  { situations: ['answer'], events: ['r-same', 'r-next'], reaction: 'ask-again', source: 'rule 7.2' },

  {
    situations: ['chain'],
    events: ['i-next', 'i-other'],
    reaction: 'ask',
    source: 'rule 2.2, broken by the card',
  },
  { situations: ['last', 'answer'], events: ['i-next'], reaction: 'take', source: 'rules 2.1, 2.2 and 5' },
  {
    situations: ['last', 'answer'],
    events: ['i-other'],
    reaction: 'ask-again',
    source: 'rule 7.1: a block that we have, so ours was lost',
  },

  { situations: [...IN_EXCHANGE, 'request'], events: ['wtx'], reaction: 'extend', source: 'rule 3' },
  { situations: [...IN_EXCHANGE, 'request'], events: ['ifs'], reaction: 'resize', source: 'rule 4' },
  { situations: IN_EXCHANGE, events: ['abort'], reaction: 'concede', source: 'rule 9' },
  {
    situations: ['aborting'],
    events: ['r-same', 'r-next', 'i-next', 'i-other'],
    reaction: 'end',
    source: 'rule 9: the right to send comes back as an R-block or an I-block',
  },
  {
    situations: IN_EXCHANGE,
    events: ['resynch'],
    reaction: 'resynchronise',
    source: 'rule 6.2: only the device may ask, so the card has lost its way',
  },
]

function lookupOf(rules: readonly Rule[]): Record<Situation, Partial<Record<T1Event, Reaction>>> {
  const lookup: Record<Situation, Partial<Record<T1Event, Reaction>>> = {
    chain: {},
    last: {},
    answer: {},
    request: {},
    aborting: {},
  }
  for (const { situations, events, reaction } of rules) {
    for (const situation of situations) for (const event of events) lookup[situation][event] = reaction
  }
  return lookup
}

const LOOKUP = lookupOf(RULES)
const MAX_IFS_OF_ONE_BYTE = 0xfe
