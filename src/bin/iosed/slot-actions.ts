// What an operator of the status plane can do, done to the slots as QUARANTINE and RESET of the administration plane do.

import { ElementError } from '../../drivers/errors.ts'
import type { Slot } from '../../slots/slot.ts'
import type { Actions } from '../../status/actions.ts'

/**
 * @param slotOf  the slot with that SEID
 * @returns actions that throw ElementError element.absent for an empty slot; and a reset LeaseError lease.busy when
 *          somebody holds the slot or waits for it, and what the reset throws
 */
export function slotActions(slotOf: (seid: string) => Slot | undefined): Actions {
  const filled = (seid: string): Slot => {
    const slot = slotOf(seid)
    if (slot === undefined || slot.isEmpty) throw new ElementError('element.absent', `${seid} is empty`)
    return slot
  }
  return {
    async reset(seid, by) {
      const slot = filled(seid)
      await using lease = await slot.tryAcquire(by, AbortSignal.timeout(PATIENCE_MS), 'operator')
      await lease.reset('cold')
      return `${seid} was reset`
    },
    quarantine(seid, by) {
      const slot = filled(seid)
      slot.setAside(by)
      return Promise.resolve(`${seid} is ${slot.state}`)
    },
    async release(seid, by) {
      const slot = filled(seid)
      await slot.release(by)
      return `${seid} is ${slot.state}`
    },
  }
}

/** For the gateway's own work on the element to end. */
const PATIENCE_MS = 10_000
