// The disk, as the log needs it: a port, so that tests can have one that fails, and the real one.

import { type FileHandle, mkdir, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { countWritten } from '../base/written.ts'

/** One file of the log, open. Every promise rejects with the system's error. */
export interface LogFile {
  readonly path: string
  /** Its length, and whether it still has a name in a directory. */
  condition(): Promise<{ readonly bytes: number; readonly isLinked: boolean }>
  /** Puts all of `content` behind what is there; it is on the disk after the next `sync`. */
  append(content: Uint8Array): Promise<void>
  sync(): Promise<void>
  truncate(bytes: number): Promise<void>
  close(): Promise<void>
}

/** The directory of one log. */
export interface LogDirectory {
  readonly path: string
  /** Names of the files of the log that are there, in their order. */
  list(): Promise<string[]>
  /** Opens a file that is there. */
  open(name: string): Promise<LogFile>
  /** Makes a file that was not there; its name is on the disk when the promise resolves. */
  create(name: string): Promise<LogFile>
  /** Removes a file that is there. */
  remove(name: string): Promise<void>
}

/** A directory of the file system, made when it is not there: 0700, its files 0600. */
export async function openDirectory(path: string): Promise<LogDirectory> {
  await mkdir(path, { recursive: true, mode: 0o700 })
  return {
    path,
    list: () => logFilesIn(path),
    open: async (name) => logFile(join(path, name), await open(join(path, name), APPENDING, FILE_MODE)),
    async create(name) {
      // `x`: never through a link that somebody else put there.
      const file = await open(join(path, name), 'ax', FILE_MODE)
      await file.chmod(FILE_MODE)
      const directory = await open(path, 'r')
      countWritten(name, { syncs: 1 })
      try {
        await directory.sync()
      } finally {
        await directory.close()
      }
      return logFile(join(path, name), file)
    },
    remove: (name) => rm(join(path, name)),
  }
}

/** Names of the files of a log, in their order. @throws the system's error */
export async function logFilesIn(path: string): Promise<string[]> {
  const names = await readdir(path)
  return names.filter((name) => numberOf(name) !== undefined).sort((a, b) => orderOf(a) - orderOf(b))
}

/** `audit-000001.jsonl` for 1. */
export function fileName(number: number): string {
  return `audit-${String(number).padStart(6, '0')}.jsonl`
}

/** The number in the name of a file of a log; undefined for other files. */
export function numberOf(name: string): number | undefined {
  const number = Number(/^audit-(\d{6,9})\.jsonl$/.exec(name)?.[1] ?? 0)
  return number > 0 && fileName(number) === name ? number : undefined
}

function orderOf(name: string): number {
  return numberOf(name) ?? 0
}

function logFile(path: string, file: FileHandle): LogFile {
  return {
    path,
    async condition() {
      const { size, nlink } = await file.stat()
      return { bytes: size, isLinked: nlink > 0 }
    },
    append(content) {
      countWritten(path, { bytes: content.length })
      return file.appendFile(content)
    },
    sync() {
      countWritten(path, { syncs: 1 })
      return file.datasync()
    },
    truncate: (bytes) => file.truncate(bytes),
    close: () => file.close(),
  }
}

const FILE_MODE = 0o600

/** Reading too, for the repair at a start; every write goes to the end. */
const APPENDING = 'a+'
