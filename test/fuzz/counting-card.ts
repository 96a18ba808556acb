// A card with several applications, files, PINs and keys, which counts the wrong tries of each. One application is the
// attacker's own and answers at random. SELECT is as lenient as it may be, and answers get lost.

import { hexOf } from '../../src/base/hex.ts'
import type { Random } from '../support/random.ts'

interface Channel {
  application: string
  file: number
  /** The key that MANAGE SECURITY ENVIRONMENT has chosen. */
  reference: number
  /** The key of an INITIALIZE UPDATE. */
  begun: string | undefined
}

export class CountingCard {
  static readonly applications: readonly string[] = [
    '010203040500',
    '010203040600',
    'A0000000030000',
    'A000000004',
  ]
  /** The one byte that is every key and PIN. */
  static readonly right = 0x30
  /** Wrong tries in a row, by application, file and secret. */
  readonly failures = new Map<string, number>()
  readonly #random: Random
  readonly #channels = new Map<number, Channel>()
  readonly #takesProprietarySelect: boolean
  readonly #answersLater: boolean

  constructor(random: Random) {
    this.#random = random
    this.#takesProprietarySelect = random.oneIn(2)
    this.#answersLater = random.oneIn(2)
    this.reset()
  }

  reset(): void {
    this.#channels.clear()
    this.#channels.set(0, this.#fresh(this.#random.pick(CountingCard.applications)))
  }

  /** Data and status word; undefined when the answer gets lost, though the card has done what it was told. */
  transmit(command: Uint8Array): Uint8Array | undefined {
    const answer = this.#answerTo(command)
    return this.#random.oneIn(40) ? undefined : answer
  }

  #answerTo([cla = 0, ins = 0, p1 = 0, p2 = 0, , ...data]: Uint8Array): Uint8Array {
    const channel = this.#channels.get(cla & 3)
    const isSelect = cla < 0x80 || this.#takesProprietarySelect
    if (ins === 0xa4 && p1 === 4 && isSelect) return this.#select(cla & 3, p2, Uint8Array.from(data))
    if (ins === 0x70 && cla < 0x80) return this.#manageChannel(p1, p2 || cla & 3)
    if (channel === undefined) return sw(0x6881)
    if (channel.application === HOSTILE) return sw(this.#random.pick(HOSTILE_ANSWERS))
    if ((cla & 0x10) !== 0) return sw(0x9000)
    const isRight = data[0] === CountingCard.right
    const place = `${channel.application}/${channel.file}`
    switch (ins) {
      case 0xa4:
        if (data[0] === 3) return sw(0x6a82)
        channel.file = data[0] ?? 0
        return sw(0x9000)
      case 0x22:
        channel.reference = data[0] ?? 0
        return sw(0x9000)
      case 0x50:
        return this.#initializeUpdate(channel, p1 || 1)
      case 0x82:
        return this.#externalAuthenticate(channel, isRight)
      default:
        return this.#tried(`${place} ${ins === 0x2c ? 'code of a pin' : 'pin'} ${p2}`, isRight)
    }
  }

  #select(number: number, p2: number, name: Uint8Array): Uint8Array {
    const matches = CountingCard.applications.filter((aid) => aid.startsWith(hexOf(name)))
    const found = p2 === 2 ? this.#random.pick(CountingCard.applications) : matches[0]
    if (found === undefined) return sw(0x6a82)
    const failsAt = this.#random.int(8)
    if (failsAt === 0) return sw(0x6999)
    const isThere = this.#channels.has(number)
    this.#channels.set(number, this.#fresh(found))
    return sw(failsAt === 1 && isThere ? 0x6a82 : this.#random.pick([0x9000, 0x9000, 0x6110, 0x6283]))
  }

  #manageChannel(p1: number, number: number): Uint8Array {
    if (p1 !== 0) this.#channels.delete(number)
    if (p1 !== 0x80 && !this.#channels.has(number)) {
      this.#channels.set(number, this.#fresh(this.#random.pick(CountingCard.applications)))
    }
    return sw(0x9000)
  }

  /** Counts at once, as some cards do. */
  #initializeUpdate(channel: Channel, version: number): Uint8Array {
    const key = `${channel.application} key ${version}`
    channel.begun = key
    this.failures.set(key, (this.failures.get(key) ?? 0) + 1)
    if (this.#answersLater) return sw(0x611c)
    const answer = new Uint8Array(30)
    answer[10] = version
    answer.set(sw(0x9000), 28)
    return answer
  }

  #externalAuthenticate(channel: Channel, isRight: boolean): Uint8Array {
    const key = channel.begun
    channel.begun = undefined
    if (key === undefined)
      return this.#tried(`${channel.application} reference ${channel.reference}`, isRight)
    if (isRight) this.failures.delete(key)
    return sw(isRight ? 0x9000 : 0x6300)
  }

  #tried(secret: string, isRight: boolean): Uint8Array {
    if (isRight) this.failures.delete(secret)
    else this.failures.set(secret, (this.failures.get(secret) ?? 0) + 1)
    return sw(isRight ? 0x9000 : 0x63c0)
  }

  #fresh(application: string): Channel {
    return { application, file: 0, reference: 0, begun: undefined }
  }
}

function sw(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff)
}

const HOSTILE = 'A000000004'
const HOSTILE_ANSWERS = [0x9000, 0x9000, 0x9000, 0x9000, 0x6110, 0x9000, 0x6300, 0x6700, 0x6a86]
