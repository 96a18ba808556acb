// Findings for people: a line for each, and beneath it what mends it.

import { printable } from '../../../client/printable.ts'
import type { Finding, Outcome } from './finding.ts'

/** Lines without line ends. @param look  whether the screen shows colours */
export function linesOf(findings: readonly Finding[], look: 'coloured' | 'plain'): string[] {
  return findings.flatMap((finding) => {
    const { check, outcome, found, meaning, remedy } = finding
    const painted = look === 'coloured' ? `${COLOUR[outcome]}${outcome}${RESET}` : outcome
    const head = `${painted}${' '.repeat(OUTCOME_WIDTH - outcome.length)}${check.padEnd(CHECK_WIDTH)}`
    const [first = '', ...others] = textOf(found, meaning)
    const indent = ' '.repeat(OUTCOME_WIDTH + CHECK_WIDTH)
    return [
      `${head}${first}`,
      ...others.map((line) => `${indent}${line}`),
      ...(remedy === undefined ? [] : [`${' '.repeat(OUTCOME_WIDTH)}mend: ${printable(remedy)}`]),
    ]
  })
}

/** What programs get: every field, whatever was found. */
export function rowOf({ check, outcome, found, meaning, remedy }: Finding) {
  return { check, outcome, found, meaning: meaning ?? null, remedy: remedy ?? null }
}

/** Messages about files may have several lines. */
function textOf(found: string, meaning: string | undefined): string[] {
  const text = meaning === undefined ? found : `${found}: ${meaning}`
  return text.split('\n').map((line) => printable(line))
}

const OUTCOME_WIDTH = 9
const CHECK_WIDTH = 13
const COLOUR: Readonly<Record<Outcome, string>> = {
  ok: '\x1b[32m',
  warning: '\x1b[33m',
  wrong: '\x1b[31m',
}
const RESET = '\x1b[0m'
