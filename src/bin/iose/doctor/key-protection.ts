// Keys that lie plain where they need not. All is well with a gateway that has them so; a backup of it has them, too.

import { join } from 'node:path'
import { auditPlaceOf } from '../../../config/audit-place.ts'
import type { CredentialName } from '../../../config/credentials.ts'
import { racsKeyPlace } from '../../iosed/racs-files.ts'
import { presenceOf, storePathOf } from '../credentials/store.ts'
import { isInstalled } from '../credentials/systemd-creds.ts'
import { handOverObstacle } from '../credentials/unit.ts'
import { type Finding, hint, warning } from './finding.ts'
import { factsOf } from './reading.ts'
import type { Subject } from './subject.ts'

export async function keyProtectionFindings(subject: Subject): Promise<Finding[]> {
  const canBeCredentials = await isInstalled()
  const keys = plainKeysOf(subject).filter(({ path }) => factsOf(path) !== undefined)
  const named = keys.filter(({ name }) => canBeCredentials && handOverObstacle(name) === undefined)
  return [
    ...protectionFindings(
      named.map(({ name, path }) => ({ name, path, credential: presenceOf(name) })),
      subject.flags,
    ),
    ...authorityFindings(join(subject.stateDir, 'pki')),
  ]
}

/** A key that could be a credential, and whether there is one of its name. */
export interface PlainKey {
  readonly name: CredentialName
  readonly path: string
  readonly credential: ReturnType<typeof presenceOf>
}

/** What is to be said of them. @param flags  for the commands that are proposed */
export function protectionFindings(keys: readonly PlainKey[], flags: string): Finding[] {
  return keys.map(({ name, path, credential }) => {
    if (credential === 'there') {
      const found = `${path} is there, and ${storePathOf(name)}, too`
      const meaning = 'iosed.service uses the credential; after a new certificate, --replace as well'
      return warning('key', { found, meaning, remedy: `sudo iose protect-keys${flags} && ${RESTART}` })
    }
    const found = `${path} is a plain file`
    const meaning = 'as a credential of systemd it would be in no backup of the state directory'
    return hint('key', { found, meaning, remedy: `sudo iose protect-keys${flags} && ${RESTART}` })
  })
}

/** The gateway needs the certificate of its authority only. @param directory  of the authority */
function authorityFindings(directory: string): Finding[] {
  const path = join(directory, 'ca.key')
  if (factsOf(path) === undefined) return []
  const remedy = `copy ${directory} to a machine that is offline, use iose pki there, and sudo rm ${path}`
  return [
    hint('ca', {
      found: `${path} lies beside the gateway`,
      meaning: 'the gateway does not need it, and whoever has it can let anybody in',
      remedy,
    }),
  ]
}

function plainKeysOf({ config, stateDir, environment }: Subject): { name: CredentialName; path: string }[] {
  const racs = racsKeyPlace(config.racs, stateDir)
  const audit = auditPlaceOf(config.audit.keyFile, stateDir, environment)
  return [
    ...(racs.origin === 'state' ? [{ name: 'racs-key', path: racs.path } as const] : []),
    ...(audit.keyOrigin === 'state' ? [{ name: 'audit-key', path: audit.keyFile } as const] : []),
  ]
}

const RESTART = 'sudo systemctl restart iosed'
