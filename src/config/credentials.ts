// The gateway's own keys: where each is. As credentials of systemd they are decrypted for the process alone
// (systemd.exec(5), LoadCredentialEncrypted=); what is none lies in the state directory.

import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** As in the unit of the gateway. */
export type CredentialName = 'racs-key' | 'audit-key'

export interface KeyPlace {
  readonly path: string
  /** Who says so: the configuration, systemd, or nobody, and then a first start makes it. */
  readonly origin: 'configured' | 'credential' | 'state'
}

/** Where systemd looks for those that are encrypted, and `iose protect-keys` puts them. */
export const CREDENTIAL_STORE = '/etc/credstore.encrypted'

/** Where a key lies that is no credential, in the state directory. */
export const PLAIN_KEYS: Readonly<Record<CredentialName, string>> = {
  'racs-key': 'pki/server.key',
  'audit-key': 'pki/audit.key',
}

/**
 * The configured file, else the credential that systemd gives, else one in the state directory.
 * @param configured  as in the configuration, relative to the state directory
 */
export function keyPlaceOf(
  name: CredentialName,
  configured: string | undefined,
  stateDir: string,
  environment: NodeJS.ProcessEnv,
): KeyPlace {
  if (configured !== undefined) return { path: resolve(stateDir, configured), origin: 'configured' }
  const directory = environment['CREDENTIALS_DIRECTORY'] ?? ''
  const credential = join(directory, name)
  if (directory !== '' && existsSync(credential)) return { path: credential, origin: 'credential' }
  return { path: resolve(stateDir, PLAIN_KEYS[name]), origin: 'state' }
}
