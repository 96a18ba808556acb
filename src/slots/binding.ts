// What the administration plane has put in place of the name and the application that an element came with.

import type { Seid, Sen } from './identity.ts'

export interface Binding {
  /** The name to route by; null takes the element off the service plane. */
  readonly sen: Sen | null
  /** The application to select before a session; the default-selected one when undefined. */
  readonly aid: string | undefined
}

/** Bindings by the first SEID of a slot, kept over restarts. */
export interface BindingStore {
  get(seid: Seid): Binding | undefined
  /** Who else is bound to `sen`, present or not. */
  holderOf(sen: Sen): Seid | undefined
  /** Resolves when the change is on the disk; after a rejection nothing has changed. */
  set(seid: Seid, binding: Binding | undefined): Promise<void>
}

/** Bindings for as long as the process runs. */
export class MemoryBindings implements BindingStore {
  readonly #bindings = new Map<Seid, Binding>()

  constructor(bindings: Iterable<readonly [Seid, Binding]> = []) {
    this.#bindings = new Map(bindings)
  }

  get entries(): IterableIterator<[Seid, Binding]> {
    return this.#bindings.entries()
  }

  get(seid: Seid): Binding | undefined {
    return this.#bindings.get(seid)
  }

  holderOf(sen: Sen): Seid | undefined {
    for (const [seid, binding] of this.#bindings) if (binding.sen === sen) return seid
    return undefined
  }

  set(seid: Seid, binding: Binding | undefined): Promise<void> {
    if (binding === undefined) this.#bindings.delete(seid)
    else this.#bindings.set(seid, binding)
    return Promise.resolve()
  }
}
