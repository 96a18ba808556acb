// Who may do what: users with their elements, applications and filters. Whoever is not listed may do nothing.

import { InternalError } from '../base/errors.ts'

/** Who the client certificate says it is. */
export interface Identity {
  readonly cn: string | undefined
  /** SHA-256 of the DER certificate, 64 upper-case hex digits. */
  readonly fingerprint: string
}

/** AIDs in upper-case hex; the empty one is the default application. */
export type AidRules = { readonly allow: readonly string[] } | { readonly deny: readonly string[] }

/** Blocks a command when `(CLA INS P1 P2 & mask) == value`, both unsigned 32 bit. */
export interface Filter {
  /** The application that it belongs to; undefined: whatever is selected. */
  readonly aid: string | undefined
  readonly mask: number
  readonly value: number
}

export interface Rules {
  readonly aids: AidRules | undefined
  readonly filters: readonly Filter[]
}

/** One user as the configuration has it; `aids` and `filters` are the general rules. */
export interface UserRules extends Rules {
  readonly name: string
  readonly cn?: string
  /** As in `Identity`. */
  readonly fingerprint?: string
  readonly role: 'user' | 'operator'
  readonly seids: readonly string[] | '*'
  /** By SEID: rules that replace the general ones on that element. */
  readonly elements: ReadonlyMap<string, Rules>
}

/** What one user may do. Never changes: a reload makes new users. */
export class User {
  readonly name: string
  readonly role: 'user' | 'operator'
  readonly seids: readonly string[] | '*'
  readonly #seids: ReadonlySet<string>
  readonly #general: Rules
  readonly #elements: ReadonlyMap<string, Rules>

  constructor({ name, role, seids, aids, filters, elements }: UserRules) {
    this.name = name
    this.role = role
    this.seids = seids
    this.#seids = new Set(seids === '*' ? [] : seids)
    this.#general = { aids, filters }
    this.#elements = elements
  }

  /** True when the element may be addressed by this very name: an alias of a listed one is not listed. */
  mayUse(seid: string): boolean {
    return this.seids === '*' || this.#seids.has(seid)
  }

  /**
   * The rules on one element; what each of them allows is allowed. The rules of every name of the element apply
   * together, so that no alias is a way around them.
   * @param seids  every SEID of the element
   */
  rulesOn(seids: readonly string[]): readonly Rules[] {
    const special = seids.flatMap((seid) => this.#elements.get(seid) ?? [])
    return special.length === 0 ? [this.#general] : special
  }
}

/** All users, by what their certificates say. */
export class AccessPolicy {
  readonly #byFingerprint = new Map<string, User>()
  readonly #byCn = new Map<string, User>()

  /** @throws InternalError when two have one cn or fingerprint: the configuration refuses that with a message */
  constructor(users: readonly UserRules[]) {
    for (const rules of users) {
      const user = new User(rules)
      if (rules.fingerprint !== undefined) claim(this.#byFingerprint, rules.fingerprint, user)
      if (rules.cn !== undefined) claim(this.#byCn, rules.cn, user)
    }
  }

  /** The user that `identity` is, or undefined. One certificate is more exact than a name: it is looked up first. */
  userOf({ fingerprint, cn }: Identity): User | undefined {
    const exact = this.#byFingerprint.get(fingerprint)
    if (exact !== undefined || cn === undefined) return exact
    return this.#byCn.get(cn)
  }
}

function claim(users: Map<string, User>, key: string, user: User): void {
  const other = users.get(key)
  if (other !== undefined)
    throw new InternalError(`users ${other.name} and ${user.name} cannot be told apart`)
  users.set(key, user)
}
