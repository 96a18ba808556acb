// `iose update status`

import type { Appliance } from '../../../update/appliance.ts'
import { readBootState } from '../../../update/boot-record.ts'
import type { BootState } from '../../../update/boot-state.ts'
import { type Journal, readJournal } from '../../../update/journal.ts'
import { otherSlot } from '../../../update/layout.ts'
import { openMedium } from '../../../update/medium.ts'
import { EXIT, type ExitCode } from '../command.ts'
import { printJson, printLine } from '../racs/output.ts'
import { applianceOf, checkFlags, noWord, type UpdateCall } from './options.ts'
import { wordsOfLast } from './words.ts'

export async function status(call: UpdateCall): Promise<ExitCode> {
  checkFlags(call, 'status', ['json'])
  noWord(call)
  const appliance = await applianceOf(call)
  await using disk = await openMedium(appliance.disk, 'reading')
  const row = rowOf(appliance, (await readBootState(disk))?.state, await readJournal(appliance.journal))
  if (call.values.json === true) printJson(row)
  else for (const line of linesOf(row)) printLine(line)
  return EXIT.done
}

type Row = ReturnType<typeof rowOf>

function rowOf(
  { slot, version }: Appliance,
  state: BootState | undefined,
  { slots, minimum, last }: Journal,
) {
  const other = otherSlot(slot)
  const isCurrent = state?.slot === slot
  return {
    running: { slot, version: version.text, confirmed: isCurrent ? state.isConfirmed : null },
    other: { slot: other, version: slots[other]?.version ?? null },
    /** Null: no boot state is whole, and the next start makes one. */
    next_start:
      state === undefined ? null : { slot: state.slot, tries_left: state.isConfirmed ? null : state.tries },
    minimum: minimum ?? null,
    last: last ?? null,
  }
}

function linesOf({ running, other, next_start: next, minimum, last }: Row): string[] {
  const trust = { true: 'confirmed', false: 'not confirmed yet', null: 'confirmed before' }[
    `${running.confirmed}`
  ]
  const left = next?.tries_left ?? undefined
  const tries = left === undefined ? '' : `, ${left} tries left`
  return [
    `running     slot ${running.slot}, version ${running.version}, ${trust}`,
    `other       slot ${other.slot}, ${other.version === null ? 'nothing that an update has put there' : `version ${other.version}`}`,
    `next start  ${next === null ? 'slot A: no boot state is whole' : `slot ${next.slot}${tries}`}`,
    ...(minimum === null
      ? []
      : [`minimum     version ${minimum}; nothing older is installed or fallen back to`]),
    `last        ${last === null ? 'no update so far' : wordsOfLast(last)}`,
  ]
}
