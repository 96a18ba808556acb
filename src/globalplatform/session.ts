// A session with a security domain: opened by mutual authentication, then one command after the other. The first
// failure ends it: nobody knows then what the element has counted.

import { timingSafeEqual } from 'node:crypto'
import { statusWordOf } from '../apdu/status-word.ts'
import { hexOf, hexOfByte, hexOfSw } from '../base/hex.ts'
import { type CardChallenge, cardChallengeOf } from './challenge.ts'
import { GlobalPlatformError, refused } from './errors.ts'
import { type Answer, exchange, type Transmit, type TransmitAll } from './exchange.ts'
import { checkKeys, type Diversification, diversified, type KeyAlgorithm, type KeySet } from './keys.ts'
import {
  MAX_LC,
  type PlainAnswer,
  type PlainCommand,
  type Protection,
  type SecurityLevel,
  type Wrapped,
} from './protection.ts'
import { Scp02 } from './scp02.ts'
import { bestScp03Level, type Counting, Scp03 } from './scp03.ts'

export interface SessionOptions {
  readonly keys: KeySet
  readonly diversification: Diversification
  /** Of the key set, 1..127 or 255; 0 leaves the choice to the element. */
  readonly keyVersion: number
  /** `best` is all that the element offers. */
  readonly level: SecurityLevel | 'best'
  /** SCP02 rests on DES: it is not used unless somebody says so. */
  readonly allows: 'SCP03' | 'SCP03 and SCP02'
  readonly counting?: Counting | undefined
  /** 8 bytes, fresh in each session. */
  readonly hostChallenge: Uint8Array
  /** The longest data that the element takes, MAC and padding included; 255 when undefined. */
  readonly maxCommandBytes?: number | undefined
}

export class SecureSession {
  readonly card: CardChallenge
  /** The most data bytes of one command. */
  readonly maxDataBytes: number
  readonly #transmit: Transmit
  readonly #protection: Protection
  #failure: Error | undefined

  private constructor(
    transmit: Transmit,
    card: CardChallenge,
    protection: Protection,
    maxCommandBytes: number,
  ) {
    this.card = card
    this.maxDataBytes = protection.roomIn(maxCommandBytes)
    this.#transmit = transmit
    this.#protection = protection
  }

  /**
   * Authenticates both sides. The security domain must be selected. Whatever fails, nothing is tried a second time.
   * @throws GlobalPlatformError gp.refused, gp.unsupported, gp.request, gp.malformed; gp.wrong-keys before anything
   *   was sent that the element would count as a try; whatever `transmit` throws
   */
  static async open(transmit: Transmit, options: SessionOptions): Promise<SecureSession> {
    const card = await challengeOf(transmit, options)
    const protection = protectionOf(card, options)
    const cryptogram = protection.cardCryptogram
    if (!timingSafeEqual(cryptogram, card.cryptogram)) throw wrongKeys(card)
    const { sw } = await exchange(transmit, protection.authenticate())
    if (sw !== SW_OK)
      throw refused('EXTERNAL AUTHENTICATE', sw, ', although it has shown that it has the keys')
    return new SecureSession(transmit, card, protection, options.maxCommandBytes ?? MAX_LC)
  }

  get protocol(): Protection['protocol'] {
    return this.#protection.protocol
  }

  get level(): SecurityLevel {
    return this.#protection.level
  }

  /** 3DES in SCP02, AES in SCP03. */
  get algorithm(): KeyAlgorithm {
    return this.protocol === 'SCP02' ? '3des' : 'aes'
  }

  /** Of a key for PUT KEY: type, length, secret, without its check value. */
  keyData(key: Uint8Array): Uint8Array {
    return this.#protection.keyData(key)
  }

