// A card that speaks T=0, written from the rules of ISO/IEC 7816-3 and not from our side of them: it sees headers with
// P3 and data, and keeps what it has to say until it is asked in the right way.

/** How a card says that a command with data has an answer. */
export type T0Habit = 'announces' | 'is silent'

export interface T0Reply {
  readonly data: Uint8Array
  readonly sw: number
}

export class T0Card {
  readonly #run: (command: Uint8Array) => T0Reply
  readonly #habit: T0Habit
  readonly #isExact: boolean
  #envelopes: Uint8Array[] = []
  #pending: T0Reply | undefined
  /** The header whose repetition fetches what is pending. */
  #header = ''
  /** GET RESPONSE commands that found nothing. */
  emptyAsks = 0

  /**
   * @param run      what the application makes of a command: header, and Lc and data where there are data
   * @param isExact  true: asks for the exact Le by 6Cxx, false: sends less than it is asked for
   */
  constructor(run: (command: Uint8Array) => T0Reply, habit: T0Habit, isExact: boolean) {
    this.#run = run
    this.#habit = habit
    this.#isExact = isExact
  }

  answer(tpdu: Uint8Array, direction: 'read' | 'write'): Uint8Array {
    const [, ins] = tpdu
    const header = Buffer.from(tpdu.subarray(0, 4)).toString('hex')
    if (direction === 'read') {
      if (ins === 0xc0) return this.#give(tpdu[4] || 256)
      if (this.#pending === undefined || this.#header !== header)
        this.#pending = this.#run(tpdu.subarray(0, 4))
      this.#header = header
      return this.#give(tpdu[4] || 256)
    }
    this.#header = ''
    if (ins !== 0xc2) return this.#open(this.#run(tpdu[4] === 0 ? tpdu.subarray(0, 4) : tpdu))
    if (tpdu.length > 5) {
      this.#envelopes.push(tpdu.slice(5))
      return reply(NOTHING, 0x9000)
    }
    const whole = Buffer.concat(this.#envelopes)
    this.#envelopes = []
    return this.#open(this.#run(whole))
  }

  /** The first answer to a command with data. */
  #open(answer: T0Reply): Uint8Array {
    this.#pending = answer.data.length > 0 ? answer : undefined
    if (answer.data.length === 0 || this.#habit === 'is silent') return reply(NOTHING, answer.sw)
    return reply(NOTHING, 0x6100 | (Math.min(answer.data.length, 256) & 0xff))
  }

  #give(count: number): Uint8Array {
    const pending = this.#pending
    if (pending === undefined) {
      this.emptyAsks++
      return reply(NOTHING, 0x6985)
    }
    const { data, sw } = pending
    const fits = Math.min(data.length, 256)
    if (this.#isExact && count > fits && data.length > 0) return reply(NOTHING, 0x6c00 | (fits & 0xff))
    const part = data.subarray(0, count)
    const rest = data.subarray(part.length)
    this.#pending = rest.length > 0 ? { data: rest, sw } : undefined
    this.#header = ''
    return reply(part, rest.length > 0 ? 0x6100 | (Math.min(rest.length, 256) & 0xff) : sw)
  }
}

function reply(data: Uint8Array, sw: number): Uint8Array {
  return Uint8Array.of(...data, sw >> 8, sw & 0xff)
}

const NOTHING = new Uint8Array(0)
