// Which chip is meant, and whether it has the lines: what both ways to GPIO check before they touch anything. Pure.

import { LinkError } from './errors.ts'
import type { LineAddress } from './gpio.ts'

/** A chip as it was found. */
export interface Chip {
  /** Unique among the chips of one search. */
  readonly name: string
  readonly label: string
  /** What else it may be called, besides its label. */
  readonly aliases: readonly string[]
  readonly lineCount: number
}

/**
 * The chip that all of `lines` are on.
 * @param chips  all there are; one may be there twice, under one name
 * @param notes  what to tell the user besides, when none is found
 * @throws LinkError link.closed: no such chip, more than one, or not these lines of it
 */
export function chipOf<C extends Chip>(
  lines: readonly LineAddress[],
  chips: readonly C[],
  notes: readonly string[],
): C {
  if (lines.length === 0 || lines.length > LINES_MAX)
    throw new LinkError('link.closed', `1 to ${LINES_MAX} lines can be taken together, not ${lines.length}`)
  const wanted = lines[0]?.chip
  if (lines.some(({ chip }) => chip !== wanted))
    throw new LinkError('link.closed', 'lines of more than one chip cannot be taken together')
  const [chip, ...others] = called(wanted, chips)
  if (chip === undefined) throw new LinkError('link.closed', absence(wanted, chips, notes))
  const namesakes = others.filter(({ name }) => name !== chip.name)
  if (namesakes.length > 0) {
    const names = [chip, ...namesakes].map(({ name }) => name).join(', ')
    throw new LinkError('link.closed', `more than one GPIO chip is called "${chip.label}": ${names}`)
  }
  checkLines(lines, chip)
  return chip
}

/** How messages name lines. */
export function nameOf(lines: readonly number[], chip: Chip): string {
  return `GPIO ${lines.length === 1 ? 'line' : 'lines'} ${lines.join(', ')} of ${titleOf(chip)}`
}

/** Bit n: whether line n is active when it is low. */
export function activeLowOf(lines: readonly LineAddress[]): number {
  return lines.reduce((bits, { active }, i) => (active === 'low' ? bits | (1 << i) : bits), 0) >>> 0
}

function called<C extends Chip>(wanted: string | undefined, chips: readonly C[]): C[] {
  if (wanted !== undefined)
    return chips.filter(({ label, aliases }) => label === wanted || aliases.includes(wanted))
  const header = HEADER_LABELS.find((known) => chips.some(({ label }) => label === known))
  return chips.filter(({ label }) => label === header)
}

function absence(wanted: string | undefined, chips: readonly Chip[], notes: readonly string[]): string {
  const what =
    wanted === undefined
      ? 'no GPIO chip is the header of a Raspberry Pi: `chip` must be named'
      : `no GPIO chip is called "${wanted}"`
  const there = chips.length === 0 ? 'there is none' : `there are ${chips.map(titleOf).join(', ')}`
  return [what, there, ...notes].join('; ')
}

function checkLines(lines: readonly LineAddress[], chip: Chip): void {
  const seen = new Set<number>()
  for (const { line } of lines) {
    if (!Number.isInteger(line) || line < 0 || line >= chip.lineCount) {
      const range = `there are lines 0 to ${chip.lineCount - 1}`
      throw new LinkError('link.closed', `no ${nameOf([line], chip)}: ${range}`)
    }
    if (seen.has(line)) throw new LinkError('link.closed', `${nameOf([line], chip)} is named twice`)
    seen.add(line)
  }
}

function titleOf({ name, label }: Chip): string {
  return `${name} (${label})`
}

/** The kernel takes 64; the bit operators of the language, 32. */
const LINES_MAX = 32
/** Labels of the chips behind the 40-pin header: Raspberry Pi 5, 4, and earlier ones. */
const HEADER_LABELS = ['pinctrl-rp1', 'pinctrl-bcm2711', 'pinctrl-bcm2835']
