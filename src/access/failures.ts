// The wrong tries of one element, by the key or PIN that was tried; and where those of all elements are kept.

import type { Seid } from '../slots/identity.ts'
import type { Place } from './firewall.ts'
import type { TryKind } from './tries.ts'

/** How many in a row, by key, for each kind; what is not in it has none. */
export type Failures = Readonly<Record<TryKind, ReadonlyMap<FailureKey, number>>>

/** Application, path in it and secret: `010203040500 pin 00`, `default/0123456789ABCDEF key 00 v01`, `? pin 01`. */
export type FailureKey = string

/** Failures by the first SEID of a slot, kept over restarts. */
export interface FailureStore {
  get(seid: Seid): Failures
  /** Takes effect at once; resolves when it is on the disk, and rejects when it cannot be put there. */
  set(seid: Seid, failures: Failures): Promise<void>
}

export const NO_FAILURES: Failures = { authentication: new Map(), verification: new Map() }

/** What was tried. @param place  where the command went */
export function failureKeyOf({ candidates, path }: Place, secret: string): FailureKey {
  const [aid, ...others] = candidates === 'unknown' ? [] : candidates
  if (aid === undefined || others.length > 0 || aid.length > MAX_AID_DIGITS) return `${IN_DOUBT} ${secret}`
  return `${aid === '' ? 'default' : aid}${path === '' ? '' : `/${path}`} ${secret}`
}

/** All failures of one kind: who names an application in another way gets no more tries by that. */
export function failedIn(failures: Failures, kind: TryKind): number {
  let sum = 0
  for (const count of failures[kind].values()) sum += count
  return sum
}

/** One failure more. */
export function withFailure(failures: Failures, kind: TryKind, key: FailureKey): Failures {
  const counts = new Map(failures[kind])
  counts.set(key, (counts.get(key) ?? 0) + 1)
  return { ...failures, [kind]: counts }
}

/**
 * Without those of `key`, which has succeeded; the same object when there were none. When it is not sure which
 * application has answered, nothing is taken away: it may be one that accepts whatever comes.
 */
export function withoutFailures(failures: Failures, kind: TryKind, key: FailureKey): Failures {
  if (key.startsWith(IN_DOUBT) || !failures[kind].has(key)) return failures
  const counts = new Map(failures[kind])
  counts.delete(key)
  return { ...failures, [kind]: counts }
}

/** True when there is nothing to keep. */
export function isClean({ authentication, verification }: Failures): boolean {
  return authentication.size === 0 && verification.size === 0
}

/** Failures for as long as the process runs. */
export class MemoryFailures implements FailureStore {
  readonly #failures: Map<Seid, Failures>

  constructor(failures: Iterable<readonly [Seid, Failures]> = []) {
    this.#failures = new Map(failures)
  }

  get entries(): IterableIterator<[Seid, Failures]> {
    return this.#failures.entries()
  }

  get(seid: Seid): Failures {
    return this.#failures.get(seid) ?? NO_FAILURES
  }

  set(seid: Seid, failures: Failures): Promise<void> {
    if (isClean(failures)) this.#failures.delete(seid)
    else this.#failures.set(seid, failures)
    return Promise.resolve()
  }
}

const IN_DOUBT = '?'
/** ISO/IEC 7816-4: an AID has at most 16 bytes. */
const MAX_AID_DIGITS = 32
