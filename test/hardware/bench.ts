// The board file of revision A, and changed copies of it.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Board, type BoardSlot, parseBoard } from '../../src/config/board.ts'

export const HARDWARE = join(import.meta.dirname, '../../hardware')
export const STEM = 'hat-rev-a'
export const BOARD_FILE = readFileSync(join(HARDWARE, `boards/${STEM}.toml`), 'utf8')

export function hatBoard(toml = BOARD_FILE): Board {
  return parseBoard({ toml, file: 'hat-rev-a.toml' })
}

/** The file with `from` replaced in the table of one slot. */
export function changedIn(designator: string, from: string, to: string): string {
  const start = BOARD_FILE.indexOf(`designator = "${designator}"`)
  const end = BOARD_FILE.indexOf('[[slots]]', start)
  const table = BOARD_FILE.slice(start, end < 0 ? undefined : end)
  assert.ok(start >= 0 && table.includes(from), `${designator} has no ${from}`)
  return BOARD_FILE.slice(0, start) + table.replace(from, to) + (end < 0 ? '' : BOARD_FILE.slice(end))
}

export function slotOf(board: Board, designator: string): BoardSlot {
  return board.slots.find((slot) => slot.designator === designator) ?? assert.fail(`no slot ${designator}`)
}
