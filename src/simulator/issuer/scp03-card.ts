// SCP03 on the card (GlobalPlatform Amendment D 1.1.1): S8 mode, AES with keys of any length.

import type { Answer } from '../answer.ts'
import type { Command } from '../command.ts'
import { type CardChannel, type Handshake, isEqual, MAC_LENGTH, SECURED } from './channel.ts'
import type { CardKeySet } from './key-ring.ts'
import { aesCbc, aesMac, withoutPadding, withPadding } from './mac.ts'

export interface Scp03Setting {
  readonly keys: CardKeySet
  readonly i: number
  /** 10 bytes. */
  readonly kdd: Uint8Array
  /** AID of the domain. */
  readonly aid: Uint8Array
  readonly hostChallenge: Uint8Array
  /** 8 bytes for a card whose challenges are not computed. */
  readonly random: () => Uint8Array
  /** A fault of some cards: commands without data are not counted. */
  readonly counts: 'all' | 'with data'
}

export function startScp03(setting: Scp03Setting): Handshake {
  const { keys, i, kdd, aid, hostChallenge, counts } = setting
  const isPseudoRandom = (i & 0x10) !== 0
  const counter = Uint8Array.of(keys.counter >> 16, keys.counter >> 8, keys.counter)
  const challenge = isPseudoRandom ? kdf(keys.enc, 0x02, 8, Buffer.concat([counter, aid])) : setting.random()
  const context = Buffer.concat([hostChallenge, challenge])
  const length = keys.enc.length
  const session: Session = {
    enc: kdf(keys.enc, 0x04, length, context),
    mac: kdf(keys.mac, 0x06, length, context),
    rmac: kdf(keys.mac, 0x07, length, context),
    dek: keys.dek,
    counts,
  }
  const cryptogram = kdf(session.mac, 0x00, 8, context)
  const tail = isPseudoRandom ? counter : []
  return {
    answer: Uint8Array.of(...kdd, keys.version, 0x03, i, ...challenge, ...cryptogram, ...tail),
    offers: (level) => levelsOf(i).includes(level),
    authenticate(command) {
      const channel = new Scp03Channel(session, command.p1)
      const data = channel.checked(command)
      return data !== undefined && isEqual(data, kdf(session.mac, 0x01, 8, context)) ? channel : undefined
    },
  }
}

interface Session {
  readonly enc: Uint8Array
  readonly mac: Uint8Array
  readonly rmac: Uint8Array
  readonly dek: Uint8Array
  readonly counts: 'all' | 'with data'
}

class Scp03Channel implements CardChannel {
  readonly level: number
  readonly #session: Session
  #chain: Uint8Array = new Uint8Array(16)
  #counter = 0

  constructor(session: Session, level: number) {
    this.#session = session
    this.level = level
  }

  /** The data before the MAC, if that is right. */
  checked({ ins, p1, p2, data }: Command): Uint8Array | undefined {
    if (data.length < MAC_LENGTH) return undefined
    const [content, mac] = [data.subarray(0, -MAC_LENGTH), data.subarray(-MAC_LENGTH)]
    const header = Uint8Array.of(SECURED, ins, p1, p2, data.length)
    const whole = aesMac(this.#session.mac, this.#chain, header, content)
    if (!isEqual(whole.subarray(0, MAC_LENGTH), mac)) return undefined
    this.#chain = whole
    return content
  }

  open(command: Command): Uint8Array | undefined {
    const content = this.checked(command)
    if (content === undefined || (this.level & 0x02) === 0) return content
    if (content.length > 0 || this.#session.counts === 'all') this.#counter++
    if (content.length === 0) return content
    if (content.length % 16 !== 0) return undefined
    return withoutPadding(aesCbc('decrypt', this.#session.enc, this.#iv('command'), content))
  }

  close(answer: Answer): Answer {
    const { sw } = answer
    const isMacced = sw === 0x9000 || sw >> 8 === 0x62 || sw >> 8 === 0x63
    if ((this.level & 0x10) === 0) return answer
    // An error is its status word alone.
    if (!isMacced) return { ...answer, data: new Uint8Array(0) }
    const data = this.#encrypted(answer.data)
    const mac = aesMac(this.#session.rmac, this.#chain, data, Uint8Array.of(sw >> 8, sw))
    return { ...answer, data: Buffer.concat([data, mac.subarray(0, MAC_LENGTH)]) }
  }

  openKey(secret: Uint8Array): Uint8Array | undefined {
    if (secret.length === 0 || secret.length % 16 !== 0) return undefined
    return aesCbc('decrypt', this.#session.dek, new Uint8Array(16), secret)
  }

  #encrypted(data: Uint8Array): Uint8Array {
    if ((this.level & 0x20) === 0 || data.length === 0) return data
    return aesCbc('encrypt', this.#session.enc, this.#iv('response'), withPadding(data, 16))
  }

  #iv(way: 'command' | 'response'): Uint8Array {
    const count = Uint8Array.of(this.#counter >> 24, this.#counter >> 16, this.#counter >> 8, this.#counter)
    const block = Uint8Array.of(way === 'response' ? 0x80 : 0, ...new Uint8Array(11), ...count)
    return aesCbc('encrypt', this.#session.enc, new Uint8Array(16), block)
  }
}

/** Bytes derived from `key`: CMAC over label, separator, length in bits, number of the block, context. */
function kdf(key: Uint8Array, constant: number, length: number, context: Uint8Array): Uint8Array {
  const bits = length * 8
  const block = (n: number): Uint8Array =>
    aesMac(key, Uint8Array.of(...new Uint8Array(11), constant, 0x00, bits >> 8, bits, n), context)
  return (length > 16 ? Buffer.concat([block(1), block(2)]) : block(1)).subarray(0, length)
}

function levelsOf(i: number): readonly number[] {
  const withMac = [0x00, 0x01, 0x03]
  if ((i & 0x20) === 0) return withMac
  return (i & 0x40) === 0 ? [...withMac, 0x11, 0x13] : [...withMac, 0x11, 0x13, 0x33]
}
