// Names that were given to elements by SEN, in a file of the state directory:
//
//   { "sim1": { "sen": "foo.com", "aid": "010203040500" }, "sim2": { "sen": null } }

import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { writeAtomically } from '../../base/atomic-file.ts'
import { ConfigError } from '../../config/errors.ts'
import { type Binding, type BindingStore, MemoryBindings } from '../../slots/binding.ts'
import { type Seid, type Sen, seidOf } from '../../slots/identity.ts'

/**
 * Opens the file; one that is not there yet is empty.
 * @throws ConfigError config.invalid when it is not what we have written, config.missing when it cannot be read
 */
export async function openBindings(path: string): Promise<BindingStore> {
  return new BindingsFile(path, new MemoryBindings(await read(path)))
}

class BindingsFile implements BindingStore {
  readonly #path: string
  readonly #bindings: MemoryBindings

  constructor(path: string, bindings: MemoryBindings) {
    this.#path = path
    this.#bindings = bindings
  }

  get(seid: Seid): Binding | undefined {
    return this.#bindings.get(seid)
  }

  holderOf(sen: Sen): Seid | undefined {
    return this.#bindings.holderOf(sen)
  }

  async set(seid: Seid, binding: Binding | undefined): Promise<void> {
    const changed = new Map(this.#bindings.entries)
    if (binding === undefined) changed.delete(seid)
    else changed.set(seid, binding)
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 })
    await writeAtomically(this.#path, `${JSON.stringify(Object.fromEntries(changed), null, 1)}\n`, 0o600)
    await this.#bindings.set(seid, binding)
  }
}

async function read(path: string): Promise<[Seid, Binding][]> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw new ConfigError('config.missing', `cannot read ${path}`, { cause: error })
  }
  try {
    return Object.entries(JSON.parse(text) as object).map(([seid, value]) => entryOf(seid, value))
  } catch (error) {
    const message = `${path}: names of elements, not as they were written; mend it or remove it`
    throw new ConfigError('config.invalid', message, { cause: error })
  }
}

function entryOf(text: string, value: unknown): [Seid, Binding] {
  const seid = seidOf(text)
  const { sen, aid } = (value ?? {}) as { sen?: unknown; aid?: unknown }
  const isSen = sen === null || (typeof sen === 'string' && /^[\x21-\x7E]{1,255}$/.test(sen))
  const isAid = aid === undefined || (typeof aid === 'string' && /^(00|([0-9A-F]{2}){5,16})$/.test(aid))
  if (seid === undefined || !isSen || !isAid) throw new TypeError(`the entry of ${text.slice(0, 64)}`)
  return [seid, { sen: sen as Sen | null, aid }]
}
