import { type AidRules, type Filter, type Rules, User, type UserRules } from '../../src/access/user.ts'

/** Rules that forbid nothing, unless `rules` say so. */
export function rulesOf({ aids, filters = [] }: Partial<Rules> = {}): Rules {
  return { aids, filters }
}

/** A user of every element, unless `rules` say otherwise. */
export function userOf(rules: Partial<UserRules> = {}): User {
  return new User({
    name: 'u',
    cn: 'u',
    role: 'user',
    seids: '*',
    elements: new Map(),
    ...rulesOf(),
    ...rules,
  })
}

export function allowing(...allow: string[]): { aids: AidRules } {
  return { aids: { allow } }
}

export function denying(...deny: string[]): { aids: AidRules } {
  return { aids: { deny } }
}

/** `mask value`, eight hex digits each. */
export function filterOf(text: string, aid?: string): Filter {
  const [mask = 0, value = 0] = text.split(' ').map((digits) => Number.parseInt(digits, 16))
  return { aid, mask, value }
}
