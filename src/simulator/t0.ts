// T=0 as seen by whoever sends TPDUs: a response to a command with data waits for GET RESPONSE (61xx), a wrong Le
// is answered with the right one (6Cxx). The runtime does this, the applet does not know.

import { type Answer, SW, status } from './answer.ts'
import type { Command } from './command.ts'

interface Waiting {
  readonly answer: Answer
  /** The header whose repetition, with the right Le, fetches the answer. */
  readonly header: Pick<Command, 'ins' | 'p1' | 'p2'>
}

/** Wraps the answers of a card without such rules. */
export class T0Answers {
  readonly #run: (command: Command) => Answer
  #waiting: Waiting | undefined

  constructor(run: (command: Command) => Answer) {
    this.#run = run
  }

  reset(): void {
    this.#waiting = undefined
  }

  answerTo(command: Command): Answer {
    const waiting = this.#waiting
    this.#waiting = undefined
    if (waiting !== undefined && isRepetition(waiting, command)) return this.#give(waiting, command.p3)
    const answer = this.#run(command)
    if (answer.data.length === 0) return answer
    // Case 2: Le is known, so the data goes out at once if it fits.
    if (command.data.length === 0) return this.#give({ answer, header: command }, command.p3)
    return this.#keep(SW.RESPONSE_WAITING, { answer, header: GET_RESPONSE })
  }

  #give(waiting: Waiting, le: number): Answer {
    const { answer } = waiting
    if (le === (answer.data.length & 0xff)) return answer
    return this.#keep(SW.WRONG_LE, waiting)
  }

  /** Announces the length in the low byte of `sw`. The work is done: fetching the answer costs no time again. */
  #keep(sw: number, { answer, header }: Waiting): Answer {
    this.#waiting = { answer: { data: answer.data, sw: answer.sw }, header }
    return { ...answer, ...status(sw | (answer.data.length & 0xff)) }
  }
}

function isRepetition({ header }: Waiting, { ins, p1, p2, data }: Command): boolean {
  return data.length === 0 && ins === header.ins && p1 === header.p1 && p2 === header.p2
}

const GET_RESPONSE = { ins: 0xc0, p1: 0, p2: 0 } as const
