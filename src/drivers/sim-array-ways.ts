// Two ways to have a SIM array send a command: `apdu`, where the array does what T=0 needs, and `tpdu`, where we do.

/** apdu: the whole command goes to the array. tpdu: its TPDUs do, one by one. */
export type ArrayWay = 'apdu' | 'tpdu'

/**
 * Which way to go, learnt from what one array answers. At first as the reference client goes: `apdu` for a SELECT by
 * name, `tpdu` for all else. An array that refuses a way before it has ever taken it is asked the other way from the
 * next command on; the command that was refused is not sent again, since a refusal does not say that nothing ran.
 */
export class ArrayWays {
  readonly #known: Record<ArrayWay, 'untried' | 'taken' | 'refused'> = { apdu: 'untried', tpdu: 'untried' }

  /** @param command  one whole C-APDU */
  wayOf(command: Uint8Array): ArrayWay {
    const isSelect = SELECT_BY_NAME.every((byte, offset) => command[offset] === byte)
    const way = isSelect ? 'apdu' : 'tpdu'
    return this.#known[way] === 'refused' ? otherThan(way) : way
  }

  learn(way: ArrayWay, outcome: 'taken' | 'refused'): void {
    if (outcome === 'refused' && this.#known[way] === 'taken') return
    this.#known[way] = outcome
    // Refused both ways, it was not the way that it refused.
    if (this.#known.apdu === 'refused' && this.#known.tpdu === 'refused') {
      this.#known.apdu = 'untried'
      this.#known.tpdu = 'untried'
    }
  }
}

function otherThan(way: ArrayWay): ArrayWay {
  return way === 'apdu' ? 'tpdu' : 'apdu'
}

/** CLA INS P1 P2 of the one command that the reference client sends by `apdu`. */
const SELECT_BY_NAME = [0x00, 0xa4, 0x04, 0x00]
