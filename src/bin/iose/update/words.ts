// What became of an update, in words.

import type { LastResult } from '../../../update/journal.ts'

export function wordsOfLast({ outcome, slot, version, reason, at }: LastResult): string {
  const what = version === undefined ? `what is in slot ${slot}` : `version ${version} in slot ${slot}`
  const why = reason === undefined ? '' : `: ${reason}`
  return `${what} ${VERBS[outcome]} (${at})${why}`
}

const VERBS: Readonly<Record<LastResult['outcome'], string>> = {
  installed: 'waits for its first start',
  confirmed: 'was confirmed',
  failed: 'did not meet its mission',
  'fell-back': 'was given up',
}
