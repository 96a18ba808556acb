// The boot state on the disk: reading it, and replacing it by one sector.

import {
  type BootState,
  COPY_BYTES,
  COPY_OFFSETS,
  currentBootState,
  encodeBootState,
  type FoundState,
} from './boot-state.ts'
import { UpdateError } from './errors.ts'
import type { Medium } from './medium.ts'

/** What counts on this disk; undefined when no copy is whole. @throws UpdateError update.disk */
export async function readBootState(disk: Medium): Promise<FoundState | undefined> {
  const copies = [Buffer.alloc(COPY_BYTES), Buffer.alloc(COPY_BYTES)] as const
  for (const [index, copy] of copies.entries()) await disk.read(copy, COPY_OFFSETS[index === 0 ? 0 : 1])
  return currentBootState(...copies)
}

/**
 * Writes the next boot state into the copy that does not count; when the promise resolves it is on the disk. Until then
 * the other copy counts.
 * @throws UpdateError update.disk
 */
export async function writeBootState(disk: Medium, next: Omit<BootState, 'sequence'>): Promise<BootState> {
  const found = await readBootState(disk)
  const state = { ...next, sequence: (found?.state.sequence ?? 0) + 1 }
  const bytes = encodeBootState(state)
  await disk.write(bytes, COPY_OFFSETS[found?.copy === 0 ? 1 : 0])
  await disk.sync()
  const written = await readBootState(disk)
  if (written === undefined || !encodeBootState(written.state).equals(bytes)) {
    throw new UpdateError('update.disk', `${disk.name} does not keep the boot state`)
  }
  return state
}
