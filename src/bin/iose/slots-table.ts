// The table of `iose slots`: what is where, who holds it, since when, who waits, what is wrong and what is done about
// it. Pure.

import { printable } from '../../client/printable.ts'
import type { SlotRow } from '../../client/slot-row.ts'

/**
 * @param nowMs    the time of day, milliseconds since 1970
 * @param columns  width of the terminal; Infinity when there is none
 * @returns lines without line ends
 */
export function slotsTable(rows: readonly SlotRow[], nowMs: number, columns: number): string[] {
  const cells = [HEADINGS, ...rows.map((row) => cellsOf(row, nowMs))]
  const widths = HEADINGS.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)))
  // What is longest and least needed gives way first; then the end of the line is cut.
  for (const { column, least } of YIELDING) {
    const excess = widthOf(widths) - columns
    if (excess > 0) widths[column] = Math.max(least, (widths[column] ?? 0) - excess)
  }
  return cells.map((row) => {
    const fitted = row.map((cell, column) => cut(cell, widths[column] ?? 0).padEnd(widths[column] ?? 0))
    return cut(fitted.join(GAP).trimEnd(), columns)
  })
}

/** For how long, in the largest unit that counts at least one: `4 s`, `3 min`, `2 h`, `5 d`. */
export function ageText(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000))
  const [unit, size] = UNITS.find(([, size]) => seconds >= size) ?? ['s', 1]
  return `${Math.floor(seconds / size)} ${unit}`
}

function cellsOf(row: SlotRow, nowMs: number): string[] {
  const since = (instant: string | null): string =>
    instant === null ? '' : ageText(nowMs - Date.parse(instant))
  const [longest] = row.waiters
  const waiting =
    longest === undefined ? '' : `${row.waiters.length}: ${longest.holder}, ${since(longest.since)}`
  const trouble = TROUBLED.has(row.state) ? row.cause : ''
  const { last } = row
  const hasFailed = last !== undefined && last !== null && last.code !== 'closed'
  const failure = hasFailed ? `last session, ${since(last.at)} ago: ${last.cause}` : ''
  const notes = [trouble, row.doing ?? '', failure].filter((note) => note !== '')
  const cells = [
    ...[String(row.slot), row.seid, row.sen ?? '-', row.driver, row.state, since(row.since)],
    ...[row.holder ?? '-', since(row.held_since), waiting, String(row.sessions), notes.join('; ')],
  ]
  return cells.map((cell) => printable(cell))
}

function widthOf(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, 0) + GAP.length * (widths.length - 1)
}

function cut(text: string, length: number): string {
  if (text.length <= length) return text
  return length < 1 ? '' : `${text.slice(0, length - 1)}…`
}

const HEADINGS = [
  ...['SLOT', 'SEID', 'SEN', 'DRIVER', 'STATE', 'SINCE'],
  ...['HOLDER', 'FOR', 'WAITING', 'SESSIONS', 'NOTE'],
]
const YIELDING = [
  { column: HEADINGS.indexOf('NOTE'), least: 20 },
  { column: HEADINGS.indexOf('WAITING'), least: 10 },
  { column: HEADINGS.indexOf('HOLDER'), least: 10 },
]
const GAP = '  '
const TROUBLED = new Set(['absent', 'mute', 'quarantined'])
const UNITS: readonly (readonly [string, number])[] = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
]
