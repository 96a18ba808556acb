// What one holder tries on one element, from the command to its outcome.

import { failureKeyOf } from '../access/failures.ts'
import type { Firewall } from '../access/firewall.ts'
import { abandonsTry, keyVersionOf, outcomeOf, type Try, tryOf } from '../access/tries.ts'
import type { User } from '../access/user.ts'
import { statusWordOf } from '../apdu/status-word.ts'
import type { Seid } from '../slots/identity.ts'
import type { Guard, Trial } from './guard.ts'

/** A try that is about to be sent. */
export interface Attempt {
  readonly trial: Trial
  readonly judged: Try
  readonly key: string
  /** The INITIALIZE UPDATE that it completes. */
  readonly opened: OpenTry | undefined
}

/** An INITIALIZE UPDATE that was answered: whether the key was right is not known yet. */
interface OpenTry {
  readonly trial: Trial
  readonly key: string
  readonly channel: number
}

/** Lives as long as a lease: between two of them the element is reset. */
export class TryWatch {
  readonly #guard: Guard
  readonly #slot: Seid
  readonly #firewall: Firewall
  #open: OpenTry | undefined
  #isOver = false

  /** @param slot  the first SEID of the slot */
  constructor(guard: Guard, slot: Seid, firewall: Firewall) {
    this.#guard = guard
    this.#slot = slot
    this.#firewall = firewall
  }

  /**
   * Says that `command`, which the firewall has let pass, is about to be sent.
   * @param command  borrowed during the call
   * @param seid  the name by which the element was addressed
   * @returns what `settle` must be told of, when it is a try
   * @throws AccessError access.tries-used
   */
  begin(command: Uint8Array, { user, seid }: { user: User; seid: string }): Attempt | undefined {
    const judged = tryOf(command)
    const opened = judged === undefined ? undefined : this.#completedBy(judged)
    const isAnother = judged?.kind === 'authentication' && opened === undefined
    if (isAnother || abandonsTry(command)) this.abandon()
    if (judged === undefined) return undefined
    const trial = { slot: this.#slot, user: user.name, kind: judged.kind }
    this.#guard.check(trial, seid)
    if (opened !== undefined) this.#open = undefined
    const key = opened?.key ?? failureKeyOf(this.#firewall.placeOf(command), judged.secret)
    return { trial, judged, key, opened }
  }

  /**
   * Tells how a try ended.
   * @param command  as it was sent
   * @param answer  data and status word; undefined when there was none
   */
  settle(attempt: Attempt | undefined, command: Uint8Array, answer: Uint8Array | undefined): void {
    if (attempt === undefined) return
    const sw = (answer && statusWordOf(answer)) ?? 0
    if (attempt.judged.role === 'opens') this.#settleOpening(attempt, command, { answer, sw })
    else this.#settleProof(attempt, sw)
  }

  /** The element forgets what was begun, as by a reset. */
  abandon(): void {
    const open = this.#open
    this.#open = undefined
    if (open !== undefined) this.#guard.failed(open.trial, open.key)
  }

  /** The lease is over, or what its holder has sent is the last of it. */
  end(): void {
    this.#isOver = true
    this.abandon()
  }

  #completedBy({ kind, role, channel }: Try): OpenTry | undefined {
    const isProof = kind === 'authentication' && role === 'proves'
    return isProof && this.#open?.channel === channel ? this.#open : undefined
  }

  #settleOpening(
    { trial, judged, key }: Attempt,
    command: Uint8Array,
    { answer, sw }: { answer: Uint8Array | undefined; sw: number },
  ): void {
    const open = { trial, key: `${key} ${keyVersionOf(command, answer ?? NOTHING)}`, channel: judged.channel }
    // The element has refused it, and with it the whole try.
    if (sw !== 0 && outcomeOf(sw) !== 'success') return
    this.#reopen(open)
    // Without an answer there is nothing that could complete it.
    if (sw === 0) this.abandon()
  }

  #settleProof({ trial, judged, key, opened }: Attempt, sw: number): void {
    const outcome = outcomeOf(sw)
    if (outcome === 'failure') this.#guard.failed(trial, key)
    else if (outcome === 'none' || judged.isChained) this.#reopen(opened)
    else this.#guard.succeeded(trial, key)
  }

  #reopen(open: OpenTry | undefined): void {
    if (open === undefined) return
    this.#open = open
    if (this.#isOver) this.abandon()
  }
}

const NOTHING = new Uint8Array(0)
