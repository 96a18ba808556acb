// The files of the administration plane: certificates, revocation list, users. Read at the start and at SIGHUP;
// where there are none at all, a first start makes them for development.

import { createPrivateKey, X509Certificate } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { createSecureContext } from 'node:tls'
import { AccessPolicy } from '../../access/user.ts'
import { writeAtomically } from '../../base/atomic-file.ts'
import type { Log } from '../../base/log.ts'
import type { Config, RacsFile } from '../../config/config.ts'
import { ConfigError } from '../../config/errors.ts'
import { parseUsers } from '../../config/users.ts'
import type { RacsCredentials } from '../../racs/server.ts'

export interface RacsFiles {
  readonly credentials: RacsCredentials
  readonly policy: AccessPolicy
}

/**
 * Reads the files and checks that they go together.
 * @throws ConfigError with the file and what to do
 */
export function readRacsFiles(racs: Config['racs'], stateDir: string, log: Log): RacsFiles {
  const path = (file: RacsFile): string => racsFilePath(racs, stateDir, file)
  const read = (file: RacsFile): string => {
    try {
      return readFileSync(path(file), 'utf8')
    } catch (error) {
      const next =
        file === 'users'
          ? 'it says who may use what: `iose pki client NAME` prints a table for it'
          : '`iose pki --help` shows how it is made'
      const message = `racs.${file}: cannot read ${path(file)}; ${next}`
      throw new ConfigError('config.missing', message, { cause: error })
    }
  }
  const hasCrl = racs.files.crl !== undefined || existsSync(path('crl'))
  const credentials = {
    ca: read('ca'),
    cert: read('cert'),
    key: read('key'),
    crl: hasCrl ? read('crl') : undefined,
  }
  check(credentials, racs, path)
  if (!hasCrl) log.warn('racs.crl-missing', { advice: 'no certificate can be revoked', path: path('crl') })
  if ((statSync(path('key')).mode & 0o077) !== 0) {
    log.warn('racs.key-exposed', { path: path('key'), advice: 'chmod 600: others can read the key' })
  }
  return { credentials, policy: new AccessPolicy(parseUsers(read('users'), path('users'))) }
}

/** Where a file is: as configured, relative to the state directory, or where a first start makes it. */
export function racsFilePath(racs: Pick<Config['racs'], 'files'>, stateDir: string, file: RacsFile): string {
  return resolve(stateDir, racs.files[file] ?? DEFAULT_FILES[file])
}

/**
 * On a first start, when the configuration names no file and none of them is there: makes a certificate authority
 * with a client `operator` that may do everything. The X.509 library is loaded here and nowhere else.
 */
export async function ensureRacsFiles(racs: Config['racs'], stateDir: string, log: Log): Promise<void> {
  const isConfigured = Object.values(racs.files).some((file) => file !== undefined)
  const users = join(stateDir, DEFAULT_FILES.users)
  if (isConfigured || existsSync(users)) return
  const directory = join(stateDir, 'pki')
  try {
    const { isDevelopmentPki, makeDevelopmentPki } = await import('../../pki/development.ts')
    // Certificates of somebody's own stay alone. Those of a first start that was cut short are completed.
    if (existsSync(join(stateDir, DEFAULT_FILES.ca)) && !(await isDevelopmentPki(directory))) return
    const { client } = await makeDevelopmentPki(directory, {
      hosts: [hostname(), racs.host],
      now: new Date(),
    })
    await writeAtomically(users, DEVELOPMENT_USERS, 0o644)
    log.warn('pki.created', { directory, client, advice: 'for development: make your own with `iose pki`' })
  } catch (error) {
    const message = `racs: cannot make certificates in ${directory}; set gateway.state_dir to a directory of yours`
    throw new ConfigError('config.missing', message, { cause: error })
  }
}

/** What OpenSSL would only say in words of its own, or when the first client comes. */
function check(credentials: RacsCredentials, racs: Config['racs'], path: (file: RacsFile) => string): void {
  const parsed = <T>(file: RacsFile, parse: () => T): T => {
    try {
      return parse()
    } catch (error) {
      throw new ConfigError('config.invalid', `racs.${file}: ${path(file)} is not usable`, { cause: error })
    }
  }
  const certificate = parsed('cert', () => new X509Certificate(credentials.cert))
  const key = parsed('key', () => createPrivateKey(credentials.key))
  const { ca, crl } = credentials
  parsed('ca', () => new X509Certificate(ca))
  if (crl !== undefined) parsed('crl', () => createSecureContext({ crl }))
  if (!certificate.checkPrivateKey(key)) {
    const message = `racs.key: ${path('key')} is not the key of ${path('cert')}`
    throw new ConfigError('config.invalid', message)
  }
  if (racs.legacyRsa && key.asymmetricKeyType !== 'rsa') {
    const message = `racs.legacy_rsa needs an RSA certificate, ${path('cert')} is none; iose pki server --rsa makes one`
    throw new ConfigError('config.invalid', message)
  }
}

const DEFAULT_FILES: Readonly<Record<RacsFile, string>> = {
  ca: 'pki/ca.pem',
  cert: 'pki/server.pem',
  key: 'pki/server.key',
  crl: 'pki/crl.pem',
  users: 'users.toml',
}

const DEVELOPMENT_USERS = `# Who may administrate which elements. SIGHUP makes the gateway read this again.

[users.operator]
cn = "operator"                      # common name of the client certificate
role = "operator"
seids = ["*"]
`
