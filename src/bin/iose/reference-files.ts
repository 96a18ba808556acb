// The text files in which the reference IoSE server keeps its users and AID policies: what their lines say.
// Doubt never opens anything: a line that cannot be read refuses what it may have been about.

/** By name. Undefined: it is there, but cannot be read. */
export type ReferenceFiles = ReadonlyMap<string, string | undefined>

/** Takes one message for the operator, which begins with the place. */
export type Warn = (message: string) => void

export interface ReferenceUser {
  readonly cn: string
  readonly seids: readonly string[] | '*'
}

/** One line of `<SEID>.txt`: `yes` is for all but the listed users, `no` for them alone. */
export interface PolicyLine {
  /** Upper-case hex, or `default`. */
  readonly aid: string
  readonly policy: 'yes' | 'no'
  /** With the filter files of each. */
  readonly users: ReadonlyMap<string, readonly string[]>
}

export interface MaskedHeader {
  readonly mask: number
  readonly value: number
}

/** The users of `users.txt`. One that is listed twice has what both lines give. */
export function usersIn(files: ReferenceFiles, warn: Warn): ReferenceUser[] {
  const users = new Map<string, ReferenceUser>()
  for (const { tokens, place } of linesOf(files, USERS_FILE)) {
    const user = userOf(tokens, (reason) => warn(`${place}: ${reason}`))
    if (user === undefined) continue
    const other = users.get(user.cn)
    if (other !== undefined) warn(`${place}: this user is listed twice: has what both lines give`)
    users.set(user.cn, other === undefined ? user : { cn: user.cn, seids: common(user.seids, other.seids) })
  }
  return [...users.values()]
}

/** Every SEID that a table names, also on a line that is damaged: its policy concerns who may use all of them. */
export function seidsIn(files: ReferenceFiles): string[] {
  const listed = linesOf(files, USERS_FILE).flatMap(({ tokens }) => tokens.slice(2))
  const lines = [...linesOf(files, CARDS_FILE), ...linesOf(files, READERS_FILE)]
  const named = lines.flatMap(({ tokens }) => tokens[1] ?? [])
  return [...new Set([...listed, ...named])].filter(isSeid)
}

/** True unless the last word on `se_default_access` is something else than yes. */
export function isOpenByDefault(files: ReferenceFiles): boolean {
  const values = linesOf(files, CONFIG_FILE).filter(({ tokens }) => tokens[0] === 'se_default_access')
  const last = values.at(-1)
  return last === undefined || last.tokens[1] === 'yes'
}

/**
 * The lines of a policy file up to the one that decides for every AID. What a damaged line names is refused to
 * everybody; without a readable name, so is everything that the lines before it do not decide.
 */
export function policyIn(files: ReferenceFiles, name: string, warn: Warn): PolicyLine[] {
  const policy: PolicyLine[] = []
  for (const { tokens, place } of linesOf(files, name)) {
    const line = policyLineOf(tokens)
    if (line !== undefined) policy.push(line)
    else {
      const [first = ''] = tokens
      const aid = isAid(first) ? first.toUpperCase() : 'default'
      warn(
        `${place}: not 'AID|default yes|no COUNT USER[:FILTER]...': ${REFUSED[aid === 'default' ? 'rest' : 'aid']}`,
      )
      policy.push({ aid, policy: 'no', users: new Map() })
    }
    if (policy.at(-1)?.aid === 'default') break
  }
  return policy
}

/** The entries of a filter file; undefined when it is missing or cannot be read. */
export function filtersIn(files: ReferenceFiles, name: string, warn: Warn): MaskedHeader[] | undefined {
  if (!isSafeName(name) || files.get(name) === undefined) return undefined
  return linesOf(files, name).flatMap(({ tokens, place }) => {
    const filter = maskedHeaderOf(tokens)
    if (filter === undefined) warn(`${place}: not 'MASK VALUE', 8 hex digits each: skipped`)
    else if ((filter.value & ~filter.mask) !== 0)
      warn(`${place}: never matches, the value has bits outside of the mask: skipped`)
    else return filter
    return []
  })
}

