// The users' own file, config.toml: which gateway they use, and with which credentials.

import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import * as v from 'valibot'
import { messageOf } from '../base/errors.ts'
import { ConfigError } from './errors.ts'
import { checked, tomlOf } from './toml.ts'
import { type Endpoint, endpoint, text } from './values.ts'

/** One `[profiles.NAME]`; what it does not say is undefined. */
export interface Profile {
  readonly gateway?: Endpoint | undefined
  /** The name that the certificate of the gateway must bear, if it is not the host's. */
  readonly servername?: string | undefined
  /** Absolute paths of PEM files, as the two that follow. */
  readonly cert?: string | undefined
  readonly key?: string | undefined
  readonly ca?: string | undefined
}

/**
 * The profile `name` of the user's file, or the default one; empty when there is no file, or no default in it.
 * @throws ConfigError config.missing for a named profile that is not there; config.invalid
 */
export function loadProfile(name: string | undefined, environment: NodeJS.ProcessEnv): Profile {
  const file = profileFileOf(environment)
  if (!existsSync(file)) {
    if (name === undefined) return {}
    throw new ConfigError('config.missing', `profile '${name}': there is no ${file}`)
  }
  let toml: string
  try {
    toml = readFileSync(file, 'utf8')
  } catch (error) {
    throw new ConfigError('config.missing', `cannot read ${file}: ${messageOf(error)}`)
  }
  return parseProfile(toml, file, name)
}

/** $XDG_CONFIG_HOME/iose/config.toml, else ~/.config/iose/config.toml. */
export function profileFileOf(environment: NodeJS.ProcessEnv): string {
  const home = environment['XDG_CONFIG_HOME'] ?? ''
  return join(home === '' ? join(homedir(), '.config') : home, 'iose/config.toml')
}

/**
 * As `loadProfile`, of a text.
 * @param file  what messages call it, and where relative paths start
 */
export function parseProfile(toml: string, file: string, name?: string): Profile {
  const shape = { schema: fileSchema, knownKeysAt, secretKeys: [] }
  const { default_profile: fallback, profiles } = checked(tomlOf(toml, file), file, shape)
  const known = Object.keys(profiles).join(', ') || 'none'
  if (fallback !== undefined && !Object.hasOwn(profiles, fallback)) {
    const message = `${file}: default_profile: found "${fallback}", expected a profile; there are ${known}`
    throw new ConfigError('config.invalid', message)
  }
  const wanted = name ?? fallback
  if (wanted === undefined) return {}
  const profile = Object.hasOwn(profiles, wanted) ? profiles[wanted] : undefined
  if (profile === undefined) {
    throw new ConfigError('config.missing', `${file}: no profile '${wanted}'; there are ${known}`)
  }
  const pathOf = (path: string | undefined) => path && resolve(dirname(file), path)
  const { cert, key, ca, ...rest } = profile
  return { ...rest, cert: pathOf(cert), key: pathOf(key), ca: pathOf(ca) }
}

function knownKeysAt(path: readonly string[]): readonly string[] {
  return Object.keys(path.length === 0 ? fileSchema.entries : profileSchema.entries)
}

const profileSchema = v.strictObject({
  gateway: v.optional(endpoint),
  servername: v.optional(text),
  cert: v.optional(text),
  key: v.optional(text),
  ca: v.optional(text),
})

const fileSchema = v.strictObject({
  default_profile: v.optional(text),
  profiles: v.optional(v.record(v.string(), profileSchema), {}),
})
