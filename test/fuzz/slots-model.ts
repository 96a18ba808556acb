import { RackModel } from '../support/rack-model.ts'
import type { FuzzTarget } from './target.ts'

const DECISIONS = 2_000

/** Sixteen slots under two hundred clients: nobody gets what is another's, nobody is forgotten. */
export const slotsModel: FuzzTarget = {
  name: 'slots-model',
  weight: 1_000,
  async run(random) {
    await new RackModel(random).run(DECISIONS)
  },
}