/** A name of the directory itself, that is none of its tables: nothing else is opened for a SEID or a filter. */
export function isSafeName(name: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/.test(name) && !TABLES.includes(name)
}

/** What is used as a SEID here. The star would mean all of them. */
function isSeid(text: string): boolean {
  return /^[\x21-\x7E]{1,63}$/.test(text) && text !== '*' && !RESERVED_NAMES.includes(text)
}

interface Line {
  readonly tokens: readonly string[]
  /** For messages. */
  readonly place: string
}

/** Tokens are separated by blanks; a line that begins with `/` or `*` is a comment. */
function linesOf(files: ReferenceFiles, name: string): Line[] {
  const lines = (files.get(name) ?? '').split('\n').map((line, index) => ({
    tokens: line.split(/[ \r]+/).filter((token) => token !== ''),
    place: `${name}:${index + 1}`,
  }))
  return lines.filter(({ tokens: [first = '/'] }) => !first.startsWith('/') && !first.startsWith('*'))
}

function userOf([cn = '', count = '', ...seids]: readonly string[], warn: Warn): ReferenceUser | undefined {
  if (cn.length > MAX_CN || RESERVED_NAMES.includes(cn) || /[\p{Cc}\p{Cs}\uFFFD]/u.test(cn)) {
    warn('this name cannot be one of a user: skipped')
    return undefined
  }
  if (count === 'all') return { cn, seids: '*' }
  if (!/^\d{1,5}$/.test(count) || Number(count) > seids.length) {
    warn(`not 'CN COUNT SEID...' or 'CN all': this user may use nothing`)
    return { cn, seids: [] }
  }
  const counted = seids.slice(0, Number(count))
  if (counted.length < seids.length) warn(`more SEIDs than ${count}: the rest is skipped`)
  const usable = counted.filter(isSeid)
  if (usable.length < counted.length) warn('has a SEID that cannot be one here: skipped')
  return { cn, seids: [...new Set(usable)] }
}

function policyLineOf([aid = '', policy, count = '', ...entries]: readonly string[]): PolicyLine | undefined {
  if (aid !== 'default' && !isAid(aid)) return undefined
  if (policy !== 'yes' && policy !== 'no') return undefined
  if (!/^\d{1,5}$/.test(count) || Number(count) !== entries.length) return undefined
  const users = new Map<string, readonly string[]>()
  for (const entry of entries) {
    const [user = '', filter, ...rest] = entry.split(':')
    if (user === '' || filter === '' || rest.length > 0) return undefined
    users.set(user, [...(users.get(user) ?? []), ...(filter === undefined ? [] : [filter])])
  }
  return { aid: aid === 'default' ? aid : aid.toUpperCase(), policy, users }
}

function maskedHeaderOf(tokens: readonly string[]): MaskedHeader | undefined {
  const digits = tokens.join('')
  if (!/^[0-9A-Fa-f]{16}$/.test(digits)) return undefined
  return { mask: Number.parseInt(digits.slice(0, 8), 16), value: Number.parseInt(digits.slice(8), 16) }
}

function isAid(text: string): boolean {
  return /^([0-9A-Fa-f]{2}){5,16}$/.test(text)
}

function common(one: ReferenceUser['seids'], two: ReferenceUser['seids']): ReferenceUser['seids'] {
  if (one === '*') return two
  return two === '*' ? one : one.filter((seid) => two.includes(seid))
}

export const USERS_FILE = 'users.txt'
export const CONFIG_FILE = 'config.txt'
export const CARDS_FILE = 'cardsn.txt'
export const READERS_FILE = 'readersn.txt'

const TABLES: readonly string[] = [USERS_FILE, CONFIG_FILE, CARDS_FILE, READERS_FILE, 'type.txt', 'atr.txt']
/** Keys that no table of users.toml can have. */
const RESERVED_NAMES: readonly string[] = ['__proto__', 'constructor', 'prototype']
const MAX_CN = 256
const REFUSED = {
  aid: 'this AID is refused to everybody',
  rest: 'what the lines before do not decide is refused to everybody',
} as const
