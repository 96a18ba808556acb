// Keeps elements from being blocked: counts wrong keys and PINs of each, and refuses further tries beyond a limit,
// before the element does so for ever.

import { AccessError } from '../access/errors.ts'
import {
  type FailureStore,
  type Failures,
  failedIn,
  isClean,
  NO_FAILURES,
  withFailure,
  withoutFailures,
} from '../access/failures.ts'
import type { TryKind } from '../access/tries.ts'
import { messageOf } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { Seid } from '../slots/identity.ts'

export interface GuardOptions {
  /** How many tries of each kind may fail in a row; the next one is refused. */
  readonly limits: Readonly<Record<TryKind, number>>
  readonly store: FailureStore
  readonly log: Log
  /** Is told of each try that is counted as wrong, or refused; must not throw. */
  readonly onTry?: (kind: TryKind, outcome: 'counted' | 'refused') => void
}

/** Whose try it is, of what. */
export interface Trial {
  /** The first SEID of the slot, under which its failures are kept. */
  readonly slot: Seid
  /** The name of the user. */
  readonly user: string
  readonly kind: TryKind
}

/** How it stands with one element and one kind. */
export interface Standing {
  readonly failed: number
  readonly limit: number
}

/**
 * The failures of all elements. What it is told takes effect at once, without waiting for the disk: whoever answers a
 * client waits for `saved` first.
 */
export class Guard {
  readonly #limits: GuardOptions['limits']
  readonly #store: FailureStore
  readonly #log: Log
  readonly #onTry: GuardOptions['onTry']
  #saved: Promise<void> = Promise.resolve()

  constructor({ limits, store, log, onTry }: GuardOptions) {
    this.#limits = limits
    this.#store = store
    this.#log = log
    this.#onTry = onTry
  }

  standingOf(slot: Seid, kind: TryKind): Standing {
    return { failed: failedIn(this.#store.get(slot), kind), limit: this.#limits[kind] }
  }

  /**
   * Returns when one more try is allowed.
   * @param seid  the name by which the element was addressed, for people
   * @throws AccessError access.tries-used
   */
  check(trial: Trial, seid: string): void {
    const { failed, limit } = this.standingOf(trial.slot, trial.kind)
    if (failed < limit) return
    this.#onTry?.(trial.kind, 'refused')
    this.#log.warn('tries.refused', fieldsOf(trial, { failed, limit }))
    const wrong = `${failed} wrong ${failed === 1 ? NOUNS[trial.kind] : `${NOUNS[trial.kind]}s`} in a row`
    const next = `an operator clears this with TRIES ${seid} CLEAR`
    throw new AccessError('access.tries-used', `${wrong}: the element could block itself for ever; ${next}`)
  }

  /** Counts a try that has failed, or may have. */
  failed(trial: Trial, key: string): void {
    this.#set(trial.slot, withFailure(this.#store.get(trial.slot), trial.kind, key))
    this.#onTry?.(trial.kind, 'counted')
    this.#log.warn('tries.counted', fieldsOf(trial, this.standingOf(trial.slot, trial.kind)))
  }

  /** A try has succeeded: the element has forgotten the failures of this key or PIN, and of no other. */
  succeeded(trial: Trial, key: string): void {
    const failures = this.#store.get(trial.slot)
    const left = withoutFailures(failures, trial.kind, key)
    if (left === failures) return
    this.#set(trial.slot, left)
    const { slot, user, kind } = trial
    this.#log.info('tries.cleared', { seid: slot, user, kind, cause: 'one has succeeded' })
  }

  /** An operator takes the responsibility for further tries. */
  clear(slot: Seid, user: string): void {
    if (!isClean(this.#store.get(slot))) this.#set(slot, NO_FAILURES)
    this.#log.info('tries.cleared', { seid: slot, user, cause: 'an operator wants it' })
  }

  /** Resolves when everything counted or cleared so far is on the disk, or cannot be put there. Never rejects. */
  saved(): Promise<void> {
    return this.#saved
  }

  #set(slot: Seid, failures: Failures): void {
    const before = this.#saved
    const saving = this.#store.set(slot, failures).catch((error: unknown) => {
      const advice = 'what is counted holds until the gateway ends'
      this.#log.error('tries.save-failed', { seid: slot, cause: messageOf(error), advice })
    })
    this.#saved = before.then(() => saving)
  }
}

function fieldsOf({ slot, user, kind }: Trial, { failed, limit }: Standing) {
  return { seid: slot, user, kind, failed, limit }
}

const NOUNS: Readonly<Record<TryKind, string>> = { authentication: 'key', verification: 'PIN' }
