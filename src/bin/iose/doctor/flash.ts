// Whether the medium below the state directory lasts: a card wears out by being written.

import { bytesPerDay, type MediumWear, mediumWearAt, wearWords, yearsLeft } from '../../iosed/medium-wear.ts'
import { type Finding, fine, warning } from './finding.ts'
import type { Subject } from './subject.ts'

export async function flashFindings({ stateDir }: Subject): Promise<Finding[]> {
  return [flashFinding(await mediumWearAt(stateDir), stateDir)]
}

/** @param wear  undefined: nobody counts what is written there */
export function flashFinding(wear: MediumWear | undefined, stateDir: string): Finding {
  if (wear === undefined) return fine(CHECK, `nobody counts what is written at ${stateDir}`)
  const found = wearWords(wear)
  const isSpent = (wear.lifeTenths ?? 0) >= SPENT_TENTHS || (wear.reserve ?? 'normal') !== 'normal'
  if (isSpent) {
    const meaning = 'it says itself that it is near its end'
    return warning(CHECK, { found, meaning, remedy: `sudo tar -C ${stateDir} -cf state.tar . ; replace it` })
  }
  const years = yearsLeft(wear)
  if (years !== undefined && years < LEAST_YEARS && bytesPerDay(wear) !== undefined) {
    const meaning = 'so often it can be written, assumed; what this machine writes is too much for it'
    return warning(CHECK, { found, meaning, remedy: WHO_WRITES })
  }
  return fine(CHECK, found)
}

const CHECK = 'flash'
const SPENT_TENTHS = 9
const LEAST_YEARS = 3
const WHO_WRITES = 'sudo grep -H ^write_bytes /proc/[0-9]*/io | sort -k2 -n | tail -n5'
