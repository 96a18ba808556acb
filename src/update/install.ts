// An update into the slot that the system does not run from.

import { createHash } from 'node:crypto'
import { readBootState, writeBootState } from './boot-record.ts'
import { confirmedState, type SlotName, TRIES } from './boot-state.ts'
import { UpdateError } from './errors.ts'
import { CHUNK_BYTES, payloadBytes, type UpdateHeader } from './header.ts'
import { KERNEL_AREA_OFFSET, otherSlot, SECTOR_BYTES } from './layout.ts'
import type { Medium } from './medium.ts'
import type { UpdateReader } from './reader.ts'
import { compareVersions, type Version } from './version.ts'

/** What an update is compared with. */
export interface Installed {
  readonly product: string
  /** Words of `compatible` in the device tree. */
  readonly boards: readonly string[]
  readonly version: Version
  /** The highest minimum that a confirmed update was signed with. */
  readonly minimum: Version | undefined
}

/** Whether an older version is taken. `never`: it is not, and nothing that the caller could say changes that. */
export type Downgrade = 'allowed' | 'refused' | 'never'

/**
 * Whether an update is for this machine and new enough.
 * @param downgrade  `allowed`: an older version is taken, down to the minimum
 * @throws UpdateError update.unfit
 */
export function checkFit(header: UpdateHeader, installed: Installed, downgrade: Downgrade): void {
  const { product, boards, version, minimum } = installed
  if (header.product !== product) throw unfit(`it is for ${header.product}, and this is ${product}`)
  if (!header.boards.some((board) => boards.includes(board))) {
    const own = boards.length === 0 ? 'this one has no device tree' : `this one is ${boards.join(' ')}`
    throw unfit(`it is for boards ${header.boards.join(' ')}, and ${own}`)
  }
  // Not even by root: what is below has holes that its maker knows of.
  if (minimum !== undefined && compareVersions(header.version, minimum) < 0) {
    throw unfit(
      `it is version ${header.version.text}, and an update before it forbids what is below ${minimum.text}`,
    )
  }
  if (downgrade !== 'allowed' && compareVersions(header.version, version) < 0) {
    const way = downgrade === 'refused' ? '; --allow-downgrade takes it all the same' : ''
    throw unfit(`it is version ${header.version.text}, and ${version.text} is newer${way}`)
  }
}

/** Where an update goes. */
export interface Target {
  /** The whole disk, for the boot state. */
  readonly disk: Medium
  /** The partition of the slot that does not run. */
  readonly slot: Medium
  readonly running: SlotName
  readonly onProgress: (phase: 'write' | 'check', doneBytes: number) => void
  /** The slot is whole and not started yet: what must be on the disk before it is. */
  readonly beforeSwitch: () => Promise<void>
}

/**
 * Writes the payload, reads it back from the disk, and only then says in one sector that the other slot is started next.
 * Cut at any point before, this slot is started. A slot that is not whole has no kernel that U-Boot would start.
 * @throws UpdateError update.malformed, update.not-now, update.disk
 */
export async function install(update: UpdateReader, target: Target): Promise<void> {
  const { disk, slot, running, onProgress } = target
  // An update that waits for its first start gives way: were this one cut, that must not be started.
  if ((await checkSlotIsFree(disk, running)) !== running) {
    await writeBootState(disk, confirmedState(running))
  }
  await removeKernel(slot)
  await writePayload(update, slot, (done) => onProgress('write', done))
  await slot.forgetCache()
  await compare(update.header, slot, (done) => onProgress('check', done))
  await target.beforeSwitch()
  const next = { ...confirmedState(otherSlot(running)), tries: TRIES.onTrial, isConfirmed: false }
  await writeBootState(disk, next)
}

/** From then on U-Boot does not start it. @throws UpdateError update.disk */
export async function removeKernel(slot: Medium): Promise<void> {
  await slot.write(Buffer.alloc(SECTOR_BYTES), KERNEL_AREA_OFFSET)
  await slot.sync()
}

/**
 * Whether the slot that does not run may be overwritten.
 * @returns the slot that is started next
 * @throws UpdateError update.not-now while this machine may have to fall back to it; update.disk
 */
export async function checkSlotIsFree(disk: Medium, running: SlotName): Promise<SlotName> {
  const found = await readBootState(disk)
  if (found === undefined) throw notNow('no boot state is whole; the next start mends that')
  const { slot, isConfirmed } = found.state
  if (slot !== running || isConfirmed) return slot
  throw notNow(`slot ${running} is not confirmed yet, and the other one is what this machine falls back to`)
}

async function writePayload(
  update: UpdateReader,
  slot: Medium,
  onProgress: (done: number) => void,
): Promise<void> {
  let done = 0
  for await (const chunk of update.chunks()) {
    for (const { from, to, position } of placesOf(update.header, done, chunk.length)) {
      await slot.write(chunk.subarray(from, to), position)
    }
    done += chunk.length
    // What is not on the disk yet stays little: so progress is true, and other processes have the memory.
    if (done % SYNC_BYTES === 0) await slot.sync()
    onProgress(done)
  }
  await slot.sync()
}

async function compare(
  header: UpdateHeader,
  slot: Medium,
  onProgress: (done: number) => void,
): Promise<void> {
  const room = Buffer.allocUnsafeSlow(CHUNK_BYTES)
  let done = 0
  for (const [index, expected] of header.chunkHashes.entries()) {
    const chunk = room.subarray(0, Math.min(CHUNK_BYTES, payloadBytes(header) - done))
    for (const { from, to, position } of placesOf(header, done, chunk.length)) {
      await slot.read(chunk.subarray(from, to), position)
    }
    if (!createHash('sha256').update(chunk).digest().equals(expected)) {
      throw new UpdateError('update.disk', `${slot.name} does not keep what was written (chunk ${index + 1})`)
    }
    done += chunk.length
    onProgress(done)
  }
}

/** Where `length` bytes of the payload from `offset` lie in the slot: one place, or two when they have the boundary in them. */
function placesOf({ rootBytes }: UpdateHeader, offset: number, length: number) {
  const boundary = Math.min(Math.max(rootBytes - offset, 0), length)
  const places = [
    { from: 0, to: boundary, position: offset },
    { from: boundary, to: length, position: KERNEL_AREA_OFFSET + offset + boundary - rootBytes },
  ]
  return places.filter(({ from, to }) => from < to)
}

function unfit(what: string): UpdateError {
  return new UpdateError('update.unfit', `the update does not fit: ${what}`)
}

function notNow(what: string): UpdateError {
  return new UpdateError('update.not-now', `not now: ${what}`)
}

const SYNC_BYTES = 8 * CHUNK_BYTES