  /**
   * One command; commands must not overlap.
   * @returns the answer whatever its status word; after one that says that the channel is broken nothing may follow
   * @throws GlobalPlatformError gp.session-over when it was ended before; gp.request, gp.wrong-mac, gp.malformed;
   *   whatever `transmit` throws. Then it is not known whether the element carried the command out.
   */
  async send(command: PlainCommand): Promise<PlainAnswer> {
    this.#check()
    const wrapped = this.#wrapped(command)
    this.#failure = new Error('a command is under way, or was never answered')
    const { data, sw }: Answer = await exchange(this.#transmit, wrapped.apdu)
    const answer = wrapped.unwrap(data, sw)
    this.#failure = isBroken(sw) ? new Error(`the element answered ${hexOfSw(sw)}`) : undefined
    return answer
  }

  /**
   * Several commands, one after the other until one is not answered by 9000; in one go where there is a way to. After
   * such a one the session is over: its counters are ahead of those of the element.
   * @returns the answers of those that were sent
   * @throws as `send`
   */
  async sendAll(commands: readonly PlainCommand[], transmitAll?: TransmitAll): Promise<PlainAnswer[]> {
    if (transmitAll === undefined) return this.#sendEach(commands)
    this.#check()
    const wrapped = commands.map((command) => this.#wrapped(command))
    this.#failure = new Error('several commands are under way, or were refused or never answered')
    const responses = await transmitAll(wrapped.map(({ apdu }) => apdu))
    const answers = responses.map((response, n) => {
      const sw = statusWordOf(response)
      const own = wrapped[n]
      if (sw === undefined || own === undefined)
        throw new GlobalPlatformError('gp.malformed', 'answers that are none, or more than commands')
      return own.unwrap(response.subarray(0, -2), sw)
    })
    if (answers.length === commands.length && answers.at(-1)?.sw === SW_OK) this.#failure = undefined
    return answers
  }

  async #sendEach(commands: readonly PlainCommand[]): Promise<PlainAnswer[]> {
    const answers: PlainAnswer[] = []
    for (const command of commands) {
      const answer = await this.send(command)
      answers.push(answer)
      if (answer.sw !== SW_OK) break
    }
    return answers
  }

  #wrapped(command: PlainCommand): Wrapped {
    const length = command.data?.length ?? 0
    if (length > 0 && length > this.maxDataBytes)
      throw new GlobalPlatformError('gp.request', `${length} bytes of data, room for ${this.maxDataBytes}`)
    return this.#protection.wrap(command)
  }

  #check(): void {
    if (this.#failure === undefined) return
    throw new GlobalPlatformError('gp.session-over', 'the secure channel has ended', { cause: this.#failure })
  }
}

async function challengeOf(
  transmit: Transmit,
  { keyVersion, hostChallenge }: SessionOptions,
): Promise<CardChallenge> {
  const command = Uint8Array.of(0x80, 0x50, keyVersion, 0x00, hostChallenge.length, ...hostChallenge, 0x00)
  const { data, sw } = await exchange(transmit, command)
  if (sw !== SW_OK) throw refused('INITIALIZE UPDATE', sw)
  const card = cardChallengeOf(data)
  if (keyVersion !== 0 && card.keyVersion !== keyVersion) {
    const message = `asked for key version ${hexOfByte(keyVersion)}, the element uses ${hexOfByte(card.keyVersion)}`
    throw new GlobalPlatformError('gp.malformed', message)
  }
  return card
}

function protectionOf(card: CardChallenge, options: SessionOptions): Scp02 | Scp03 {
  const { hostChallenge, level, counting, allows } = options
  if (card.protocol === 'SCP02') {
    if (allows === 'SCP03')
      throw new GlobalPlatformError(
        'gp.unsupported',
        'the element speaks SCP02, which rests on DES and was not allowed',
      )
    const keys = keysFor(card, options, '3des')
    return new Scp02({ keys, hostChallenge, card, level: level === 'best' ? 0x03 : level })
  }
  const keys = keysFor(card, options, 'aes')
  const best = bestScp03Level(card.i)
  const wanted = level === 'best' ? best : level
  if ((wanted & ~best) !== 0) {
    const message = `the element offers security level ${hexOfByte(best)} at most (i=${hexOfByte(card.i)})`
    throw new GlobalPlatformError('gp.unsupported', message)
  }
  return new Scp03({ keys, hostChallenge, card, level: wanted, counting })
}

function keysFor(
  card: CardChallenge,
  { keys, diversification }: SessionOptions,
  algorithm: KeyAlgorithm,
): KeySet {
  checkKeys(keys, algorithm)
  return diversified(keys, diversification, card.diversification)
}

function wrongKeys({ protocol, keyVersion, diversification }: CardChallenge): GlobalPlatformError {
  const which = `${protocol}, key version ${hexOfByte(keyVersion)}, diversification data ${hexOf(diversification)}`
  return new GlobalPlatformError('gp.wrong-keys', `the element does not have these keys (${which})`)
}

/**
 * The element has ended the secure channel: security status, or its word for a wrong MAC. Or it wants the command again
 * with another Le (6Cxx): nobody knows whether it has counted this one.
 */
function isBroken(sw: number): boolean {
  return sw === 0x6982 || sw === 0x6983 || sw === 0x6988 || sw >> 8 === 0x6c
}

const SW_OK = 0x9000
