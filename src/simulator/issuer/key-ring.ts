// The key sets of a security domain, by version.

import { aesCbc, des3 } from './mac.ts'

export interface CardKeySet {
  /** 1..127, or 255 for what the factory has put there. */
  readonly version: number
  readonly algorithm: 'aes' | '3des'
  readonly enc: Uint8Array
  readonly mac: Uint8Array
  readonly dek: Uint8Array
  /** Sequence counter. */
  counter: number
  /** INITIALIZE UPDATEs since the last authentication that succeeded. */
  tries: number
}

export class KeyRing {
  readonly #sets = new Map<number, CardKeySet>()

  constructor(first: CardKeySet) {
    this.#sets.set(first.version, first)
  }

  get sets(): readonly CardKeySet[] {
    return [...this.#sets.values()]
  }

  /** @param version  0: the set of the factory, else the newest */
  find(version: number): CardKeySet | undefined {
    if (version !== 0) return this.#sets.get(version)
    return this.#sets.get(FACTORY) ?? this.sets.at(-1)
  }

  /** Whether there is no room for a set that takes the place of none. */
  get isFull(): boolean {
    return this.#sets.size >= MAX_SETS && !this.#sets.has(FACTORY)
  }

  /** Adds `fresh`, or puts it in the place of the set `replaced`. The factory's set is gone with the first of these. */
  put(fresh: CardKeySet, replaced: number): void {
    this.#sets.delete(FACTORY)
    this.#sets.delete(replaced)
    this.#sets.set(fresh.version, fresh)
  }
}

/** The first three bytes of a block of 01s (AES) or 00s (3DES) under the key. */
export function keyCheckValue(algorithm: CardKeySet['algorithm'], key: Uint8Array): Uint8Array {
  const block =
    algorithm === 'aes'
      ? aesCbc('encrypt', key, new Uint8Array(16), new Uint8Array(16).fill(1))
      : des3('ecb', 'encrypt', key, new Uint8Array(8))
  return block.subarray(0, 3)
}

const FACTORY = 0xff
/** As many as the key information template has room for in one answer: assumed. */
const MAX_SETS = 13
