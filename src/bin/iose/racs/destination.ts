// Which gateway, with which credentials: what the user said, else the profile, else the gateway of this machine.

import { X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { messageOf } from '../../../base/errors.ts'
import type { RacsTarget } from '../../../client/racs.ts'
import { loadConfig } from '../../../config/load.ts'
import { loadProfile, type Profile } from '../../../config/profile.ts'
import { stateDirOf } from '../../../config/state-dir.ts'
import type { Endpoint } from '../../../config/values.ts'
import { CliError, EXIT } from '../command.ts'
import type { SharedOptions } from './options.ts'

export interface Destination {
  readonly target: RacsTarget
  /** `host:port`, for messages. */
  readonly name: string
  /** What its user should know, though it may work. */
  readonly warnings: readonly string[]
}

/**
 * @param gateway  goes before all others
 * @throws CliError, ConfigError
 */
export function destinationOf(shared: SharedOptions, gateway?: Endpoint): Destination {
  const profile = loadProfile(shared.profile, process.env)
  const { host, port } = gateway ?? shared.gateway ?? profile.gateway ?? DEFAULT_GATEWAY
  const { cert, key, ca } = pathsOf(shared, profile)
  const credential = { cert: contentOf(cert), key: contentOf(key), ca: contentOf(ca) }
  const servername = shared.servername ?? profile.servername
  return {
    target: { host, port, servername, ...credential },
    name: host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`,
    warnings: [...keyWarnings(key), ...dateWarnings(cert, credential.cert)],
  }
}

/**
 * The files that go together: where only the certificate is named, the others lie beside it as `iose pki client`
 * leaves them. A certificate of one place with the key of another would only confuse.
 */
function pathsOf(shared: SharedOptions, profile: Profile): { cert: string; key: string; ca: string } {
  const { cert = profile.cert, key, ca } = shared
  if (cert === undefined) {
    if (key === undefined && ca === undefined) return developmentPaths(shared)
    throw new CliError(EXIT.usage, '--cert missing: certificate, key and CA go together')
  }
  const own = shared.cert === undefined ? profile : {}
  return {
    cert,
    key: key ?? own.key ?? `${cert.replace(/\.pem$/, '')}.key`,
    ca: ca ?? own.ca ?? join(dirname(cert), 'ca.pem'),
  }
}

/** What a gateway makes on its first start for whoever administrates it. */
function developmentPaths(shared: SharedOptions): { cert: string; key: string; ca: string } {
  const configured = shared.stateDir ?? loadConfig(shared.config).config.gateway.stateDir
  const directory = join(stateDirOf(configured, process.env), 'pki')
  return {
    cert: join(directory, 'operator.pem'),
    key: join(directory, 'operator.key'),
    ca: join(directory, 'ca.pem'),
  }
}

function contentOf(path: string | undefined): Buffer {
  try {
    return readFileSync(path ?? '')
  } catch (error) {
    const next =
      'Next: give --cert, --key and --ca, a --profile, or the --state-dir of a gateway on this machine.'
    throw new CliError(EXIT.configuration, `no credentials: ${messageOf(error)}\n${next}`)
  }
}

function keyWarnings(path: string | undefined): string[] {
  const isOpen = path !== undefined && (statSync(path).mode & 0o077) !== 0
  return isOpen ? [`others can read the key ${path}; chmod 600 would end that`] : []
}

function dateWarnings(path: string | undefined, pem: Buffer): string[] {
  const validTo = validToOf(pem)
  const hasExpired = validTo !== undefined && validTo.getTime() < Date.now()
  return hasExpired ? [`the certificate ${path ?? ''} expired on ${validTo.toISOString().slice(0, 10)}`] : []
}

function validToOf(pem: Buffer): Date | undefined {
  try {
    return new Date(new X509Certificate(pem).validTo)
  } catch {
    // What cannot be read is told when the connection wants it.
    return undefined
  }
}

const DEFAULT_GATEWAY: Endpoint = { host: '127.0.0.1', port: 7777 }
