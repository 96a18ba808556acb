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
import { CREDENTIAL_STORE, type KeyPlace, keyPlaceOf } from '../../config/credentials.ts'
import { ConfigError } from '../../config/errors.ts'
import { parseUsers } from '../../config/users.ts'
import type { RacsCredentials } from '../../racs/server.ts'
import { buildLandmark, certificateLandmark, soundTime } from './landmarks.ts'

export interface RacsFiles {
  readonly credentials: RacsCredentials
  readonly policy: AccessPolicy
}

/**
 * Reads the files and checks that they go together.
 * @throws ConfigError with the file and what to do
 */
export function readRacsFiles(racs: Config['racs'], stateDir: string, log: Log): RacsFiles {
  const key = racsKeyPlace(racs, stateDir)
  refuseLoneCredential(racs, stateDir)
  const path = (file: RacsFile): string => racsFilePath(racs, stateDir, file)
  const read = (file: RacsFile): string => {
    try {
      return readFileSync(path(file), 'utf8')
    } catch (error) {
      const next = file === 'key' && key.origin === 'state' ? NEXT_STEPS.ownKey : NEXT_STEPS[file]
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
  check(credentials, { racs, stateDir, path })
  if (!hasCrl) log.warn('racs.crl-missing', { advice: 'no certificate can be revoked', path: path('crl') })
  // The mode of a credential says nothing: its access control list is that of the service's user.
  if (key.origin !== 'credential' && (statSync(key.path).mode & 0o077) !== 0) {
    log.warn('racs.key-exposed', { path: key.path, advice: 'chmod 600: others can read the key' })
  }
  return { credentials, policy: new AccessPolicy(parseUsers(read('users'), path('users'))) }
}

/**
 * Where a file is: as configured, or where a first start makes it. The users of this machine go before those that a first
 * start makes; for the key see `racsKeyPlace`.
 */
export function racsFilePath(racs: RacsPaths, stateDir: string, file: RacsFile): string {
  if (file === 'key') return racsKeyPlace(racs, stateDir).path
  if (file === 'users' && racs.files.users === undefined && existsSync(SYSTEM_USERS)) return SYSTEM_USERS
  return resolve(stateDir, racs.files[file] ?? DEFAULT_FILES[file])
}

/** Where the key of the gateway's certificate is: it may be a credential. */
export function racsKeyPlace({ files }: RacsPaths, stateDir: string): KeyPlace {
  return keyPlaceOf('racs-key', files.key, stateDir, process.env)
}

/**
 * On a first start, when the configuration names no file and none of them is there: makes a certificate authority
 * with a client `operator` that may do everything. The X.509 library is loaded here and nowhere else.
 * @throws ConfigError when there is a key already, as a credential, and nothing that belongs to it
 */
export async function ensureRacsFiles(racs: Config['racs'], stateDir: string, log: Log): Promise<void> {
  const isConfigured = Object.values(racs.files).some((file) => file !== undefined)
  const users = join(stateDir, DEFAULT_FILES.users)
  if (isConfigured || existsSync(users)) return
  refuseLoneCredential(racs, stateDir)
  const directory = join(stateDir, 'pki')
  try {
    const { isDevelopmentPki, makeDevelopmentPki } = await import('../../pki/development.ts')
    // Certificates of somebody's own stay alone. Those of a first start that was cut short are completed.
    if (existsSync(join(stateDir, DEFAULT_FILES.ca)) && !(await isDevelopmentPki(directory))) return
    const begun = certificateLandmark(join(stateDir, DEFAULT_FILES.ca), 'the authority')
    const landmarks = [buildLandmark(), ...(begun === undefined ? [] : [begun])]
    const { client } = await makeDevelopmentPki(directory, {
      hosts: [...namesOf(hostname()), racs.host],
      // Certificates of 1970 would be of no use to anybody once the clock is right.
      now: soundTime(Date.now(), landmarks),
    })
    await writeAtomically(users, DEVELOPMENT_USERS, 0o644)
    log.warn('pki.created', { directory, client, advice: 'for development: make your own with `iose pki`' })
  } catch (error) {
    const message = `racs: cannot make certificates in ${directory}; set gateway.state_dir to a directory of yours`
    throw new ConfigError('config.missing', message, { cause: error })
  }
}

/** What a machine is called in its network: by its own name, and by mDNS (RFC 6762) where that has no domain. */
export function namesOf(host: string): string[] {
  return host.includes('.') || host === 'localhost' ? [host] : [host, `${host}.local`]
}

/** A new certificate would have a new key, and the gateway would go on with that of the credential. */
function refuseLoneCredential(racs: RacsPaths, stateDir: string): void {
  const cert = racsFilePath(racs, stateDir, 'cert')
  if (racsKeyPlace(racs, stateDir).origin !== 'credential' || existsSync(cert)) return
  const message =
    `racs.cert: there is a credential racs-key, and no ${cert}: bring back the certificate of that key; ` +
    `or, for a new one: \`sudo rm ${CREDENTIAL}\`, then a first start or \`iose pki server\` makes key and certificate`
  throw new ConfigError('config.missing', message)
}

/** What OpenSSL would only say in words of its own, or when the first client comes. */
function check(credentials: RacsCredentials, { racs, stateDir, path }: Places): void {
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
    const { origin } = racsKeyPlace(racs, stateDir)
    const next = origin === 'credential' ? `; ${otherKeyAdvice(certificate, stateDir)}` : ''
    const message = `racs.key: ${path('key')} is not the key of ${path('cert')}${next}`
    throw new ConfigError('config.invalid', message)
  }
  if (racs.legacyRsa && key.asymmetricKeyType !== 'rsa') {
    const message = `racs.legacy_rsa needs an RSA certificate, ${path('cert')} is none; iose pki server --rsa makes one`
    throw new ConfigError('config.invalid', message)
  }
}

/** systemd decrypts credentials when it starts the service, and never again. */
function otherKeyAdvice(certificate: X509Certificate, stateDir: string): string {
  const plain = join(stateDir, DEFAULT_FILES.key)
  if (isKeyIn(plain, certificate)) {
    return `${plain} is: \`sudo iose protect-keys --replace && sudo systemctl restart iosed\` makes it the credential`
  }
  return 'bring back the certificate of the credential, or make both: `iose pki server`, `sudo iose protect-keys --replace`, `sudo systemctl restart iosed`'
}

function isKeyIn(path: string, certificate: X509Certificate): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(readFileSync(path)))
  } catch {
    // Not there or not a key: not the one that is looked for.
    return false
  }
}

type RacsPaths = Pick<Config['racs'], 'files'>

interface Places {
  readonly racs: Config['racs']
  readonly stateDir: string
  readonly path: (file: RacsFile) => string
}

const MADE_BY_PKI = '`iose pki --help` shows how it is made'
const NEXT_STEPS: Readonly<Record<RacsFile | 'ownKey', string>> = {
  ca: MADE_BY_PKI,
  cert: MADE_BY_PKI,
  key: MADE_BY_PKI,
  crl: MADE_BY_PKI,
  ownKey: `${MADE_BY_PKI}; if it is a credential: \`sudo systemctl restart iosed\` hands it over`,
  users: 'it says who may use what: `iose pki client NAME` prints a table for it',
}
const CREDENTIAL = join(CREDENTIAL_STORE, 'racs-key')
/** Beside the configuration of the machine. */
const SYSTEM_USERS = '/etc/iose/users.toml'
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
