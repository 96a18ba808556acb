// One APDU line to the element and all it answers, under CONTINUE, MORE and FETCH.

import type { User } from '../access/user.ts'
import { FollowUp, type FollowUpRules } from '../apdu/follow-up.ts'
import { statusWordOf } from '../apdu/status-word.ts'
import type { Clock } from '../base/clock.ts'
import { hexOf, hexOfSw } from '../base/hex.ts'
import { RESPONSE_BYTES } from '../drivers/driver.ts'
import type { ApduLine } from './apdu-line.ts'
import type { Dialect } from './dialect.ts'
import { RequestError } from './errors.ts'
import type { Held } from './holdings.ts'

/** The buffers of one session; one exchange at a time. */
export class ApduExchange {
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #maxAnswerBytes: number
  readonly #response = new Uint8Array(RESPONSE_BYTES)
  /** Answers of one piece need little; the rest is only there for those who ask for MORE. */
  #output = new Uint8Array(RESPONSE_BYTES)
  #followUp = new FollowUp(this.#output, NO_MORE)

  /** @param timeoutMs  for one line, all its commands together */
  constructor(dialect: Dialect, clock: Clock, timeoutMs: number) {
    this.#clock = clock
    this.#timeoutMs = timeoutMs
    this.#maxAnswerBytes = dialect.maxAnswerBytes
  }

  /**
   * Sends the command, which `held.firewall` has let pass, and fetches what the line asks for.
   * @returns data and status word in hex
   * @throws RequestError request.wrong-status; ApduError; AccessError; whatever Lease.transmit throws
   */
  async run(line: ApduLine, held: Held, { user, seid }: { user: User; seid: string }): Promise<string> {
    const { moreSw1, expectedSw } = line
    if (moreSw1 !== undefined) this.#makeRoom()
    const { lease, firewall, tries } = held
    const deadline = this.#clock.now() + this.#timeoutMs
    lease.scratch.set(line.command)
    let command = lease.scratch.subarray(0, line.command.length)
    this.#followUp.start(command, rulesOf(line))
    for (;;) {
      // What the lease refuses by itself, since it is over or needs a reset, does not reach the element.
      const isRefused = lease.revoked.aborted || lease.needsReset
      const attempt = isRefused ? undefined : tries.begin(command, { user, seid })
      let response: Uint8Array | undefined
      try {
        const length = await lease.transmit(command, this.#response, deadline)
        response = this.#response.subarray(0, length)
      } finally {
        tries.settle(attempt, command, response)
      }
      firewall.answered(user, seid, command, statusWordOf(response) ?? 0)
      const action = this.#followUp.received(response)
      if (action.kind === 'send') {
        command = action.command
        // The client chose it, so it is judged like a command of its own.
        firewall.check(user, seid, command)
        continue
      }
      const sw = hexOfSw(action.sw)
      if (expectedSw !== undefined && action.sw !== expectedSw) {
        throw new RequestError('request.wrong-status', `wrong status word ${sw}`)
      }
      return hexOf(this.#output.subarray(0, action.length)) + sw
    }
  }

  #makeRoom(): void {
    if (this.#output.length >= this.#maxAnswerBytes) return
    this.#output = new Uint8Array(this.#maxAnswerBytes)
    this.#followUp = new FollowUp(this.#output, NO_MORE)
  }
}

function rulesOf({ moreSw1, fetch }: ApduLine): FollowUpRules {
  return moreSw1 === undefined ? NO_MORE : { moreSw1: [moreSw1], maxRounds: MAX_ROUNDS, fetch }
}

/** An element that hands out its data byte by byte is believed for this long. */
const MAX_ROUNDS = 1_024
const NO_MORE: FollowUpRules = { moreSw1: [], maxRounds: 1 }
