import { Events } from '../../src/base/events.ts'
import { silentLog } from '../../src/base/log.ts'
import type { SlotEvent } from '../../src/slots/events.ts'
import type { SlotEnvironment } from '../../src/slots/surroundings.ts'

/** Surroundings of slots in which two may wait and resets are never put off, but for what `changes` says. */
export function slotEnvironment(
  changes: Partial<SlotEnvironment> & Pick<SlotEnvironment, 'clock'>,
): SlotEnvironment {
  return {
    log: silentLog,
    queueLength: 2,
    maxResetsPerMinute: 1_000_000,
    events: new Events<SlotEvent>(),
    ...changes,
  }
}
