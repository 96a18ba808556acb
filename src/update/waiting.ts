// An update that is installed and waits for its first start.

import type { Appliance } from './appliance.ts'
import { readBootState } from './boot-record.ts'
import type { SlotName } from './boot-state.ts'
import { UpdateError } from './errors.ts'
import { readJournal } from './journal.ts'
import { lockUpdates } from './lock.ts'
import { openMedium } from './medium.ts'

export interface WaitingUpdate {
  readonly slot: SlotName
  readonly version: string
}

/**
 * Restarts the machine into it, while no other update can begin.
 * @param restart  into what is told; resolves when the restart is under way
 * @throws UpdateError update.not-now when none waits, update.busy, update.disk; what `restart` throws
 */
export async function restartIntoUpdate(
  appliance: Appliance,
  restart: (waiting: WaitingUpdate) => Promise<void>,
): Promise<void> {
  const lock = await lockUpdates(appliance.lock, LOCK_WAIT_S)
  try {
    await restart(await waitingUpdate(appliance))
  } finally {
    await lock[Symbol.asyncDispose]()
  }
}

async function waitingUpdate(appliance: Appliance): Promise<WaitingUpdate> {
  await using disk = await openMedium(appliance.disk, 'reading')
  const state = (await readBootState(disk))?.state
  if (state === undefined || state.slot === appliance.slot || state.isConfirmed)
    throw new UpdateError('update.not-now', 'no update waits for its first start')
  const { slots } = await readJournal(appliance.journal)
  return { slot: state.slot, version: slots[state.slot]?.version ?? 'unknown' }
}

/** The lock of an update that was killed is free within milliseconds. */
const LOCK_WAIT_S = 1
