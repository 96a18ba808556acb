// What several slots have in common: made by the first who asks, disposed of by the last who is done.

export interface Share<Value> {
  readonly value: Value
  /** Call once. */
  readonly release: () => Promise<void>
}

/** By key; a failure to make something is told to everybody who waits for it, and not kept. */
export class SharedPool<Value> {
  readonly #dispose: (value: Value) => Promise<void>
  readonly #entries = new Map<string, { value: Promise<Value>; users: number }>()

  constructor(dispose: (value: Value) => Promise<void>) {
    this.#dispose = dispose
  }

  /** @throws whatever `make` throws */
  async take(key: string, make: () => Promise<Value>): Promise<Share<Value>> {
    const entry = this.#entries.get(key) ?? { value: make(), users: 0 }
    this.#entries.set(key, entry)
    entry.users++
    try {
      const value = await entry.value
      return { value, release: () => this.#release(key, entry) }
    } catch (error) {
      if (this.#entries.get(key) === entry) this.#entries.delete(key)
      throw error
    }
  }

  async #release(key: string, entry: { value: Promise<Value>; users: number }): Promise<void> {
    entry.users--
    if (entry.users > 0) return
    this.#entries.delete(key)
    await this.#dispose(await entry.value)
  }
}
