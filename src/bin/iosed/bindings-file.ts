// Names that were given to elements by SEN, in a file of the state directory:
//
//   { "sim1": { "sen": "foo.com", "aid": "010203040500" }, "sim2": { "sen": null } }

import { type Binding, type BindingStore, MemoryBindings } from '../../slots/binding.ts'
import type { Seid, Sen } from '../../slots/identity.ts'
import { readTable, tableOf, writeTable } from './state-file.ts'

/**
 * Opens the file; one that is not there yet is empty.
 * @throws ConfigError config.invalid when it is not what we have written, config.missing when it cannot be read
 */
export async function openBindings(path: string): Promise<BindingStore> {
  const what = 'names of elements, not as they were written; mend it or remove it'
  return new BindingsFile(path, new MemoryBindings(await readTable(path, what, bindingOf)))
}

class BindingsFile implements BindingStore {
  readonly #path: string
  readonly #bindings: MemoryBindings
  /** The changes so far; each is made of what the one before has left. */
  #changed: Promise<void> = Promise.resolve()

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

  set(seid: Seid, binding: Binding | undefined): Promise<void> {
    const change = (): Promise<void> => this.#change(seid, binding)
    this.#changed = this.#changed.then(change, change)
    return this.#changed
  }

  async #change(seid: Seid, binding: Binding | undefined): Promise<void> {
    const old = this.#bindings.get(seid)
    // Somebody orders what is so already: nothing is to be written.
    if (old?.sen === binding?.sen && old?.aid === binding?.aid) return
    const changed = new Map(this.#bindings.entries)
    if (binding === undefined) changed.delete(seid)
    else changed.set(seid, binding)
    await writeTable(this.#path, changed)
    await this.#bindings.set(seid, binding)
  }
}

function bindingOf(value: unknown): Binding {
  const { sen, aid } = tableOf(value)
  const isSen = sen === null || (typeof sen === 'string' && /^[\x21-\x7E]{1,255}$/.test(sen))
  const isAid = aid === undefined || (typeof aid === 'string' && /^(00|([0-9A-F]{2}){5,16})$/.test(aid))
  if (!isSen || !isAid) throw new TypeError('an entry that is none')
  return { sen: sen as Sen | null, aid }
}
