/** A seeded generator of pseudo-random values (sfc32): the same seed and stream give the same values for ever. */
export class Random {
  #a: number
  #b: number
  #c: number
  #counter = 1

  /** Streams of one seed are independent: input number `stream` can be made again without those before it. */
  constructor(seed: number, stream = 0) {
    this.#a = seed | 0
    this.#b = stream | 0
    this.#c = Math.floor(stream / 2 ** 32) | 0
    // Neighbouring seeds and streams drift apart within these rounds.
    for (let round = 0; round < 12; round++) this.u32()
  }

  /** 0..2^32-1. */
  u32(): number {
    const result = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0
    return result >>> 0
  }

  /** 0..n-1, for n of 1..2^32. */
  int(n: number): number {
    return Math.floor((this.u32() / 2 ** 32) * n)
  }

  /** True once in `n` times on average. */
  oneIn(n: number): boolean {
    return this.int(n) === 0
  }

  /** `length` random bytes, a fresh array. */
  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    for (let offset = 0, word = 0; offset < length; offset++, word >>>= 8) {
      if (offset % 4 === 0) word = this.u32()
      bytes[offset] = word
    }
    return bytes
  }

  /** One element of `list`, which must not be empty. */
  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new RangeError('nothing to pick from')
    return list[this.int(list.length)] as T
  }
}
