// Where the audit log is, and where its key: never together.

import { existsSync, realpathSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import type { Config } from './config.ts'
import { type KeyPlace, keyPlaceOf } from './credentials.ts'
import { ConfigError } from './errors.ts'

export interface AuditPlace {
  readonly directory: string
  readonly keyFile: string
  readonly keyOrigin: KeyPlace['origin']
}

/**
 * The log is in the state directory, its key as `keyPlaceOf` says.
 * @throws ConfigError config.invalid when the key would be in the directory of the log
 */
export function auditPlaceOf(
  keyFile: Config['audit']['keyFile'],
  stateDir: string,
  environment: NodeJS.ProcessEnv,
): AuditPlace {
  const directory = resolve(stateDir, 'audit')
  const { path, origin } = keyPlaceOf('audit-key', keyFile, stateDir, environment)
  if (isWithin(realOf(directory), realOf(path))) {
    const message = `audit.key_file: ${path} is in the directory of the log: whoever can change one could change the other`
    throw new ConfigError('config.invalid', message)
  }
  return { directory, keyFile: path, keyOrigin: origin }
}

function isWithin(directory: string, path: string): boolean {
  const way = relative(directory, path)
  return way !== '..' && !way.startsWith('../')
}

/** With links followed, as far as it exists. */
function realOf(path: string): string {
  if (existsSync(path)) return realpathSync(path)
  const above = dirname(path)
  return above === path ? path : join(realOf(above), relative(above, path))
}
