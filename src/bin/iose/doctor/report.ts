// Findings for people: a line for each, and beneath it what mends it.

import { printable } from '../../../client/printable.ts'
import type { Finding, Outcome } from './finding.ts'

/** Whether the screen shows colours. */
export type Look = 'coloured' | 'plain'

/** Lines without line ends. */
export function linesOf(findings: readonly Finding[], look: Look): string[] {
  return findings.flatMap((finding) => {
    const { found, meaning, remedy } = finding
    const [first = '', ...others] = textOf(found, meaning)
    const indent = ' '.repeat(COLUMNS.outcome + COLUMNS.check)
    return [
      headOf(finding, first, look),
      ...others.map((line) => `${indent}${line}`),
      ...(remedy === undefined ? [] : [`${' '.repeat(COLUMNS.outcome)}mend: ${printable(remedy)}`]),
    ]
  })
}

/** The first line of what is said of one thing. @param first  printable already */
export function headOf(
  { check, outcome }: Pick<Finding, 'check' | 'outcome'>,
  first: string,
  look: Look,
): string {
  const painted = look === 'coloured' ? `${COLOUR[outcome]}${outcome}${RESET}` : outcome
  const head = `${painted}${' '.repeat(COLUMNS.outcome - outcome.length)}`
  return `${head}${printable(check).padEnd(COLUMNS.check)}${first}`
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

/** Widths. */
export const COLUMNS = { outcome: 9, check: 13 }
const COLOUR: Readonly<Record<Outcome, string>> = {
  ok: '\x1b[32m',
  warning: '\x1b[33m',
  wrong: '\x1b[31m',
}
const RESET = '\x1b[0m'
