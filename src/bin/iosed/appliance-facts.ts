// What the status plane tells of an appliance, from files that root writes and everybody may read: the journal of updates, and
// why a configuration was refused.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
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

/** @returns why the configuration on the card is not the one that the gateway runs with; undefined when it is, or there is none */
export function refusedConfiguration(root: string): string | undefined {
  try {
    const text = readFileSync(join(root, '/run/iose-appliance/refused'), 'utf8').trim()
    return text === '' ? undefined : text.slice(0, MAX_WORDS)
  } catch {
    return undefined
  }
}

/** More than a message of ours has. */
const MAX_WORDS = 2_000
