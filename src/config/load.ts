// Where a configuration comes from: the file that was named, else the system's, else nothing but defaults.

import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { BoardText } from './board.ts'
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
  return { config: parseConfig(toml, file, (name) => readBoard(name, dirname(file))), source: file }
}

/** A board file beside the configuration, or one that comes with the program. */
function readBoard(name: string, folder: string): BoardText {
  const places = [resolve(folder, name), resolve(BOARDS, name)]
  const file = places.find((place) => existsSync(place))
  if (file === undefined) {
    throw new ConfigError('config.missing', `gateway.board: there is neither ${places.join(' nor ')}`)
  }
  try {
    return { toml: readFileSync(file, 'utf8'), file }
  } catch (error) {
    throw new ConfigError('config.missing', `cannot read ${file}`, { cause: error })
  }
}

/** `boards/NAME.toml` lie in there. */
const BOARDS = resolve(import.meta.dirname, '../../hardware')

const SYSTEM_CONFIG = '/etc/iose/gateway.toml'
