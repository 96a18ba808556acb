// Where a configuration comes from: the file that was named, else the system's, else nothing but defaults.

import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { UserRules } from '../access/user.ts'
import { type Board, type BoardText, parseBoard } from './board.ts'
import { type Config, parseConfig } from './config.ts'
import { ConfigError } from './errors.ts'
import { parseUsers } from './users.ts'

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

/**
 * Reads and checks a users.toml.
 * @throws ConfigError config.missing, config.invalid
 */
export function loadUsers(file: string): UserRules[] {
  let toml: string
  try {
    toml = readFileSync(file, 'utf8')
  } catch (error) {
    throw new ConfigError('config.missing', `cannot read ${file}`, { cause: error })
  }
  return parseUsers(toml, file)
}

/**
 * Reads a board file.
 * @param name  a file, or the name of one that comes with the program: `hat-rev-a`
 * @throws ConfigError config.missing, config.invalid
 */
export function loadBoard(name: string): { readonly board: Board; readonly source: string } {
  const text = boardTextAt([resolve(name), resolve(BOARDS, 'boards', `${name}.toml`)], name)
  return { board: parseBoard(text), source: text.file }
}

/** A board file beside the configuration, or one that comes with the program. */
function readBoard(name: string, folder: string): BoardText {
  return boardTextAt([resolve(folder, name), resolve(BOARDS, name)], 'gateway.board')
}

/** The first of `places` that is there. */
function boardTextAt(places: readonly string[], what: string): BoardText {
  const file = places.find((place) => existsSync(place))
  if (file === undefined) {
    throw new ConfigError('config.missing', `${what}: there is neither ${places.join(' nor ')}`)
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
