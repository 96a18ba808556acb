// users.toml: who may use which element, with which applications, on the administration plane.

import * as v from 'valibot'
import type { AidRules, Filter, Rules, UserRules } from '../access/user.ts'
import { ConfigError } from './errors.ts'
import { checked, type Shape, tomlOf } from './toml.ts'

/** Largest file. */
export const MAX_USERS_BYTES = 4 * 1024 * 1024
export const MAX_USERS = 10_000

/**
 * The users of a file; none when it is empty.
 * @param toml  the text of the file
 * @param file  what messages call it
 * @throws ConfigError config.invalid
 */
export function parseUsers(toml: string, file: string): UserRules[] {
  if (Buffer.byteLength(toml) > MAX_USERS_BYTES) {
    throw invalid(`${file}: larger than ${MAX_USERS_BYTES} bytes`)
  }
  const raw = tomlOf(toml, file)
  checkReservedNames(raw, file)
  const { users } = checked(raw, file, SHAPE)
  const names = Object.keys(users)
  if (names.length > MAX_USERS) throw invalid(`${file}: ${names.length} users, expected at most ${MAX_USERS}`)
  const list = Object.entries(users).map(([name, table]) => userRulesOf(name, table))
  checkUnique(list, file)
  return list
}

function userRulesOf(name: string, table: UserTable): UserRules {
  return {
    name,
    ...(table.cn === undefined ? {} : { cn: table.cn }),
    ...(table.fingerprint === undefined ? {} : { fingerprint: table.fingerprint }),
    role: table.role,
    seids: table.seids.includes('*') ? '*' : table.seids,
    ...rulesOf(table),
    elements: new Map(Object.entries(table.elements).map(([seid, rules]) => [seid, rulesOf(rules)])),
  }
}

function rulesOf({ aids, filters }: RulesTable): Rules {
  return { aids: aids === undefined ? undefined : aidRulesOf(aids), filters }
}

function aidRulesOf({ allow, deny }: AidsTable): AidRules {
  return allow === undefined ? { deny: deny ?? [] } : { allow }
}

/** A table of such a name would be passed over by the checks, and its rules with it. */
function checkReservedNames(raw: unknown, file: string): void {
  const users = tableAt(raw, 'users')
  for (const name of Object.keys(users)) {
    if (RESERVED_NAMES.includes(name)) throw invalid(`${file}: users.${name}: this name cannot be used`)
    for (const seid of Object.keys(tableAt(users[name], 'elements'))) {
      if (!RESERVED_NAMES.includes(seid)) continue
      throw invalid(`${file}: users.${name}.elements.${seid}: this name cannot be used`)
    }
  }
}

function tableAt(raw: unknown, key: string): Readonly<Record<string, unknown>> {
  if (typeof raw !== 'object' || raw === null || !Object.hasOwn(raw, key)) return {}
  const table: unknown = Object.getOwnPropertyDescriptor(raw, key)?.value
  return typeof table === 'object' && table !== null ? (table as Record<string, unknown>) : {}
}

function checkUnique(users: readonly UserRules[], file: string): void {
  const owners = new Map<string, string>()
  for (const { name, cn, fingerprint } of users) {
    const who = cn === undefined ? `fingerprint ${fingerprint ?? ''}` : `cn '${cn}'`
    const other = owners.get(who)
    if (other !== undefined) throw invalid(`${file}: users.${name}: ${who} also belongs to users.${other}`)
    owners.set(who, name)
  }
}

function invalid(message: string): ConfigError {
  return new ConfigError('config.invalid', message)
}

/** The keys of the table at `path`, which may run through the name of a user, a SEID and an index. */
function knownKeysAt(path: readonly string[]): readonly string[] {
  if (path.length === 0) return Object.keys(usersFile.entries)
  const inUser = path.slice(2)
  const isElement = inUser[0] === 'elements'
  if (isElement && inUser.length === 1) return []
  const [key] = isElement ? inUser.slice(2) : inUser
  if (key === 'aids') return Object.keys(aidEntries)
  if (key === 'filters') return Object.keys(filterEntries)
  return Object.keys(isElement ? ruleEntries : userEntries)
}

const printable = (most: number, wants: string) =>
  v.pipe(
    v.string(),
    v.check((text) => isPrintable(text, most), wants),
  )

/** 32 bits as the header CLA INS P1 P2. */
const header = v.pipe(
  v.string(),
  v.regex(/^[0-9A-Fa-f]{8}$/, '8 hex digits'),
  v.transform((digits) => Number.parseInt(digits, 16)),
)

const aid = v.pipe(
  v.string(),
  v.regex(/^(([0-9A-Fa-f]{2}){5,16})?$/, '10 to 32 hex digits, or none for the default application'),
  v.transform((digits) => digits.toUpperCase()),
)

const fingerprint = v.pipe(
  v.string(),
  v.regex(/^([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}$/, '64 hex digits, the SHA-256 of a certificate'),
  v.transform((digits) => digits.replaceAll(':', '').toUpperCase()),
)

const seidName = v.pipe(
  v.string(),
  v.regex(/^[\x21-\x7E]{1,63}$/, '1 to 63 printable ASCII characters, no blank'),
)

const aidEntries = { allow: v.optional(v.array(aid)), deny: v.optional(v.array(aid)) }

const aids = v.pipe(
  v.strictObject(aidEntries),
  v.check(
    ({ allow, deny }) => (allow === undefined) !== (deny === undefined),
    'exactly one of allow and deny',
  ),
)

const filterEntries = { aid: v.optional(aid), mask: header, value: header }

const filter = v.pipe(
  v.strictObject(filterEntries),
  v.check(({ mask, value }) => (value & ~mask) === 0, 'a value without bits outside of its mask'),
  v.transform(({ aid, mask, value }): Filter => ({ aid, mask, value })),
)

const ruleEntries = { aids: v.optional(aids), filters: v.optional(v.array(filter), []) }

const userEntries = {
  cn: v.optional(printable(256, '1 to 256 characters, no control characters')),
  fingerprint: v.optional(fingerprint),
  role: v.optional(v.picklist(['user', 'operator']), 'user'),
  seids: v.pipe(
    v.array(seidName),
    v.check((seids) => seids.length <= 1 || !seids.includes('*'), 'names, or "*" alone'),
  ),
  ...ruleEntries,
  elements: v.optional(v.record(seidName, v.strictObject(ruleEntries)), {}),
}

const user = v.pipe(
  v.strictObject(userEntries),
  v.check(
    ({ cn, fingerprint }) => (cn === undefined) !== (fingerprint === undefined),
    'exactly one of cn and fingerprint',
  ),
)

/** The whole file, key by key. */
export const usersFile = v.strictObject({
  users: v.optional(
    v.record(printable(256, 'a name of 1 to 256 characters, no control characters'), user),
    {},
  ),
})

type AidsTable = v.InferOutput<typeof aids>
type RulesTable = { readonly aids?: AidsTable | undefined; readonly filters: readonly Filter[] }
type UserTable = v.InferOutput<typeof user>

const SHAPE: Shape<v.InferOutput<typeof usersFile>> = { schema: usersFile, knownKeysAt, secretKeys: [] }

/** What the library skips in a record, so that no table can reach a prototype. */
const RESERVED_NAMES: readonly string[] = ['__proto__', 'constructor', 'prototype']

function isPrintable(text: string, most: number): boolean {
  return text.length >= 1 && text.length <= most && !/[\p{Cc}\p{Cs}\uFFFD]/u.test(text)
}
