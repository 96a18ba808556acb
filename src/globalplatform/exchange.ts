// One command and its whole answer, over whatever carries APDUs to the element.

import { FollowUp, GENERAL_RULES } from '../apdu/follow-up.ts'
import { messageOf } from '../base/errors.ts'
import { GlobalPlatformError } from './errors.ts'

/**
 * Carries one APDU to the element.
 * @param command  borrowed until the promise settles
 * @returns data and status word, a fresh array
 */
export type Transmit = (command: Uint8Array) => Promise<Uint8Array>

/**
 * Carries several, each only when the one before was answered by 9000, 61xx followed up.
 * @returns the answers of those that were carried, so that only the last may have another status word
 */
export type TransmitAll = (commands: readonly Uint8Array[]) => Promise<readonly Uint8Array[]>

export interface Answer {
  readonly data: Uint8Array
  readonly sw: number
}

/**
 * Sends `command` and fetches what it announces by 61xx. A command without data is sent again with the Le that 6Cxx
 * demands; one with data never is.
 * @throws GlobalPlatformError gp.malformed; whatever `transmit` throws
 */
export async function exchange(transmit: Transmit, command: Uint8Array): Promise<Answer> {
  const output = new Uint8Array(MAX_ANSWER_BYTES)
  const followUp = new FollowUp(output, { ...GENERAL_RULES, fetch: GET_RESPONSE, maxRounds: MAX_ROUNDS })
  followUp.start(command)
  let next = command
  for (;;) {
    const response = await transmit(next)
    const action = received(followUp, response)
    if (action.kind === 'done') return { data: output.slice(0, action.length), sw: action.sw }
    next = action.command
  }
}

function received(followUp: FollowUp, response: Uint8Array) {
  try {
    return followUp.received(response)
  } catch (error) {
    throw new GlobalPlatformError('gp.malformed', `the answer of the element: ${messageOf(error)}`, {
      cause: error,
    })
  }
}

/** Answers of short APDUs; one that goes on in several pieces may be a little longer. */
const MAX_ANSWER_BYTES = 4_096
const MAX_ROUNDS = 32
/** In class 00 also within a secure channel: it belongs to the transport (GlobalPlatform 2.3.1, 11.1.5). */
const GET_RESPONSE = Uint8Array.of(0x00, 0xc0, 0x00, 0x00)
