// Wrong keys and PINs of elements, in a file of the state directory:
//
//   { "sim1": { "authentication": { "A000000151000000 key 00 v01": 2 }, "verification": { "010203040500 pin 00": 1 } } }

import { type FailureStore, type Failures, MemoryFailures } from '../../access/failures.ts'
import type { Seid } from '../../slots/identity.ts'
import { readTable, TableFile, tableOf } from './state-file.ts'

/**
 * Opens the file; one that is not there yet is empty.
 * @throws ConfigError config.invalid when it is not what we have written, config.missing when it cannot be read
 */
export async function openTries(path: string): Promise<FailureStore> {
  const what = 'wrong keys and PINs of elements, not as they were written; mend it'
  return new TriesFile(path, new MemoryFailures(await readTable(path, what, failuresOf)))
}

class TriesFile implements FailureStore {
  readonly #failures: MemoryFailures
  readonly #file: TableFile

  constructor(path: string, failures: MemoryFailures) {
    this.#failures = failures
    this.#file = new TableFile(path, () =>
      [...failures.entries].map(([seid, one]) => [seid, textOf(one)] as const),
    )
  }

  get(seid: Seid): Failures {
    return this.#failures.get(seid)
  }

  async set(seid: Seid, failures: Failures): Promise<void> {
    await Promise.all([this.#failures.set(seid, failures), this.#file.save()])
  }
}

function textOf({ authentication, verification }: Failures) {
  return {
    authentication: Object.fromEntries(authentication),
    verification: Object.fromEntries(verification),
  }
}

function failuresOf(value: unknown): Failures {
  const { authentication, verification, ...rest } = tableOf(value)
  if (Object.keys(rest).length > 0) throw new TypeError('an entry that is none')
  return { authentication: countsOf(authentication), verification: countsOf(verification) }
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

/** As `failureKeyOf` writes it, with the version of a key, or the form of the command in a proprietary class. */
const KEY =
  /^(\?|(default|([0-9A-F]{2}){1,16})(\/[0-9A-F]{16})?) (pin|code|key) [0-9A-F]{2}( [vp][0-9A-F]{2}| of [0-9A-F]{6})?$/
