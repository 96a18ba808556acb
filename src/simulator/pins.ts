// User and administrator PIN with their try counters.

import { type Answer, ok, SW, status } from './answer.ts'
import type { Command } from './command.ts'

/** One PIN: compares, counts wrong tries, remembers a right one until reset. */
class Pin {
  readonly #limit: number
  #value: Uint8Array
  #triesLeft: number
  isValidated = false

  constructor(value: Uint8Array, limit: number) {
    this.#value = padded(value)
    this.#limit = limit
    this.#triesLeft = limit
  }

  /** Whether `candidate` is right. A wrong one costs a try, and no candidate is right once none is left. */
  check(candidate: Uint8Array): boolean {
    this.isValidated = this.#triesLeft > 0 && Buffer.compare(padded(candidate), this.#value) === 0
    if (this.isValidated) this.#triesLeft = this.#limit
    else if (this.#triesLeft > 0) this.#triesLeft -= 1
    return this.isValidated
  }

  /** A new value, not validated yet, with all its tries. */
  change(value: Uint8Array): void {
    this.#value = padded(value)
    this.isValidated = false
    this.unblock()
  }

  unblock(): void {
    this.#triesLeft = this.#limit
  }

  /** 63 0x: x tries left. */
  get refusal(): Answer {
    return status(SW.PIN_WRONG | this.#triesLeft)
  }
}

/** Both PINs of a card and the commands on them. Values and counters survive a reset, validation does not. */
export class Pins {
  readonly #user = new Pin(DEFAULT_USER_PIN, USER_TRIES)
  readonly #admin = new Pin(DEFAULT_ADMIN_PIN, ADMIN_TRIES)

  get isUserOrAdmin(): boolean {
    return this.#user.isValidated || this.#admin.isValidated
  }

  get isAdmin(): boolean {
    return this.#admin.isValidated
  }

  /** What select and reset do. */
  dropValidation(): void {
    this.#user.isValidated = false
    this.#admin.isValidated = false
  }

  /** `00 20 00 P2 Lc pin` */
  verify({ p2, data }: Command): Answer {
    if (p2 === P2_USER) {
      if (data.length > PIN_BYTES) return status(SW.WRONG_LENGTH)
      return this.#user.check(data) ? ok() : this.#user.refusal
    }
    if (p2 !== P2_ADMIN && p2 !== P2_ADMIN_RESETS_USER) return status(SW.WRONG_P2)
    if (data.length !== PIN_BYTES) return status(SW.WRONG_LENGTH)
    if (!this.#admin.check(data)) return this.#admin.refusal
    if (p2 === P2_ADMIN_RESETS_USER) this.#user.change(DEFAULT_USER_PIN)
    else this.#user.unblock()
    return ok()
  }

  /** `00 24 00 P2 10 old new` */
  change({ p2, data }: Command): Answer {
    const pin = p2 === P2_USER ? this.#user : p2 === P2_ADMIN ? this.#admin : undefined
    if (pin === undefined) return status(SW.WRONG_P2)
    if (data.length !== 2 * PIN_BYTES) return status(SW.WRONG_LENGTH)
    if (!pin.check(data.subarray(0, PIN_BYTES))) return pin.refusal
    pin.change(data.subarray(PIN_BYTES))
    return ok()
  }
}

function padded(pin: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(PIN_BYTES).fill(PIN_PADDING)
  bytes.set(pin)
  return bytes
}

const PIN_BYTES = 8
const PIN_PADDING = 0xff
const USER_TRIES = 3
const ADMIN_TRIES = 10
const P2_USER = 0x00
const P2_ADMIN = 0x01
const P2_ADMIN_RESETS_USER = 0xff
const DEFAULT_USER_PIN = Buffer.from('0000', 'latin1')
const DEFAULT_ADMIN_PIN = Buffer.from('00000000', 'latin1')
