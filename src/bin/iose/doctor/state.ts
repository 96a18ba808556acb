// The state directory: what must survive a restart lies there.

import { statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { type Finding, fine, warning, wrong } from './finding.ts'
import { type FileFacts, factsOf, obstacleTo } from './reading.ts'
import { nameOfUser, type Subject, type User } from './subject.ts'

/** A directory, or what is nearest to one that is missing. */
export interface Place {
  readonly wanted: string
  /** The directory itself, or the nearest above that is there. */
  readonly nearest: string
  readonly facts: FileFacts
  /** The name of its owner. */
  readonly owner: string
  /** Why this user may not write there; undefined when the user may. */
  readonly obstacle: string | undefined
  readonly freeBytes: number
}

export function stateFindings({ stateDir, user }: Subject): Finding[] {
  return placeFindings(placeOf(stateDir), user)
}

/** What is to be said of it. */
export function placeFindings(place: Place, user: User): Finding[] {
  const { wanted, nearest, facts, owner, obstacle } = place
  if (facts.kind !== 'directory') {
    const found = `${nearest} is no directory`
    return [wrong(CHECK, { found, remedy: `sudo mv ${nearest} ${nearest}.old` })]
  }
  if (obstacle === 'EROFS') {
    const found = `${nearest} is on a file system that is read-only`
    return [wrong(CHECK, { found, remedy: `sudo mount -o remount,rw "$(findmnt -no TARGET -T ${nearest})"` })]
  }
  const isThere = wanted === nearest
  if (obstacle !== undefined) return [closedFinding(place, user)]
  const space = spaceFinding(place)
  if (!isThere) return [space ?? fine(CHECK, `${wanted} is not there yet; a first start makes it`)]
  const findings = [...ownerFindings(place, user), ...(space === undefined ? [] : [space])]
  if ((facts.mode & 0o022) !== 0) {
    const found = `${wanted} may be written by others than ${owner} (mode ${facts.mode.toString(8)})`
    const meaning = 'they could put keys and users of theirs in it'
    findings.push(warning(CHECK, { found, meaning, remedy: `sudo chmod go-w ${wanted}` }))
  }
  return findings.length > 0 ? findings : [fine(CHECK, `${wanted}, of ${owner}`)]
}

function closedFinding({ wanted, nearest, owner, facts }: Place, user: User): Finding {
  const mode = facts.mode.toString(8)
  if (wanted === nearest) {
    const found = `${wanted} may not be written by ${user.name} (owner ${owner}, mode ${mode})`
    const meaning = 'either it is not the gateway of this user, or somebody else was here first'
    const remedy = `sudo -u ${owner} iose doctor, or sudo chown -R ${user.name} ${wanted}`
    return wrong(CHECK, { found, meaning, remedy })
  }
  const found = `${wanted} is not there, and ${user.name} cannot make it in ${nearest}`
  return wrong(CHECK, { found, remedy: `sudo install -d -m 700 -o ${user.name} ${wanted}` })
}

function ownerFindings({ wanted, owner, facts }: Place, user: User): Finding[] {
  if (facts.uid === user.uid) return []
  const found = `${wanted} belongs to ${owner}, this is ${user.name}`
  const meaning = 'what this user may is not what the gateway may'
  return [warning(CHECK, { found, meaning, remedy: `sudo -u ${owner} iose doctor` })]
}

function spaceFinding({ nearest, freeBytes }: Place): Finding | undefined {
  if (freeBytes >= LEAST_FREE_BYTES) return undefined
  const found = `${Math.floor(freeBytes / MIB)} MiB are free at ${nearest}`
  const meaning = `less than ${LEAST_FREE_BYTES / MIB} MiB: what must survive a restart may not be kept`
  return warning(CHECK, {
    found,
    meaning,
    remedy: `sudo journalctl --vacuum-size=50M; sudo apt-get clean; df -h ${nearest}`,
  })
}

function placeOf(wanted: string): Place {
  let nearest = wanted
  let facts = factsOf(nearest)
  while (facts === undefined) {
    if (dirname(nearest) === nearest) throw new Error(`${wanted} cannot be looked at`)
    nearest = dirname(nearest)
    facts = factsOf(nearest)
  }
  const { bavail, bsize } = statfsSync(nearest)
  const obstacle = obstacleTo(nearest, 'write')
  return { wanted, nearest, facts, owner: nameOfUser(facts.uid), obstacle, freeBytes: bavail * bsize }
}

const CHECK = 'state'
const MIB = 1_048_576
const LEAST_FREE_BYTES = 64 * MIB
