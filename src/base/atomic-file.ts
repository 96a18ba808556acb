// Files that are there whole or not at all, also after a loss of power.

import { randomBytes } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { countWritten } from './written.ts'

/** Numbers of a user and a group. */
export interface Owner {
  readonly uid: number
  readonly gid: number
}

/**
 * Replaces the content of `path`; when the promise resolves it is on the disk. Who reads meanwhile sees the old
 * content or the new one. The directory must exist.
 * @param mode  permission bits of the file, 0o600 for secrets
 * @param owner  whose it becomes; without it, who runs this
 * @throws the system's error; the old content is then still there
 */
export async function writeAtomically(
  path: string,
  content: string | Uint8Array,
  mode: number,
  owner?: Owner,
): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
  try {
    await writeWhole(temporary, content, { mode, owner })
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await syncDirectoryOf(path)
}

/**
 * Makes a file that was not there before; when the promise resolves it is on the disk, its content and its name.
 * @param mode  permission bits
 * @throws the system's error, EEXIST when there is such a file already, which stays as it is
 */
export async function writeNew(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  await writeWhole(path, content, { mode, owner: undefined })
  await syncDirectoryOf(path)
}

async function writeWhole(
  path: string,
  content: string | Uint8Array,
  { mode, owner }: { mode: number; owner: Owner | undefined },
): Promise<void> {
  // `wx`: never through a link that somebody else put there.
  const file = await open(path, 'wx', mode)
  try {
    // The umask may have taken bits away.
    await file.chmod(mode)
    if (owner !== undefined) await file.chown(owner.uid, owner.gid)
    countWritten(path, { bytes: Buffer.byteLength(content), syncs: 1 })
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** A new name is only safe once its directory is. */
async function syncDirectoryOf(path: string): Promise<void> {
  const directory = await open(dirname(path), 'r')
  countWritten(path, { syncs: 1 })
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
