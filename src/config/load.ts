// Where a configuration comes from: the file that was named, else the system's, else nothing but defaults.

import { existsSync, readFileSync } from 'node:fs'
import { type Config, parseConfig } from './config.ts'
import { ConfigError } from './errors.ts'

export interface LoadedConfig {
  readonly config: Config
  /** What was read, for messages. */
  readonly source: string
}

/**
 * Reads and checks the configuration.
 * @param named  the file that the user asked for; without it `/etc/iose/gateway.toml` if it exists
 * @throws ConfigError config.missing, config.invalid
 */
export function loadConfig(named: string | undefined): LoadedConfig {
  const file = named ?? (existsSync(SYSTEM_CONFIG) ? SYSTEM_CONFIG : undefined)
  if (file === undefined) return { config: parseConfig('', 'defaults'), source: 'defaults' }
  let toml: string
  try {
    toml = readFileSync(file, 'utf8')
  } catch (error) {
    throw new ConfigError('config.missing', `cannot read ${file}`, { cause: error })
  }
  return { config: parseConfig(toml, file), source: file }
}

const SYSTEM_CONFIG = '/etc/iose/gateway.toml'
