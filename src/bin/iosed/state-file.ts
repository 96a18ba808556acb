// Small tables in the state directory: one JSON object, by SEID, replaced as a whole.

import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { writeAtomically } from '../../base/atomic-file.ts'
import { ConfigError } from '../../config/errors.ts'
import { type Seid, seidOf } from '../../slots/identity.ts'

/**
 * The entries of the file; none when there is no file yet.
 * @param what     the message for a file that is not as it was written: what it holds, and what to do
 * @param valueOf  checks one value; throws TypeError when it is none
 * @throws ConfigError config.invalid when it is not what we have written, config.missing when it cannot be read
 */
export async function readTable<T>(
  path: string,
  what: string,
  valueOf: (value: unknown) => T,
): Promise<[Seid, T][]> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw new ConfigError('config.missing', `cannot read ${path}`, { cause: error })
  }
  try {
    return Object.entries(tableOf(JSON.parse(text))).map(([key, value]) => [checkedSeid(key), valueOf(value)])
  } catch (error) {
    throw new ConfigError('config.invalid', `${path}: ${what}`, { cause: error })
  }
}

/** The file of a table that changes, rewritten as a whole; one write at a time, so an older state never replaces a newer. */
export class TableFile {
  readonly #path: string
  readonly #entries: () => Iterable<readonly [Seid, unknown]>
  #running: Promise<void> = Promise.resolve()
  #next: Promise<void> | undefined

  /** @param entries  those of the moment */
  constructor(path: string, entries: () => Iterable<readonly [Seid, unknown]>) {
    this.#path = path
    this.#entries = entries
  }

  /** Resolves when all that was changed before this call is on the disk. */
  save(): Promise<void> {
    // A write that has not begun yet will have this change in it: a burst costs two writes, not one each.
    this.#next ??= this.#after(this.#running)
    return this.#next
  }

  async #after(running: Promise<void>): Promise<void> {
    await running.catch(() => undefined)
    this.#running = this.#next ?? running
    this.#next = undefined
    await writeTable(this.#path, this.#entries())
  }
}

/** Replaces the file; when the promise resolves it is on the disk. */
export async function writeTable(path: string, entries: Iterable<readonly [Seid, unknown]>): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await writeAtomically(path, `${JSON.stringify(Object.fromEntries(entries), null, 1)}\n`, 0o600)
}

/** A JSON object. @throws TypeError */
export function tableOf(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('no table')
  return value as Record<string, unknown>
}

function checkedSeid(text: string): Seid {
  const seid = seidOf(text)
  if (seid === undefined) throw new TypeError(`the entry ${text.slice(0, 64)}`)
  return seid
}
