// What an update is made of: a slot as scripts/build-image lays it out, alone or within the image of a whole card.

import { UpdateError } from './errors.ts'
import {
  KERNEL_AREA_OFFSET,
  MAX_KERNEL_BYTES,
  partitionTableOf,
  SECTOR_BYTES,
  slotPartition,
} from './layout.ts'
import { type Medium, Window } from './medium.ts'

/** The two parts of a slot that an update has. */
export interface SlotImage {
  readonly slot: Medium
  /** Of the slot, from the beginning of the file. */
  readonly offset: number
  readonly rootBytes: number
  readonly kernelBytes: number
}

/**
 * Finds the parts in the file of a slot, or in slot A of an image.
 * @throws UpdateError update.image when there is no slot in it, update.disk
 */
export async function slotImageOf(file: Medium): Promise<SlotImage> {
  const first = Buffer.alloc(SECTOR_BYTES)
  await file.read(first, 0)
  const partition = isSquashfs(first) ? undefined : slotAIn(first, file.name)
  const slot =
    partition === undefined ? file : new Window(file, { name: `slot A of ${file.name}`, ...partition })
  const superblock = Buffer.alloc(SECTOR_BYTES)
  await slot.read(superblock, 0)
  if (!isSquashfs(superblock)) throw bad(slot.name, 'no squashfs at its beginning')
  // bytes_used, 64 bits at 40: the archive ends there, mksquashfs fills up to 4 KiB.
  const rootBytes = roundedUp(Number(superblock.readBigUInt64LE(40)))
  if (rootBytes > KERNEL_AREA_OFFSET) throw bad(slot.name, `a root file system of ${rootBytes} bytes`)
  const kernel = Buffer.alloc(SECTOR_BYTES)
  await slot.read(kernel, KERNEL_AREA_OFFSET)
  const kernelBytes = kernel.readUInt32LE(12) * SECTOR_BYTES
  const isKernel = kernel.toString('latin1', 0, 8) === 'IOSEKRNL' && kernel.readUInt32LE(8) === 1
  if (!isKernel || kernelBytes < 2 * SECTOR_BYTES || kernelBytes > MAX_KERNEL_BYTES)
    throw bad(slot.name, 'no kernel area')
  return { slot, offset: partition?.offset ?? 0, rootBytes, kernelBytes }
}

function slotAIn(first: Buffer, name: string) {
  const table = partitionTableOf(first)
  const partition = table && slotPartition(table, 'A')
  if (partition === undefined) throw bad(name, 'neither a squashfs nor a disk with slots')
  return partition
}

/** Magic 0x73717368 at 0, version 4.0 at 28. */
function isSquashfs(superblock: Buffer): boolean {
  return superblock.readUInt32LE(0) === 0x73717368 && superblock.readUInt32LE(28) === 4
}

function roundedUp(bytes: number): number {
  return Math.ceil(bytes / 4096) * 4096
}

function bad(name: string, what: string): UpdateError {
  return new UpdateError('update.image', `${name} is no slot of an image: ${what}`)
}
