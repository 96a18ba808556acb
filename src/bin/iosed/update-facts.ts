// What the status plane tells of the updates of an appliance: root's journal, which everybody may read.

import { readFileSync } from 'node:fs'
import { messageOf } from '../../base/errors.ts'
import { journalBelow } from '../../update/appliance.ts'
import { type Journal, journalOf } from '../../update/journal.ts'

/** @returns undefined on a machine that has no journal of updates */
export function updateFacts(
  root: string,
): Pick<Journal, 'running' | 'last'> | { readonly error: string } | undefined {
  const path = journalBelow(root)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    // No appliance, or one before its first start is over.
    return undefined
  }
  try {
    const { running, last } = journalOf(text, path)
    return { running, last }
  } catch (error) {
    return { error: messageOf(error) }
  }
}
