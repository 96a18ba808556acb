import { runFaulty } from '../support/faulty-wire.ts'
import type { FuzzTarget } from './target.ts'

const EXCHANGES = 10

/** Our side of a wire against the card's, with faults: no APDU is lost, doubled or mixed up. */
export const wireModel: FuzzTarget = {
  name: 'wire-model',
  weight: 100,
  async run(random) {
    await runFaulty(random, {
      framing: random.oneIn(2) ? 'nxp' : 'gp',
      busy: random.oneIn(2) ? 'nack' : 'zero-bytes',
      rate: random.oneIn(4) ? 0.1 : 0.01,
      exchanges: EXCHANGES,
    })
  },
}
