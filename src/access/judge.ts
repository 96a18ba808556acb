// The rules of one user on one element, ready for judging.

import { plainHeadersOf } from './header.ts'
import type { AidRules, Filter, Rules, User } from './user.ts'

/** The AIDs of which one is selected, or `unknown` when the gateway cannot tell. */
export type Candidates = ReadonlySet<string> | 'unknown'

export class Judge {
  readonly user: User
  readonly hasAidRules: boolean
  readonly hasFilters: boolean
  readonly #aidRules: readonly AidRules[]
  readonly #filters: readonly Filter[]

  /** @param seids  every SEID of the element */
  constructor(user: User, seids: readonly string[]) {
    const rules: readonly Rules[] = user.rulesOn(seids)
    this.user = user
    this.#aidRules = rules.flatMap(({ aids }) => aids ?? [])
    this.#filters = rules.flatMap(({ filters }) => filters)
    this.hasAidRules = this.#aidRules.length > 0
    this.hasFilters = this.#filters.length > 0
  }

  /** True when a SELECT of `aid` is allowed; undefined is one that the gateway cannot read. */
  allows(aid: string | undefined): boolean {
    if (aid === undefined) return !this.hasAidRules
    return this.#aidRules.every((rules) => isAllowed(rules, aid))
  }

  /** True when each of `candidates` could have been selected under these rules. */
  allowsAll(candidates: Candidates): boolean {
    if (candidates === 'unknown') return !this.hasAidRules
    return [...candidates].every((aid) => this.allows(aid))
  }

  /** The filters that apply while one of `candidates` is selected. */
  filtersOf(candidates: Candidates): readonly Filter[] {
    if (candidates === 'unknown') return this.#filters
    const names = [...candidates]
    // A shorter name selects as well: what was asked for may be the filter's application.
    return this.#filters.filter(({ aid }) => aid === undefined || names.some((name) => aid.startsWith(name)))
  }
}

/** True when one of `filters` blocks `header`, as it stands or with the bits cleared that change no meaning. */
export function isBlocked(header: number, filters: readonly Filter[]): boolean {
  if (filters.length === 0) return false
  const [plain, unchained] = plainHeadersOf(header)
  for (const { mask, value } of filters) {
    const wanted = value | 0
    if ((header & mask) === wanted || (plain & mask) === wanted || (unchained & mask) === wanted) return true
  }
  return false
}

function isAllowed(rules: AidRules, aid: string): boolean {
  if ('allow' in rules) return rules.allow.includes(aid)
  // The element may take a shorter name for a longer one that begins with it.
  return !rules.deny.some((denied) => denied.startsWith(aid))
}
