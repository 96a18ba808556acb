// Between the audit log and a real directory: a disk that is full, fails to sync, or is counted.

import type { LogDirectory, LogFile } from '../../src/audit/files.ts'

export class FaultyDisk {
  /** How many more bytes fit. */
  roomBytes = Infinity
  failsSync = false
  failsCreate = false
  syncs = 0
  writes = 0

  readonly wrap = (directory: LogDirectory): LogDirectory => ({
    path: directory.path,
    list: () => directory.list(),
    open: async (name) => this.#file(await directory.open(name)),
    create: async (name) => {
      if (this.failsCreate) throw failure('ENOSPC')
      return this.#file(await directory.create(name))
    },
    remove: (name) => directory.remove(name),
  })

  #file(file: LogFile): LogFile {
    return {
      path: file.path,
      condition: () => file.condition(),
      append: async (content) => {
        this.writes++
        const fitting = content.subarray(0, Math.min(content.length, this.roomBytes))
        this.roomBytes -= fitting.length
        // As the kernel does it: what fits is written, then comes the error.
        if (fitting.length > 0) await file.append(fitting)
        if (fitting.length < content.length) throw failure('ENOSPC')
      },
      sync: () => {
        this.syncs++
        return this.failsSync ? Promise.reject(failure('EIO')) : file.sync()
      },
      truncate: (bytes) => file.truncate(bytes),
      close: () => file.close(),
    }
  }
}

function failure(code: string): Error {
  return Object.assign(new Error(`${code}: the disk`), { code })
}
