// `iose update FILE`, but for what it says.

import { type Appliance, openOtherSlot } from './appliance.ts'
import { UpdateError } from './errors.ts'
import type { UpdateHeader } from './header.ts'
import { checkFit, checkSlotIsFree, type Downgrade, install } from './install.ts'
import { type Journal, knownVersion, readJournal, writeJournal } from './journal.ts'
import { trustedKeys } from './keys.ts'
import { otherSlot } from './layout.ts'
import { lockUpdates } from './lock.ts'
import { type Medium, openMedium } from './medium.ts'
import { UpdateReader } from './reader.ts'

export interface UpdateOrder {
  readonly appliance: Appliance
  /** The update file as it comes. */
  readonly bytes: AsyncIterable<Uint8Array>
  readonly downgrade: Downgrade
  /** `check`: everything but writing. */
  readonly mode: 'install' | 'check'
  /** The header was verified, and fits. */
  readonly onHeader: (header: UpdateHeader) => void
  readonly onProgress: (phase: 'write' | 'check', doneBytes: number) => void
  readonly now: () => Date
  /** The update is installed, and only the note about it is missing. */
  readonly onUnnoted?: (error: UpdateError) => void
}

/**
 * Verifies an update, and writes it to the slot that does not run.
 * @throws UpdateError; then this machine starts as it would have without it
 */
export async function applyUpdate(order: UpdateOrder): Promise<UpdateHeader> {
  const lock = await lockUpdates(order.appliance.lock, LOCK_WAIT_S)
  try {
    return await applyAlone(order)
  } finally {
    await lock[Symbol.asyncDispose]()
  }
}

async function applyAlone(order: UpdateOrder): Promise<UpdateHeader> {
  const { appliance, bytes, mode } = order
  const journal = await readJournal(appliance.journal)
  const update = await UpdateReader.open(bytes, await trustedKeys(appliance.keyFolders))
  try {
    const minimum = knownVersion(journal.minimum)
    checkFit(update.header, { ...appliance, minimum }, order.downgrade)
    await using disk = await openMedium(appliance.disk, mode === 'check' ? 'reading' : 'writing')
    await checkSlotIsFree(disk, appliance.slot)
    order.onHeader(update.header)
    if (mode === 'check') await readAll(update, order)
    else {
      await using slot = await openOtherSlot(appliance, disk)
      await installWith(order, update, { disk, slot, journal })
    }
    return update.header
  } finally {
    await update.close()
  }
}

interface Places {
  readonly disk: Medium
  readonly slot: Medium
  readonly journal: Journal
}

async function installWith(
  order: UpdateOrder,
  update: UpdateReader,
  { disk, slot, journal }: Places,
): Promise<void> {
  const { appliance, onProgress, now } = order
  const { journal: path, slot: running } = appliance
  const name = otherSlot(running)
  const version = update.header.version.text
  const note = { version, minimum: update.header.minimum.text }
  const own = journal.slots[running]
  const before: Journal = { ...journal, slots: own === undefined ? {} : { [running]: own } }
  // From here on nobody takes what is in the slot for what was in it. A journal that cannot be written ends it here, before
  // the slot is touched.
  await writeJournal(path, before)
  const noted: Journal = { ...before, slots: { ...before.slots, [name]: note } }
  await install(update, { disk, slot, running, onProgress, beforeSwitch: () => writeJournal(path, noted) })
  const last = { outcome: 'installed', slot: name, version, at: now().toISOString() } as const
  try {
    await writeJournal(path, { ...noted, last })
  } catch (error) {
    // The boot state is written, and the other slot will be started.
    if (!(error instanceof UpdateError) || order.onUnnoted === undefined) throw error
    order.onUnnoted(error)
  }
}

async function readAll(update: UpdateReader, { onProgress }: UpdateOrder): Promise<void> {
  let done = 0
  for await (const chunk of update.chunks()) onProgress('check', (done += chunk.length))
}

/** The lock of an update that was killed is free within milliseconds. */
const LOCK_WAIT_S = 1
