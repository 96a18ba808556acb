// `iose doctor --board`: the board file against this machine. Nothing is taken, and no element is spoken to.

import { basename, dirname, resolve } from 'node:path'
import { messageOf } from '../../../../base/errors.ts'
import type { Board } from '../../../../config/board.ts'
import { linesOfSlot } from '../../../../config/board-checks.ts'
import { LinkError } from '../../../../drivers/errors.ts'
import { holdersOf, type LineHolder } from '../../../../drivers/gpio.ts'
import { decoderTexts } from '../../../../hardware/facts.ts'
import { addonChecks } from '../addons.ts'
import { deviceFinding, devicesOf, presentMachine, readNode } from '../devices.ts'
import { examine } from '../examine.ts'
import { type Finding, fine, warning } from '../finding.ts'
import { presentUser } from '../subject.ts'
import { overlayFinding, overlayPlace, presentTree, takenFindings } from './device-tree.ts'
import { hatFinding, presentHat } from './hat.ts'
import { type Ask, keyOf, type SlotReport, slotReport } from './slots.ts'

export interface BoardReport {
  readonly board: Board
  readonly source: string
  /** Of the board as a whole. */
  readonly findings: readonly Finding[]
  readonly slots: readonly SlotReport[]
}

/** @param source  where the board file is */
export async function boardReport(board: Board, source: string): Promise<BoardReport> {
  const entries = board.slots.map(({ entry }) => entry)
  const addons = await examine(addonChecks({ slots: entries, panel: { gpio: 'cdev' } }))
  const hasGpio = addons.every(({ outcome }) => outcome !== 'wrong')
  const { ask, findings } = hasGpio ? await asked(board) : { ask: () => undefined, findings: [] }
  const situation = { user: presentUser(), machine: presentMachine() }
  const slots = board.slots.flatMap((slot) => {
    const [device] = devicesOf([slot.entry])
    if (device === undefined) return []
    const node = deviceFinding(device, readNode(device.path), situation)
    return [slotReport(slot, board, { node, ask })]
  })
  const image = resolve(dirname(source), '../eeprom', `${basename(source, '.toml')}.eep`)
  const about = fine('board', `${board.name}, revision ${board.revision}: ${source}, ${slots.length} slots`)
  return {
    ...{ board, source, slots },
    findings: [
      about,
      ...hatFinding(board, presentHat, image),
      ...overlayFinding(board, presentTree, overlayPlace(source)),
      ...takenFindings(board, presentTree),
      ...decoderTexts(board).map((text) => fine('decoder', text)),
      ...addons,
      ...findings,
    ],
  }
}

/** What this machine says of all lines of the board. */
async function asked(board: Board): Promise<{ readonly ask: Ask; readonly findings: readonly Finding[] }> {
  const lines = board.slots.flatMap(linesOfSlot).map(({ line }) => line)
  try {
    const holders = await holdersOf(lines)
    const byLine = new Map<string, LineHolder>()
    for (const [index, line] of lines.entries()) {
      const holder = holders[index]
      if (holder !== undefined) byLine.set(keyOf(line), holder)
    }
    return { ask: (line) => byLine.get(keyOf(line)), findings: [] }
  } catch (error) {
    if (!(error instanceof LinkError)) throw error
    const remedy = 'ls -l /dev/gpiochip*'
    return { ask: () => undefined, findings: [warning('gpio', { found: messageOf(error), remedy })] }
  }
}
