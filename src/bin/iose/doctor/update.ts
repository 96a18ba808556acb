// How the last update of an appliance went, and its configuration; other machines have nothing to say.

import { refusedConfiguration, updateFacts } from '../../iosed/appliance-facts.ts'
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

/** @param root  where the files of the machine are */
export function configurationFindings(root: string): Finding[] {
  const refused = refusedConfiguration(root)
  if (refused === undefined) return []
  const meaning = 'the gateway runs with the last good one'
  const remedy = 'mend the files in iose/ on the first partition of the card, and start the machine again'
  return [warning('card', { found: `refused: ${refused}`, meaning, remedy })]
}

const CHECK = 'update'
