// The unit of the gateway, as far as it hands credentials over.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CredentialName } from '../../../config/credentials.ts'

/** Why a credential of that name would not reach the gateway; undefined when it does. */
export function handOverObstacle(name: CredentialName): string | undefined {
  const unit = UNIT_PATHS.map((path) => join(path, UNIT)).find((path) => existsSync(path))
  if (unit === undefined) return `there is no unit ${UNIT}, which would hand credentials to the gateway`
  const isTaken = new RegExp(`^LoadCredentialEncrypted=${name}(:|\\s*$)`, 'm').test(
    readFileSync(unit, 'utf8'),
  )
  return isTaken
    ? undefined
    : `${unit} has no LoadCredentialEncrypted=${name}, which would hand it to the gateway`
}

/** Where the gateway finds a credential as long as it runs; its user may read it there, as it may itself. */
export function handedOverPathOf(name: CredentialName): string {
  return join('/run/credentials', UNIT, name)
}

const UNIT = 'iosed.service'
/** In the order of systemd.unit(5). */
const UNIT_PATHS = [
  '/etc/systemd/system',
  '/run/systemd/system',
  '/usr/local/lib/systemd/system',
  '/usr/lib/systemd/system',
  '/lib/systemd/system',
] as const
