// Wrong keys and PINs of elements, in a file of the state directory:
//
//   { "sim1": { "authentication": { "A000000151000000 key 00 v01": 2 }, "verification": { "010203040500 pin 00": 1 } } }

import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type FailureStore, type Failures, MemoryFailures } from '../../access/failures.ts'
import { writeAtomically } from '../../base/atomic-file.ts'
import { ConfigError } from '../../config/errors.ts'
import { type Seid, seidOf } from '../../slots/identity.ts'

/**
 * Opens the file; one that is not there yet is empty.
 * @throws ConfigError config.invalid when it is not what we have written, config.missing when it cannot be read
 */
export async function openTries(path: string): Promise<FailureStore> {
  return new TriesFile(path, new MemoryFailures(await read(path)))
}

class TriesFile implements FailureStore {
  readonly #path: string
  readonly #failures: MemoryFailures
  /** The writes so far; one at a time, so that an older state never replaces a newer one. */
  #written: Promise<void> = Promise.resolve()

  constructor(path: string, failures: MemoryFailures) {
    this.#path = path
    this.#failures = failures
  }

  get(seid: Seid): Failures {
    return this.#failures.get(seid)
  }

  async set(seid: Seid, failures: Failures): Promise<void> {
    const counted = this.#failures.set(seid, failures)
    const write = (): Promise<void> => this.#write()
    this.#written = this.#written.then(write, write)
    await Promise.all([counted, this.#written])
  }

  async #write(): Promise<void> {
    const entries = [...this.#failures.entries].map(([seid, failures]) => [seid, textOf(failures)] as const)
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 })
    await writeAtomically(this.#path, `${JSON.stringify(Object.fromEntries(entries), null, 1)}\n`, 0o600)
  }
}

function textOf({ authentication, verification }: Failures) {
  return {
    authentication: Object.fromEntries(authentication),
    verification: Object.fromEntries(verification),
  }
}

async function read(path: string): Promise<[Seid, Failures][]> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw new ConfigError('config.missing', `cannot read ${path}`, { cause: error })
  }
  try {
    const whole: unknown = JSON.parse(text)
    return Object.entries(tableOf(whole)).map(([seid, value]) => entryOf(seid, value))
  } catch (error) {
    const message = `${path}: wrong keys and PINs of elements, not as they were written; mend it`
    throw new ConfigError('config.invalid', message, { cause: error })
  }
}

function entryOf(text: string, value: unknown): [Seid, Failures] {
  const seid = seidOf(text)
  const { authentication, verification, ...rest } = tableOf(value)
  if (seid === undefined || Object.keys(rest).length > 0)
    throw new TypeError(`the entry ${text.slice(0, 64)}`)
  return [seid, { authentication: countsOf(authentication), verification: countsOf(verification) }]
}

function countsOf(value: unknown): Map<string, number> {
  const counts = new Map<string, number>()
  for (const [key, count] of Object.entries(tableOf(value))) {
    const isCount = typeof count === 'number' && Number.isSafeInteger(count) && count > 0
    if (!isCount || !KEY.test(key)) throw new TypeError(`the count of ${key.slice(0, 64)}`)
    counts.set(key, count)
  }
  return counts
}

function tableOf(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('no table')
  return value as Record<string, unknown>
}

/** As `failureKeyOf` writes it, with the version of a key, or the form of the command in a proprietary class. */
const KEY =
  /^(\?|(default|([0-9A-F]{2}){1,16})(\/[0-9A-F]{16})?) (pin|code|key) [0-9A-F]{2}( [vp][0-9A-F]{2}| of [0-9A-F]{6})?$/
