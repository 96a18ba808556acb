// A table of figures in docs/appliance.md.

import { readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'

/** One line of the table. */
export type Row = readonly [what: string, value: string, beside: string]

/** Day and processor, for what stands above a table. */
export function machineWords(): string {
  return `${new Date().toISOString().slice(0, 10)}, ${cpus().length} x ${cpus()[0]?.model ?? '?'}`
}

/** Puts words and table between the mark of the program that measures and the end mark behind it. */
export function writeTable(program: string, words: string, rows: readonly Row[]): void {
  const text = readFileSync(DOCUMENT, 'utf8')
  const mark = `<!-- by ${program} -->`
  const begin = text.indexOf(mark)
  const end = text.indexOf(END, begin)
  if (begin < 0 || end < 0) throw new Error(`${DOCUMENT} has no ${mark} and ${END} to write between`)
  const table = [['what', 'measured', 'beside it'], ['---', '---', '---'], ...rows].map(
    (row) => `| ${row.join(' | ')} |`,
  )
  const all = `${words}\n\n${table.join('\n')}`
  writeFileSync(DOCUMENT, `${text.slice(0, begin + mark.length)}\n\n${all}\n\n${text.slice(end)}`)
}

const DOCUMENT = join(import.meta.dirname, '../../docs/appliance.md')
const END = '<!-- end -->'
