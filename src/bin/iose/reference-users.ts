// From the reference server's configuration to users.toml. What comes out never allows more than the reference
// would by its own rules: users.txt says which SEIDs; per SEID the first line of the policy that is `default` or has
// the AID decides, and without one everything is allowed.

import { stringify } from 'smol-toml'
import type { AidRules, Filter, Rules } from '../../access/user.ts'
import { ConfigError } from '../../config/errors.ts'
import {
  CARDS_FILE,
  CONFIG_FILE,
  filtersIn,
  isOpenByDefault,
  isSafeName,
  type MaskedHeader,
  type PolicyLine,
  policyIn,
  READERS_FILE,
  type ReferenceFiles,
  type ReferenceUser,
  seidsIn,
  USERS_FILE,
  usersIn,
} from './reference-files.ts'

/** A file for the gateway, and what its operator should know. */
export interface Conversion {
  readonly toml: string
  readonly warnings: readonly string[]
}

/** The names of the files that matter, as far as `files` tells: those that it leads to come with the next call. */
export function filesOf(files: ReferenceFiles): string[] {
  const policies = seidsIn(files).map(policyName).filter(isSafeName)
  const lines = policies.flatMap((name) => policyIn(files, name, ignore))
  const filters = lines.flatMap(({ users }) => [...users.values()].flat()).filter(isSafeName)
  return [...new Set([USERS_FILE, CONFIG_FILE, CARDS_FILE, READERS_FILE, ...policies, ...filters])]
}

/**
 * The users.toml that says what `files` say.
 * @throws ConfigError config.invalid when the rules are too many for one file
 */
export function convert(files: ReferenceFiles): Conversion {
  const warnings = new Set<string>()
  const source = new Source(files, (message) => warnings.add(message))
  const entries = source.users.map((user) => [user.cn, tableOf(source, user)] as const)
  for (const message of source.conclusions()) warnings.add(message)
  return { toml: HEADER + stringify({ users: Object.fromEntries(entries) }), warnings: [...warnings] }
}

/** Everything read once. */
class Source {
  readonly users: readonly ReferenceUser[]
  readonly seids: readonly string[]
  readonly #files: ReferenceFiles
  readonly #warn: (message: string) => void
  readonly #isOpen: boolean
  readonly #policies = new Map<string, readonly PolicyLine[]>()
  readonly #closed = new Set<string>()
  readonly #filters = new Map<string, readonly MaskedHeader[] | undefined>()
  #rules = 0

  constructor(files: ReferenceFiles, warn: (message: string) => void) {
    this.#files = files
    this.#warn = warn
    this.users = usersIn(files, warn)
    this.seids = seidsIn(files)
    const damaged = [CONFIG_FILE, CARDS_FILE, READERS_FILE].filter((name) => isUnreadable(files, name))
    for (const name of damaged) warn(`${name}: cannot be read; SEIDs without AID file are closed`)
    this.#isOpen = damaged.length === 0 && isOpenByDefault(files)
  }

  /** The rules on SEIDs that are not named; undefined when there are none. */
  general({ seids }: ReferenceUser): Rules | undefined {
    return seids !== '*' || this.#isOpen ? undefined : NOTHING
  }

