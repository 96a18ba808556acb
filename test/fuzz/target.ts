import type { Random } from '../support/random.ts'

/** Something that must hold for any input whatever. */
export interface FuzzTarget {
  /** Lower case with dashes; `--only` takes it. */
  readonly name: string
  /** One input is worth so many of the others: where more than one makes a run of the command bearable. */
  readonly weight?: number
  /** Makes one input from `random`, runs it, and throws or rejects when an invariant is broken. Keeps no state. */
  run(random: Random): void | Promise<void>
}
