// `iose slots --watch`: on a terminal a table that stays as things are, elsewhere a line for each change.

import { printable } from '../../client/printable.ts'
import type { SlotRow } from '../../client/slot-row.ts'
import type { StatusEvent } from '../../client/status.ts'
import { ageText, slotsTable } from './slots-table.ts'

/** Where it is shown: standard output. */
export interface Screen {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
  write(text: string): unknown
}

export class SlotsView {
  readonly #screen: Screen
  /** By number of the slot. */
  readonly #rows = new Map<number, SlotRow>()
  #timer: NodeJS.Timeout | undefined
  #drawnAt = -Infinity

  constructor(screen: Screen) {
    this.#screen = screen
  }

  take(event: StatusEvent): void {
    if (event.kind === 'slots') {
      this.#rows.clear()
      for (const row of event.rows) this.#rows.set(row.slot, row)
      if (this.#screen.isTTY !== true) this.#say(this.#table(Infinity))
    } else if (event.kind === 'slot') {
      this.#rows.set(event.row.slot, event.row)
    }
    if (this.#screen.isTTY === true) this.#drawSoon()
    else this.#say(lineOf(event))
  }

  /** Nothing is known for a while. */
  pause(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** At most ten times a second, and once a second for the ages. */
  #drawSoon(): void {
    clearTimeout(this.#timer)
    const waitMs = Math.max(0, this.#drawnAt + REDRAW_MS - performance.now())
    this.#timer = setTimeout(() => this.#draw(), waitMs)
  }

  #draw(): void {
    this.#drawnAt = performance.now()
    const lines = this.#table(sizeOf(this.#screen.columns))
    const shown = lines.slice(0, Math.max(1, sizeOf(this.#screen.rows) - 1))
    // Each line is ended by clearing what was behind it: nothing flickers.
    this.#screen.write(`${HOME}${shown.map((line) => `${line}${CLEAR_LINE}\r\n`).join('')}${CLEAR_BELOW}`)
    this.#timer = setTimeout(() => this.#draw(), TICK_MS)
  }

  #table(columns: number): string[] {
    const rows = [...this.#rows.values()].sort((a, b) => a.slot - b.slot)
    return slotsTable(rows, Date.now(), columns)
  }

  #say(lines: readonly string[]): void {
    for (const line of lines) this.#screen.write(`${line}\n`)
  }
}

/** A terminal that does not know its size says 0. */
export function sizeOf(measured: number | undefined): number {
  return measured === undefined || measured === 0 ? Infinity : measured
}

function lineOf(event: StatusEvent): string[] {
  if (event.kind === 'change') {
    const { at, seid, from, to, cause } = event.change
    return [printable(`${timeOf(at)} ${seid} ${from} -> ${to}: ${cause}`)]
  }
  if (event.kind === 'press') {
    const { at, seid, held_ms: heldMs, outcome } = event.press
    return [printable(`${timeOf(at)} ${seid} button ${ageText(heldMs)}: ${outcome}`)]
  }
  return []
}

/** The time of day here. */
function timeOf(instant: string): string {
  return new Date(instant).toTimeString().slice(0, 8)
}

const REDRAW_MS = 100
const TICK_MS = 1_000
const HOME = '\x1b[H'
const CLEAR_LINE = '\x1b[K'
const CLEAR_BELOW = '\x1b[J'
