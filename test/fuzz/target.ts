import type { Random } from '../support/random.ts'

/** Something that must hold for any input whatever. */
export interface FuzzTarget {
  /** Lower case with dashes; `--only` takes it. */
  readonly name: string
  /** Makes one input from `random`, runs it, and throws or rejects when an invariant is broken. Keeps no state. */
  run(random: Random): void | Promise<void>
}
