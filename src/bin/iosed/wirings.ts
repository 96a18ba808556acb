// How slots on buses are wired, in words, for whoever looks at the status page.

import type { BoardSlot } from '../../config/board.ts'
import type { SlotConfig } from '../../config/slots.ts'
import { slotFacts } from '../../hardware/facts.ts'

/** By SEID: pairs of what and where, for slots with a bus. */
export function wiringsOf(slots: readonly SlotConfig[]): Map<string, [name: string, text: string][]> {
  const wired = slots.flatMap((entry): (BoardSlot & { readonly seid: string })[] =>
    entry.driver === 'i2c' || entry.driver === 'spi'
      ? [{ entry, designator: entry.front.designator ?? entry.seid, seid: entry.seid }]
      : [],
  )
  return new Map(
    wired.map((slot) => [slot.seid, slotFacts(slot, { slots: wired }).map(({ name, text }) => [name, text])]),
  )
}
