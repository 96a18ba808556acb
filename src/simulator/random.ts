// Randomness as a parameter: tests make a card deterministic by handing it another source.

import { randomBytes } from 'node:crypto'

/** `length` fresh random bytes, owned by the caller. */
export type RandomSource = (length: number) => Uint8Array

export const systemRandom: RandomSource = (length) => randomBytes(length)
