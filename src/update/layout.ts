// Where what lies on the disk of an appliance, in bytes; docs/appliance-layout.md has the same numbers in sectors. Pure.

import type { SlotName } from './boot-state.ts'

export const SECTOR_BYTES = 512

/** Within a slot: the root file system from 0, the kernel area from here. */
export const KERNEL_AREA_OFFSET = 917_504 * SECTOR_BYTES
export const MAX_ROOT_BYTES = KERNEL_AREA_OFFSET
export const MAX_KERNEL_BYTES = 131_072 * SECTOR_BYTES
export const SLOT_BYTES = KERNEL_AREA_OFFSET + MAX_KERNEL_BYTES

/** Primary partitions. */
export const SLOT_PARTITIONS: Readonly<Record<SlotName, 2 | 3>> = { A: 2, B: 3 }

export interface Partition {
  readonly number: number
  readonly type: number
  /** In bytes from the beginning of the disk. */
  readonly offset: number
  readonly length: number
}

export interface PartitionTable {
  /** As in PARTUUID=: eight hexadecimal digits. */
  readonly diskId: string
  /** Those that are not empty. */
  readonly partitions: readonly Partition[]
}

/**
 * What the first sector of a disk says: bytes 440 to 443 its identity, from 446 four entries of 16 bytes with type at 4,
 * first sector at 8 and sectors at 12, then 55 aa; all numbers least significant byte first.
 * @returns undefined when it is no such table
 */
export function partitionTableOf(sector: Buffer): PartitionTable | undefined {
  if (sector.length !== SECTOR_BYTES || sector.readUInt16LE(510) !== 0xaa55) return undefined
  const partitions = [1, 2, 3, 4].map((number) => {
    const at = 446 + 16 * (number - 1)
    return {
      number,
      type: sector.readUInt8(at + 4),
      offset: sector.readUInt32LE(at + 8) * SECTOR_BYTES,
      length: sector.readUInt32LE(at + 12) * SECTOR_BYTES,
    }
  })
  const diskId = sector.readUInt32LE(440).toString(16).padStart(8, '0')
  return { diskId, partitions: partitions.filter(({ type }) => type !== 0) }
}

/** The partition of a slot; undefined when the table has none that a slot fits in. */
export function slotPartition(table: PartitionTable, slot: SlotName): Partition | undefined {
  const found = table.partitions.find(({ number }) => number === SLOT_PARTITIONS[slot])
  return found?.type === LINUX && found.length >= SLOT_BYTES ? found : undefined
}

export function otherSlot(slot: SlotName): SlotName {
  return slot === 'A' ? 'B' : 'A'
}

const LINUX = 0x83
