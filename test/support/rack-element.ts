// An element of the rack: it answers with whatever was sent to it, fails as the dice fall, and knows what must never
// happen to it.

import { APDU_SCRATCH_BYTES, type ResetKind, type SecureElement } from '../../src/drivers/driver.ts'
import { ElementError, LinkError } from '../../src/drivers/errors.ts'
import type { ManualClock } from './manual-clock.ts'
import type { Random } from './random.ts'
import { atrNamed } from './scripted-element.ts'

export interface Referee {
  /** Something that must never happen. */
  readonly broken: (rule: string) => void
  /** Whether `client` has the lease on the element's slot. */
  readonly isHolder: (client: number) => boolean
  /** How ill elements are: 0 for well. */
  readonly illness: number
}

export class RackElement implements SecureElement {
  readonly name: string
  readonly scratch = new Uint8Array(APDU_SCRATCH_BYTES)
  /** What its ATR says; another one makes it another card. */
  sen: string
  /** Instants of its resets, of the last minute. */
  readonly resets: number[] = []
  readonly #random: Random
  readonly #clock: ManualClock
  readonly #referee: Referee
  #isBusy = false
  /** What it did not answer may still go on in it: only loss of power ends that. */
  #needsCold = true
  /** Whose command was the last since it was reset. */
  #user: number | undefined

  constructor(name: string, [random, clock]: readonly [Random, ManualClock], referee: Referee) {
    this.name = name
    this.sen = `${name}.com`
    this.#random = random
    this.#clock = clock
    this.#referee = referee
  }

  reset(kind: ResetKind, deadline: number): Promise<Uint8Array> {
    if (kind === 'warm' && this.#needsCold) this.#referee.broken(`${this.name}: a warm reset after a failure`)
    const now = this.#clock.now()
    while ((this.resets[0] ?? now) <= now - 60_000) this.resets.shift()
    this.resets.push(now)
    return this.#alone(deadline, 10, () => {
      this.#needsCold = false
      this.#user = undefined
      return atrNamed(this.sen)
    })
  }

  transmit(command: Uint8Array, response: Uint8Array, deadline: number): Promise<number> {
    const client = new DataView(command.buffer, command.byteOffset).getUint32(0)
    const { broken } = this.#referee
    if (!this.#referee.isHolder(client)) broken(`${this.name}: a command of ${client}, who does not hold it`)
    if (this.#needsCold) broken(`${this.name}: a command after a failure`)
    if ((this.#user ?? client) !== client)
      broken(`${this.name}: not reset between ${this.#user} and ${client}`)
    this.#user = client
    const sent = command.slice()
    return this.#alone(deadline, 12, () => {
      response.set(sent)
      return sent.length
    })
  }

  check(deadline: number): Promise<void> {
    if (this.#needsCold) this.#referee.broken(`${this.name}: looked at after a failure`)
    return this.#alone(deadline, 10, () => undefined)
  }

  powerOff(): Promise<void> {
    return Promise.resolve()
  }

  /** One of `odds` fails, and one of ten of those hangs until its deadline. */
  async #alone<Result>(deadline: number, odds: number, answer: () => Result): Promise<Result> {
    const { broken, illness } = this.#referee
    if (this.#isBusy) broken(`${this.name}: two calls at once`)
    this.#isBusy = true
    const isIll = illness > 0 && this.#random.oneIn(Math.ceil(odds / illness))
    const hangs = isIll && deadline !== Infinity && this.#random.oneIn(10)
    const until = hangs ? deadline : this.#clock.now() + this.#random.int(20)
    await new Promise<void>((resolve) => this.#clock.at(until, resolve))
    this.#isBusy = false
    if (!isIll) return answer()
    this.#needsCold = true
    if (hangs) throw new LinkError('link.timeout', 'no answer in time')
    throw this.#random.oneIn(5)
      ? new LinkError('link.stuck', 'busy')
      : new ElementError('element.mute', 'no answer')
  }
}
