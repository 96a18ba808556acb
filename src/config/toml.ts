// TOML text to checked values, for every file that an operator writes: the same messages for the same mistakes.

import leven from 'leven'
import { parse as parseToml, TomlError } from 'smol-toml'
import * as v from 'valibot'
import { ConfigError } from './errors.ts'

/** The shape of one kind of file. */
export interface Shape<Output> {
  readonly schema: v.GenericSchema<unknown, Output>
  /** The keys that a table may have, by its path: for the nearest one to a key that is unknown. */
  readonly knownKeysAt: (path: readonly string[]) => readonly string[]
  /** Keys whose value no message may show. */
  readonly secretKeys: readonly string[]
}

/**
 * The tables of a TOML text.
 * @param file  what messages call it
 * @throws ConfigError config.invalid
 */
export function tomlOf(toml: string, file: string): unknown {
  try {
    return parseToml(toml)
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const [reason = ''] = error.message.split('\n')
    const place = `line ${error.line}, column ${error.column}`
    // No excerpt: the line may hold a secret.
    throw new ConfigError('config.invalid', `${file}: ${place}: ${reason}`)
  }
}

/**
 * `raw` as `shape` wants it, defaults filled in.
 * @throws ConfigError config.invalid, with the path and the value of everything that is wrong
 */
export function checked<Output>(raw: unknown, file: string, shape: Shape<Output>): Output {
  const result = v.safeParse(shape.schema, raw)
  if (result.success) return result.output
  const problems = result.issues.slice(0, MAX_PROBLEMS).map((issue) => problemOf(issue, shape))
  const more = result.issues.length - problems.length
  if (more > 0) problems.push(`and ${more} more`)
  throw new ConfigError('config.invalid', `${file}: ${problems.join('; ')}`)
}

function problemOf(issue: v.BaseIssue<unknown>, shape: Shape<unknown>): string {
  const keys = (issue.path ?? []).map((item) => item.key as string | number)
  const path = keys.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`
    return text === '' ? key : `${text}.${key}`
  }, '')
  if (issue.expected === 'never') return `${path}: unknown key${suggestion(keys, shape)}`
  const isSecret = keys.some((key) => shape.secretKeys.includes(String(key)))
  const found = isSecret ? '[secret]' : beginningOf(issue.received)
  const wants = issue.type === 'check' || issue.type === 'regex' ? issue.message : issue.expected
  return `${path}: found ${found}, expected ${wants ?? issue.message}`
}

function beginningOf(value: string): string {
  return value.length <= MAX_SHOWN ? value : `${value.slice(0, MAX_SHOWN)}...`
}

function suggestion(keys: readonly (string | number)[], { knownKeysAt }: Shape<unknown>): string {
  const names = keys.map(String)
  const wrong = names.at(-1) ?? ''
  const ranked = knownKeysAt(names.slice(0, -1))
    .map((key) => ({ key, distance: leven(key, wrong) }))
    .sort((a, b) => a.distance - b.distance)
  const [nearest] = ranked
  return nearest === undefined ? '' : `; the nearest known one is '${nearest.key}'`
}

/** Nobody reads more at once. */
const MAX_PROBLEMS = 20
const MAX_SHOWN = 100
