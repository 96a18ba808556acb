// A board and its slots for people and for programs.

import { printable } from '../../../../client/printable.ts'
import { COLUMNS, headOf, type Look, rowOf } from '../report.ts'
import type { BoardReport } from './examination.ts'
import type { LineReport, SlotReport } from './slots.ts'

/** Lines without line ends. */
export function slotLines(slots: readonly SlotReport[], look: Look): string[] {
  return slots.flatMap((slot) => {
    const { designator, part, outcome, facts, node, lines, measure } = slot
    const unfree = lines.filter(({ state }) => state !== 'free')
    const free = lines.length - unfree.length
    const found = [
      ['found', node.outcome === 'ok' ? node.found : [node.found, node.meaning].filter(Boolean).join(': ')],
      ...(node.remedy === undefined ? [] : [['mend', node.remedy]]),
      ...(free === 0 ? [] : [['lines', `${free} of ${lines.length} are free`]]),
      ...grouped(unfree).map((text) => ['lines', text]),
    ]
    const rows = [
      ...facts.map(({ name, text }) => [name, text]),
      ...found,
      ...measure.map((text) => ['measure', text]),
    ]
    return [
      headOf({ check: designator, outcome }, part ?? '', look),
      ...rows.map(
        ([name = '', text = '']) =>
          `${' '.repeat(COLUMNS.outcome)}${name.padEnd(COLUMNS.check)}${printable(text)}`,
      ),
    ]
  })
}

/** What programs get. */
export function boardRow({ board, source, findings, slots }: BoardReport) {
  return {
    board: { name: board.name, revision: board.revision, file: source },
    checks: findings.map(rowOf),
    slots: slots.map(({ designator, part, outcome, facts, node, lines, measure }) => ({
      ...{ designator, part: part ?? null, outcome },
      wiring: Object.fromEntries(facts.map(({ name, text }) => [name.toLowerCase(), text])),
      node: rowOf(node),
      lines: lines.map((line) => ({
        ...line,
        ...{ chip: line.chip ?? null, pin: line.pin ?? null, detail: line.detail ?? null },
      })),
      measure,
    })),
  }
}

/** Lines of which the same is to be said, in one text. */
function grouped(lines: readonly LineReport[]): string[] {
  const groups = new Map<string, string[]>()
  for (const { use, line, state, detail } of lines) {
    const what =
      state === 'held' ? `held by "${detail ?? ''}"` : `not known: ${detail ?? 'GPIO cannot be asked'}`
    groups.set(what, [...(groups.get(what) ?? []), `${line} (${use})`])
  }
  return [...groups].map(([what, names]) => `${names.join(', ')} ${what}`)
}
