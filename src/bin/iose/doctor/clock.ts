// Whether the clock of this machine can be right: certificates depend on it, and a Raspberry Pi has none that runs
// while it is off.

import { type Landmark, landmarkAfter, landmarksOf } from '../../iosed/landmarks.ts'
import { racsFilePath } from '../../iosed/racs-files.ts'
import { type Finding, fine, warning, wrong } from './finding.ts'
import { endingOf } from './reading.ts'
import type { Subject } from './subject.ts'

export async function clockFindings({ config, stateDir, now }: Subject): Promise<Finding[]> {
  const landmarks = landmarksOf(racsFilePath(config.racs, stateDir, 'cert'))
  return [clockFinding(now, landmarks, await synchronisation())]
}

/**
 * @param synchronised  undefined: nobody can tell
 */
export function clockFinding(
  now: Date,
  landmarks: readonly Landmark[],
  synchronised: boolean | undefined,
): Finding {
  const found = now.toISOString().replace(/\.\d+Z$/, 'Z')
  const later = landmarkAfter(now.getTime(), landmarks)
  if (later !== undefined) {
    const meaning = `the clock is wrong: ${later.what} on ${later.at.toISOString().slice(0, 10)}`
    return wrong(CHECK, { found, meaning, remedy: 'sudo timedatectl set-ntp true' })
  }
  if (synchronised === false) {
    const meaning = 'the clock is not synchronised, and may be wrong when it matters to certificates'
    return warning(CHECK, {
      found,
      meaning,
      remedy: 'sudo timedatectl set-ntp true; timedatectl timesync-status',
    })
  }
  return fine(CHECK, synchronised === true ? `${found}, synchronised` : found)
}

/** As `timedatectl show` prints it; undefined when it does not. */
export function synchronisedIn(text: string): boolean | undefined {
  const value = /^NTPSynchronized=(yes|no)$/m.exec(text)?.[1]
  return value === undefined ? undefined : value === 'yes'
}

async function synchronisation(): Promise<boolean | undefined> {
  try {
    const ending = await endingOf('timedatectl', ['show'], { patienceMs: PATIENCE_MS })
    return ending?.exitCode === 0 ? synchronisedIn(ending.stdout) : undefined
  } catch {
    // It waits for a service that does not answer: nobody can tell.
    return undefined
  }
}

const CHECK = 'clock'
const PATIENCE_MS = 1_500
