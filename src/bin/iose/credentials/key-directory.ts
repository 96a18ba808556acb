// The directory of plain keys, as root works in it: it belongs to the gateway's user, who could put links there. So it
// is opened once, and all files are reached through what was opened; see proc(5), /proc/PID/fd.

import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, link, open, readdir, realpath, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { writeAtomically } from '../../../base/atomic-file.ts'
import { CliError, EXIT } from '../command.ts'
import { codeOf } from '../doctor/reading.ts'

export class KeyDirectory implements AsyncDisposable {
  /** For messages. */
  readonly path: string
  readonly #handle: FileHandle
  readonly #owner: { readonly uid: number; readonly gid: number }

  private constructor(path: string, handle: FileHandle, owner: { uid: number; gid: number }) {
    this.path = path
    this.#handle = handle
    this.#owner = owner
  }

  /**
   * `pki/` of the state directory; undefined when there is none.
   * @throws CliError when it is a link, or somebody else's
   */
  static async open(stateDir: string): Promise<KeyDirectory | undefined> {
    const path = join(stateDir, 'pki')
    try {
      // The state directory itself may be a link, as systemd makes it for a dynamic user: only root could put it there.
      await using state = await open(await realpath(stateDir), DIRECTORY)
      const handle = await open(`/proc/self/fd/${state.fd}/pki`, DIRECTORY)
      const [above, { uid, gid }] = [await state.stat(), await handle.stat()]
      if (uid === above.uid) return new KeyDirectory(path, handle, { uid, gid })
      await handle.close()
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined
      throw new CliError(EXIT.refused, `${path} cannot be opened as a directory that is no link`, {
        cause: error,
      })
    }
    throw new CliError(EXIT.refused, `${path} belongs to another user than ${stateDir}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close()
  }

  /**
   * The bytes of a file; undefined when there is none.
   * @throws CliError when it is a link, no regular file, or somebody else's
   */
  async read(name: string): Promise<Buffer | undefined> {
    try {
      await using file = await open(this.#at(name), READ)
      const stats = await file.stat()
      // A second name could be that of somebody else's file. What root has put there, with `sudo iose pki`, is welcome.
      const isOwned = stats.uid === this.#owner.uid || stats.uid === 0
      if (stats.isFile() && stats.nlink === 1 && isOwned && stats.size <= MAX_BYTES)
        return await file.readFile()
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined
      if (codeOf(error) !== 'ELOOP')
        throw new CliError(EXIT.refused, `cannot read ${join(this.path, name)}`, { cause: error })
    }
    const message = `${join(this.path, name)} is a link, or no file of the owner of ${this.path}: not touched`
    throw new CliError(EXIT.refused, message)
  }

  /** Makes or replaces a file, of the owner of the directory and for the owner alone; then it is on the disk. */
  async write(name: string, bytes: Buffer): Promise<void> {
    await writeAtomically(this.#at(name), bytes, 0o600, this.#owner)
  }

  /**
   * Removes a file if it still holds `bytes`, and then what was left of it by a run that was cut short.
   * Overwriting it first would be theatre: flash and journals write elsewhere, and keep what was there before.
   * @returns false when it holds something else by now, and stays
   */
  async remove(name: string, bytes: Buffer): Promise<boolean> {
    const aside = `${name}.${randomBytes(6).toString('hex')}.tmp`
    // Taken out of the way first: what is looked at then is what is removed.
    await rename(this.#at(name), this.#at(aside))
    const isSame = (await this.read(aside))?.equals(bytes) === true
    if (!isSame) await this.#bringBack(aside, name)
    await rm(this.#at(aside), { force: true })
    if (isSame) await this.removeLeftovers(name, bytes)
    await this.#handle.sync()
    return isSame
  }

  /** Of writers that were killed: files that begin as `bytes` do, whole or in part. */
  async removeLeftovers(name: string, bytes: Buffer): Promise<void> {
    const files = await readdir(this.#at('.'))
    const isLeftover = (file: string): boolean =>
      file.startsWith(`${name}.`) && /^\.[0-9a-f]{12}\.tmp$/.test(file.slice(name.length))
    for (const file of files.filter(isLeftover)) {
      const left = await this.read(file).catch(() => undefined)
      if (left !== undefined && bytes.subarray(0, left.length).equals(left))
        await rm(this.#at(file), { force: true })
    }
  }

  /** Unless a newer one has come meanwhile, which then goes before this one. */
  async #bringBack(aside: string, name: string): Promise<void> {
    try {
      await link(this.#at(aside), this.#at(name))
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error
    }
  }

  #at(name: string): string {
    return `/proc/self/fd/${this.#handle.fd}/${name}`
  }
}

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = constants
const DIRECTORY = O_RDONLY | O_DIRECTORY | O_NOFOLLOW
const READ = O_RDONLY | O_NOFOLLOW | O_NONBLOCK
/** An RSA key of 4096 bits has 3,300. */
const MAX_BYTES = 65_536
