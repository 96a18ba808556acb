// Findings of the doctor, against what they should say.

import assert from 'node:assert/strict'
import type { Finding } from '../../src/bin/iose/doctor/finding.ts'

/** Outcome, and what the text for people must say: found, meaning and remedy, each after a `|`. */
export type Expected = readonly [Finding['outcome'], RegExp]

/** Checks that a finding is as expected, and that what is not in order has a remedy. */
export function check(name: string, finding: Finding, [outcome, text]: Expected): void {
  const { found, meaning, remedy } = finding
  assert.equal(finding.outcome, outcome, `${name}: ${found}`)
  assert.match(`${found}|${meaning ?? ''}|${remedy ?? ''}`, text, name)
  if (outcome !== 'ok') assert.ok(remedy !== undefined && remedy !== '', `${name}: a remedy`)
}
