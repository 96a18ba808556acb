// What `iose audit verify` says about a log, for people.

import type { FindingKind, Verdict } from '../../audit/verify.ts'

/** Of a log with which all is well. */
export function verdictLines({ records, first, last, tooOld }: Verdict): string[] {
  if (first === undefined || last === undefined) return ['0 records']
  const count = `${records} record${records === 1 ? '' : 's'}`
  const lines = [`${count}, from ${first.at} to ${last.at}, head ${last.sequence}:${last.hash}`]
  if (first.sequence > 1) {
    lines.push(`starts at record ${first.sequence}: files with those before it are not here`)
  }
  for (const { sequence } of tooOld) lines.push(`not checked: head ${sequence}, older than what is here`)
  return lines
}

/** What the first finding means, and what to do. */
export function nextStepOf(kind: FindingKind): string {
  return MEANINGS[kind]
}

const COMPARE = 'Next: compare with a copy of the log, and with the heads in the journal (event audit.head).'

const MEANINGS: Readonly<Record<FindingKind, string>> = {
  form: `Somebody or a failing disk has put something else there.\n${COMPARE}`,
  edited: `Somebody or a failing disk has changed it after it was written.\n${COMPARE}`,
  unkeyed: `Either the key is another one, or somebody without it has written these records.\nNext: check --key-file; if it is the right one, ${COMPARE.slice(6)}`,
  order: `Records were removed, repeated or put elsewhere.\n${COMPARE}`,
  first: `The beginning of the file was removed or replaced.\n${COMPARE}`,
  torn: 'After a crash the gateway cuts this off at its next start, and records that; else it was cut by somebody.\nNext: start the gateway, if it is the last line of the last file; else bring back a copy.',
  file: 'Its records are missing.\nNext: bring back a copy of the file; old files may only be moved away from the beginning.',
  cut: `Records at the end were removed.\n${COMPARE}`,
  rewritten: `The log up to there is not the one that was published.\n${COMPARE}`,
}
