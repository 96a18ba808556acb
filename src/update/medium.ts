// A disk, a partition or an image of one, as bytes at positions.

import { execFile } from 'node:child_process'
import { constants, type FileHandle, open } from 'node:fs/promises'
import { promisify } from 'node:util'
import { UpdateError } from './errors.ts'

/** All of it throws UpdateError update.disk. */
export interface Medium {
  /** For messages. */
  readonly name: string
  /** Fills `buffer` from `position`. */
  read(buffer: Buffer, position: number): Promise<void>
  write(bytes: Uint8Array, position: number): Promise<void>
  /** Resolves when all that was written is on the disk. */
  sync(): Promise<void>
  /** From now on `read` asks the disk, not the memory of the kernel, where that is possible. */
  forgetCache(): Promise<void>
}

export type OpenMedium = Medium & AsyncDisposable

/**
 * @param use  `exclusive`: a partition that is mounted, or that somebody else has so, is refused by the kernel
 * @throws UpdateError update.disk, update.busy
 */
export async function openMedium(
  path: string,
  use: 'reading' | 'writing' | 'exclusive',
): Promise<OpenMedium> {
  const flags = {
    reading: constants.O_RDONLY,
    writing: constants.O_RDWR,
    exclusive: constants.O_RDWR | constants.O_EXCL,
  }
  let file: FileHandle | undefined
  try {
    file = await open(path, flags[use])
    return new FileMedium(path, file, (await file.stat()).isBlockDevice())
  } catch (error) {
    await file?.close()
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EBUSY')
      throw new UpdateError('update.busy', `${path} is mounted or in use; nothing was written`)
    throw new UpdateError('update.disk', `cannot open ${path}`, { cause: error })
  }
}

/** `length` bytes of another, from `offset`, as one of its own. */
export class Window implements OpenMedium {
  readonly name: string
  readonly #whole: Medium
  readonly #offset: number
  readonly #length: number

  constructor(whole: Medium, { name, offset, length }: { name: string; offset: number; length: number }) {
    this.name = name
    this.#whole = whole
    this.#offset = offset
    this.#length = length
  }

  async read(buffer: Buffer, position: number): Promise<void> {
    this.#check(position, buffer.length)
    await this.#whole.read(buffer, this.#offset + position)
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    this.#check(position, bytes.length)
    await this.#whole.write(bytes, this.#offset + position)
  }

  sync(): Promise<void> {
    return this.#whole.sync()
  }

  forgetCache(): Promise<void> {
    return this.#whole.forgetCache()
  }

  /** The other one stays open. */
  async [Symbol.asyncDispose](): Promise<void> {}

  #check(position: number, length: number): void {
    if (position >= 0 && position + length <= this.#length) return
    throw new UpdateError('update.disk', `${length} bytes at ${position} do not lie in ${this.name}`)
  }
}

class FileMedium implements OpenMedium {
  readonly name: string
  readonly #file: FileHandle
  readonly #isBlockDevice: boolean

  constructor(name: string, file: FileHandle, isBlockDevice: boolean) {
    this.name = name
    this.#file = file
    this.#isBlockDevice = isBlockDevice
  }

  async read(buffer: Buffer, position: number): Promise<void> {
    for (let filled = 0; filled < buffer.length; ) {
      const { bytesRead } = await this.#tried('read', () =>
        this.#file.read(buffer, filled, buffer.length - filled, position + filled),
      )
      if (bytesRead === 0)
        throw new UpdateError('update.disk', `${this.name} ends before ${position + buffer.length}`)
      filled += bytesRead
    }
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    for (let written = 0; written < bytes.length; ) {
      const { bytesWritten } = await this.#tried('write', () =>
        this.#file.write(bytes, written, bytes.length - written, position + written),
      )
      written += bytesWritten
    }
  }

  async sync(): Promise<void> {
    await this.#tried('write', () => this.#file.datasync())
  }

  async forgetCache(): Promise<void> {
    if (!this.#isBlockDevice) return
    await this.#tried('flush', () => promisify(execFile)('blockdev', ['--flushbufs', this.name]))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close()
  }

  async #tried<T>(verb: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw new UpdateError('update.disk', `cannot ${verb} ${this.name}`, { cause: error })
    }
  }
}
