// The files that say who may do what: users of the administration plane, the token of the status plane.

import { messageOf } from '../../../base/errors.ts'
import { ConfigError } from '../../../config/errors.ts'
import { parseUsers } from '../../../config/users.ts'
import { racsFilePath } from '../../iosed/racs-files.ts'
import { secretFinding, unreadable } from './certificates.ts'
import { type Finding, fine, warning, wrong } from './finding.ts'
import { factsOf, type TextOrObstacle, textAt } from './reading.ts'
import type { Subject } from './subject.ts'

export function usersFindings({ config, stateDir, user, flags }: Subject): Finding[] {
  const file = racsFilePath(config.racs, stateDir, 'users')
  return [usersFinding(file, textAt(file), { user: user.name, flags })]
}

/** What is to be said of the users. */
export function usersFinding(
  file: string,
  read: TextOrObstacle,
  { user, flags }: { user: string; flags: string },
): Finding {
  const addOne = `iose pki client NAME${flags} prints a table for ${file}`
  if ('obstacle' in read) return unreadable('users', { file, user, remedy: addOne }, read.obstacle)
  try {
    const { length } = parseUsers(read.text, file)
    if (length > 0) return fine('users', `${file}, ${length} ${length === 1 ? 'user' : 'users'}`)
    return warning('users', {
      found: `${file} has no users`,
      meaning: 'nobody may administrate',
      remedy: addOne,
    })
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return wrong('users', { found: messageOf(error), remedy: `$EDITOR ${file}, then SIGHUP to the gateway` })
  }
}

/** @param file  that of the token */
export function tokenFindings(file: string, { user }: Subject): Finding[] {
  return [tokenFinding(file, textAt(file), { user: user.name, mode: factsOf(file)?.mode ?? 0 })]
}

/** What is to be said of the token, which is not shown. */
export function tokenFinding(
  file: string,
  read: TextOrObstacle,
  { user, mode }: { user: string; mode: number },
): Finding {
  if ('obstacle' in read) {
    if (read.obstacle === 'ENOENT')
      return fine('token', `${file} is not there yet; a gateway that starts makes it`)
    return unreadable('token', { file, user, remedy: `ls -l ${file}` }, read.obstacle)
  }
  if (/^[\x21-\x7E]{16,256}$/.test(read.text.trim())) return secretFinding('token', file, mode)
  const found = `${file} does not hold 16 to 256 printable characters`
  return wrong('token', { found, meaning: 'the gateway does not start with it', remedy: `rm ${file}` })
}
