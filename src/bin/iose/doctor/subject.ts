// Whom the doctor examines: one gateway of this machine, and the user who asks.

import { userInfo } from 'node:os'
import { dirname, resolve } from 'node:path'
import type { Config } from '../../../config/config.ts'
import { contentOf } from './reading.ts'

export interface Subject {
  readonly config: Config
  readonly stateDir: string
  readonly user: User
  /** ` --config FILE --state-dir DIR` as they were given, for the commands that are proposed. */
  readonly flags: string
  readonly environment: NodeJS.ProcessEnv
  readonly now: Date
}

export interface User {
  readonly name: string
  readonly uid: number
  /** Names of the groups that this process is in. */
  readonly groups: ReadonlySet<string>
  /** Names of the groups that the user is entered in, of which a session that began before knows nothing. */
  readonly enteredIn: ReadonlySet<string>
}

/** The user of this process. */
export function presentUser(): User {
  const uid = process.getuid?.() ?? -1
  const name = nameOfUser(uid)
  const ids = new Set([...(process.getgroups?.() ?? []), process.getegid?.() ?? -1])
  const rows = groupRows()
  const named = (isIn: (row: GroupRow) => boolean): Set<string> =>
    new Set(rows.filter(isIn).map((row) => row.name))
  return {
    name,
    uid,
    groups: named(({ gid }) => ids.has(gid)),
    enteredIn: named(({ members }) => members.includes(name)),
  }
}

/** Its name, else its number. */
export function nameOfUser(uid: number): string {
  const row = contentOf('/etc/passwd')
    ?.split('\n')
    .map((line) => line.split(':'))
    .find((columns) => columns[2] === String(uid))
  return row?.[0] ?? fallbackName(uid)
}

/** Its name, else its number. */
export function nameOfGroup(gid: number): string {
  return groupRows().find((row) => row.gid === gid)?.name ?? String(gid)
}

/** Where the program is installed: where package.json lies. */
export const PROGRAM = resolve(dirname(import.meta.dirname), '../../..')

/** Users from elsewhere (LDAP) are in no file. */
function fallbackName(uid: number): string {
  try {
    const { uid: own, username } = userInfo()
    return own === uid ? username : String(uid)
  } catch {
    return String(uid)
  }
}

interface GroupRow {
  readonly name: string
  readonly gid: number
  readonly members: readonly string[]
}

/** See group(5). */
function groupRows(): GroupRow[] {
  return (contentOf('/etc/group') ?? '').split('\n').map((line) => {
    const [name = '', , gid = '-1', members = ''] = line.split(':')
    return { name, gid: Number(gid), members: members.split(',') }
  })
}
