// All families as one text. However many ask at once, it is written once; and between two families the event loop turns.

import { setImmediate as nextTurn } from 'node:timers/promises'
import type Registry from 'prom-client/lib/registry.js'
import type { Family } from './family.ts'

export interface Page {
  readonly contentType: string
  /** Shared by all who asked while it was written: not to be changed. */
  readonly body: Buffer
}

export class Exposition {
  readonly #families: readonly Family[]
  readonly #begin: () => void
  #registry: Registry | undefined
  #running: Promise<Page> | undefined

  /** @param begin  called before each page, so that its families are of one moment */
  constructor(families: readonly Family[], begin: () => void) {
    this.#families = families
    this.#begin = begin
  }

  /** The page as of now, or the one that is just being written. */
  page(): Promise<Page> {
    this.#running ??= this.#write().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async #write(): Promise<Page> {
    const registry = (this.#registry ??= await this.#open())
    this.#begin()
    await nextTurn()
    const texts: string[] = []
    let turnAt = performance.now() + SLICE_MS
    for (const { name } of this.#families) {
      texts.push(await registry.getSingleMetricAsString(name))
      if (performance.now() < turnAt) continue
      await nextTurn()
      turnAt = performance.now() + SLICE_MS
    }
    return { contentType: registry.contentType, body: Buffer.from(`${texts.join('\n')}\n`) }
  }

  async #open(): Promise<Registry> {
    const { default: PromRegistry } = await import('prom-client/lib/registry.js')
    const registry = new PromRegistry()
    for (const family of this.#families) {
      const { name, help, type } = family
      registry.registerMetric({
        name,
        get: async () => ({ name, help, type, values: await family.draw() }),
      })
    }
    return registry
  }
}

/** So long a page may hold up everybody else before it lets them. */
const SLICE_MS = 2
