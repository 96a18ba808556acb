import { Random } from '../support/random.ts'
import type { FuzzTarget } from './target.ts'

export interface FuzzRange {
  readonly seed: number
  /** Index of the first input. */
  readonly from: number
  readonly inputs: number
}

export interface FuzzReport {
  readonly inputs: number
  readonly seconds: number
  readonly slowestMs: number
  /** Index of the slowest input. */
  readonly slowestIndex: number
}

/** The first input that broke an invariant; `cause` says which, the message how to run it again. */
export class FuzzFailure extends Error {
  constructor(target: FuzzTarget, seed: number, index: number, cause: unknown) {
    super(`replay: npm run fuzz -- --only ${target.name} --seed ${seed} --from ${index} --inputs 1`, {
      cause,
    })
    this.name = 'FuzzFailure'
  }
}

/**
 * Runs `target` on a range of inputs, each made from the seed and its index alone.
 * @throws FuzzFailure, as a rejection, at the first input that breaks an invariant
 */
export async function fuzz(target: FuzzTarget, { seed, from, inputs }: FuzzRange): Promise<FuzzReport> {
  const started = performance.now()
  let slowestMs = 0
  let slowestIndex = from
  let before = started
  for (let index = from; index < from + inputs; index++) {
    try {
      const running = target.run(new Random(seed, index))
      // Targets that do not wait are not made to.
      if (running !== undefined) await running
    } catch (error) {
      throw new FuzzFailure(target, seed, index, error)
    }
    const after = performance.now()
    if (after - before > slowestMs) {
      slowestMs = after - before
      slowestIndex = index
    }
    before = after
  }
  return { inputs, seconds: (before - started) / 1000, slowestMs, slowestIndex }
}
