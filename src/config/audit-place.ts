// Where the audit log is, and where its key: never together.

import { existsSync, realpathSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import type { Config } from './config.ts'
import { ConfigError } from './errors.ts'

export interface AuditPlace {
  readonly directory: string
  readonly keyFile: string
  /** Nobody has said where the key is: a first start makes it. */
  readonly isOwnKey: boolean
}

/**
 * The configured key file, else the credential that systemd gives, else one in the state directory.
 * @throws ConfigError config.invalid when the key would be in the directory of the log
 */
export function auditPlaceOf(
  keyFile: Config['audit']['keyFile'],
  stateDir: string,
  environment: NodeJS.ProcessEnv,
): AuditPlace {
  const directory = resolve(stateDir, 'audit')
  const credentials = environment['CREDENTIALS_DIRECTORY'] ?? ''
  const credential = join(credentials, 'audit-key')
  const isGiven = credentials !== '' && existsSync(credential)
  const named = keyFile ?? (isGiven ? credential : undefined)
  const path = resolve(stateDir, named ?? join('pki', 'audit.key'))
  if (isWithin(realOf(directory), realOf(path))) {
    const message = `audit.key_file: ${path} is in the directory of the log: whoever can change one could change the other`
    throw new ConfigError('config.invalid', message)
  }
  return { directory, keyFile: path, isOwnKey: named === undefined }
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
