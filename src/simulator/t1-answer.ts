// The I-blocks of the card: a response in pieces, with their numbers.

/** An I-block that the host has not acknowledged. */
export interface Unacknowledged {
  readonly inf: Uint8Array
  readonly number: number
  readonly hasMore: boolean
}

export class T1Answer {
  readonly #endsEmpty: (response: Uint8Array) => boolean
  #number = 0
  #response: Uint8Array = new Uint8Array(0)
  #rest: Uint8Array = new Uint8Array(0)
  #blocksSent = 0
  #unacknowledged: Unacknowledged | undefined

  /** @param endsEmpty  whether a last block that is full is followed by one without bytes; default: never */
  constructor(endsEmpty: (response: Uint8Array) => boolean = () => false) {
    this.#endsEmpty = endsEmpty
  }

  /** What to repeat when the host asks for it. */
  get unacknowledged(): Unacknowledged | undefined {
    return this.#unacknowledged
  }

  /** Which block of the response `next` makes, counted from 1. */
  get nextBlock(): number {
    return this.#blocksSent + 1
  }

  begin(response: Uint8Array): void {
    this.#response = response
    this.#rest = response
    this.#blocksSent = 0
  }

  /** The next block of at most `ifsd` bytes. */
  next(ifsd: number): Unacknowledged {
    const isFull = this.#rest.length === ifsd
    const inf = this.#rest.subarray(0, ifsd)
    this.#rest = this.#rest.subarray(inf.length)
    this.#blocksSent++
    const hasMore = this.#rest.length > 0 || (isFull && this.#endsEmpty(this.#response))
    this.#unacknowledged = { inf, number: this.#number, hasMore }
    return this.#unacknowledged
  }

  /** The host has the last block: the one after it has the other number. */
  acknowledge(): void {
    if (this.#unacknowledged !== undefined) this.#number ^= 1
    this.#unacknowledged = undefined
  }

  /** As after S(RESYNCH). */
  forget(): void {
    this.#number = 0
    this.#unacknowledged = undefined
  }
}
