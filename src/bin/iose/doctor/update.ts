// How the last update of an appliance went; other machines have nothing to say.

import { updateFacts } from '../../iosed/update-facts.ts'
import { wordsOfLast } from '../update/words.ts'
import { type Finding, fine, warning } from './finding.ts'

/** @param root  where the files of the machine are */
export function updateFindings(root: string): Finding[] {
  const facts = updateFacts(root)
  if (facts === undefined) return []
  if ('error' in facts)
    return [warning(CHECK, { found: facts.error, remedy: 'sudo rm /data/update/journal.json' })]
  const { running, last } = facts
  const now = running === undefined ? '' : `slot ${running.slot} runs version ${running.version}`
  if (last?.outcome === 'failed' || last?.outcome === 'fell-back') {
    return [warning(CHECK, { found: wordsOfLast(last), meaning: now, remedy: 'sudo iose update status' })]
  }
  if (running?.isConfirmed === false) {
    return [warning(CHECK, { found: `${now}, on trial`, remedy: 'sudo iose update status' })]
  }
  return [fine(CHECK, last === undefined ? now : `${now}; ${wordsOfLast(last)}`)]
}

const CHECK = 'update'