  /** The rules of one user on one SEID; undefined when there are none. */
  rulesOn(seid: string, { cn }: ReferenceUser): Rules | undefined {
    const policy = this.#policyOf(seid)
    if (policy === 'none') {
      if (this.#isOpen) return undefined
      this.#closed.add(seid)
      return NOTHING
    }
    const rules = policy === 'unreadable' ? NOTHING : this.#rulesOf(policy, cn, policyName(seid))
    this.#count(rules)
    return rules
  }

  /** What can only be said at the end. */
  conclusions(): string[] {
    const isGeneral = this.users.some((user) => this.general(user) !== undefined)
    const closed = [...this.#closed, ...(isGeneral ? ['all others'] : [])]
    if (closed.length === 0) return []
    return [
      `SEIDs without AID file: ${closed.join(', ')}. se_default_access is not yes, yet the reference ` +
        'server lets every AID pass there; here none passes. To open one, make its table an empty ' +
        '[users.NAME.elements.SEID]; for all others, remove [users.NAME.aids]',
    ]
  }

  #policyOf(seid: string): readonly PolicyLine[] | 'none' | 'unreadable' {
    const name = policyName(seid)
    const known = this.#policies.get(name)
    if (known !== undefined) return known
    if (!isSafeName(name)) {
      this.#warn(`SEID ${seid}: ${name} is not opened, its name is not a safe one: no AID is allowed`)
      return 'unreadable'
    }
    if (!this.#files.has(name)) return 'none'
    if (isUnreadable(this.#files, name)) {
      this.#warn(`${name}: cannot be read: no AID is allowed on this SEID`)
      return 'unreadable'
    }
    const policy = policyIn(this.#files, name, this.#warn)
    this.#policies.set(name, policy)
    return policy
  }

  #rulesOf(policy: readonly PolicyLine[], cn: string, name: string): Rules {
    const allow = new Set<string>()
    const deny = new Set<string>()
    const filters: Filter[] = []
    for (const line of policy) {
      const { aid } = line
      // The first line of an AID decides.
      if (allow.has(aid) || deny.has(aid)) continue
      const found = this.#filtersOf(line, cn, name)
      if (found === 'refused') deny.add(aid)
      else {
        allow.add(aid)
        filters.push(...found)
      }
    }
    const isClosed = deny.delete('default')
    allow.delete('default')
    return { aids: aidRulesOf(isClosed, [...allow], [...deny]), filters }
  }

  /** What is filtered for `cn` in the application of this line, if it is allowed at all. */
  #filtersOf({ aid, policy, users }: PolicyLine, cn: string, name: string): readonly Filter[] | 'refused' {
    const files = users.get(cn)
    if (policy === 'yes') return files === undefined ? [] : 'refused'
    if (files === undefined) return 'refused'
    const filters: Filter[] = []
    for (const file of files) {
      const headers = this.#headersIn(file)
      if (headers === undefined) {
        this.#warn(`${name}: a filter file is missing or cannot be read: ${aid} is refused to its user`)
        return 'refused'
      }
      filters.push(...headers.map((header) => ({ aid: aid === 'default' ? undefined : aid, ...header })))
    }
    if (aid === 'default' && filters.length > 0) {
      this.#warn(`${name}: the filter of the default line holds for every application here`)
    }
    return filters
  }

  #headersIn(file: string): readonly MaskedHeader[] | undefined {
    if (!this.#filters.has(file)) this.#filters.set(file, filtersIn(this.#files, file, this.#warn))
    return this.#filters.get(file)
  }

  #count({ aids, filters }: Rules): void {
    this.#rules += 1 + filters.length + (aids === undefined ? 0 : Object.values(aids).flat().length)
    if (this.#rules > MAX_RULES) {
      throw new ConfigError('config.invalid', `more than ${MAX_RULES} rules: too many for one users.toml`)
    }
  }
}

function aidRulesOf(
  isClosed: boolean,
  allow: readonly string[],
  deny: readonly string[],
): AidRules | undefined {
  if (isClosed) return { allow }
  return deny.length === 0 ? undefined : { deny }
}

/** One `[users.NAME]` as TOML has it. */
function tableOf(source: Source, user: ReferenceUser): object {
  const general = source.general(user)
  const seids = user.seids === '*' ? source.seids : user.seids
  const elements = seids.flatMap((seid) => {
    const rules = source.rulesOn(seid, user)
    return rules === undefined ? [] : [[seid, rulesTableOf(rules)] as const]
  })
  return {
    cn: user.cn,
    seids: user.seids === '*' ? ['*'] : user.seids,
    ...(general === undefined ? {} : rulesTableOf(general)),
    ...(elements.length === 0 ? {} : { elements: Object.fromEntries(elements) }),
  }
}

function rulesTableOf({ aids, filters }: Rules): object {
  const tables = filters.map(({ aid, mask, value }) => ({
    ...(aid === undefined ? {} : { aid }),
    mask: digitsOf(mask),
    value: digitsOf(value),
  }))
  return { ...(aids === undefined ? {} : { aids }), ...(tables.length === 0 ? {} : { filters: tables }) }
}

function policyName(seid: string): string {
  return `${seid}.txt`
}

function isUnreadable(files: ReferenceFiles, name: string): boolean {
  return files.has(name) && files.get(name) === undefined
}

function digitsOf(word: number): string {
  return word.toString(16).padStart(8, '0').toUpperCase()
}

function ignore(): void {
  // The conversion itself says it.
}

const NOTHING: Rules = { aids: { allow: [] }, filters: [] }
/** As many as fit into the largest users.toml. */
const MAX_RULES = 100_000
const HEADER = `# Imported from the configuration of a reference IoSE server. Everybody is a user: give those who may revoke
# leases and quarantine elements role = "operator".

`
