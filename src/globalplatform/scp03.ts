// SCP03 on the side of the host: session keys, cryptograms, and what wraps commands (Amendment D 1.1.1, S8 mode).

import { AES_BLOCK_BYTES, cmac, decryptCbc, encryptBlock, encryptCbc, NO_IV } from './aes.ts'
import { SCP03_I, type Scp03Challenge } from './challenge.ts'
import { GlobalPlatformError } from './errors.ts'
import type { KeySet } from './keys.ts'
import { padded, unpadded } from './padding.ts'
import {
  apduOf,
  CLA_PLAIN,
  CLA_SECURE,
  INS_EXTERNAL_AUTHENTICATE,
  LEVEL,
  MAC_BYTES,
  MAX_LC,
  type PlainAnswer,
  type PlainCommand,
  type Protection,
  type SecurityLevel,
  type Wrapped,
} from './protection.ts'

/** Session keys, each as long as the static ones. */
export interface Scp03SessionKeys {
  readonly enc: Uint8Array
  readonly mac: Uint8Array
  readonly rmac: Uint8Array
}

/** Which commands the encryption counter counts: `all` by the specification, `with data` in some elements. */
export type Counting = 'all' | 'with data'

export interface Scp03Options {
  readonly keys: KeySet
  readonly hostChallenge: Uint8Array
  readonly card: Scp03Challenge
  readonly level: SecurityLevel
  readonly counting?: Counting | undefined
}

/** Amendment D 6.2.1. */
export function scp03SessionKeys(keys: KeySet, context: Uint8Array): Scp03SessionKeys {
  const bits = keys.enc.length * 8
  return {
    enc: derived(keys.enc, { constant: 0x04, bits, context }),
    mac: derived(keys.mac, { constant: 0x06, bits, context }),
    rmac: derived(keys.mac, { constant: 0x07, bits, context }),
  }
}

/** The key derivation function of Amendment D 4.1.5: CMAC in counter mode. */
export function derived(
  key: Uint8Array,
  { constant, bits, context }: { constant: number; bits: number; context: Uint8Array },
): Uint8Array {
  const blocks = Array.from({ length: Math.ceil(bits / 128) }, (_, n) =>
    cmac(key, LABEL, Uint8Array.of(constant, 0, bits >> 8, bits & 0xff, n + 1), context),
  )
  return Buffer.concat(blocks).subarray(0, bits / 8)
}

/** The highest level that the element offers. */
export function bestScp03Level(i: number): SecurityLevel {
  if ((i & SCP03_I.responseMac) === 0) return 0x03
  return (i & SCP03_I.responseEncryption) === 0 ? 0x13 : 0x33
}

/** Chaining value and counter of one command. */
interface Moment {
  readonly chaining: Uint8Array
  readonly counter: number
}

export class Scp03 implements Protection {
  readonly protocol = 'SCP03'
  readonly level: SecurityLevel
  /** What the element must have answered to INITIALIZE UPDATE if it has these keys, 8 bytes. */
  readonly cardCryptogram: Uint8Array
  readonly #hostCryptogram: Uint8Array
  readonly #session: Scp03SessionKeys
  readonly #dek: Uint8Array
  readonly #counting: Counting
  /** MAC chaining value: the whole MAC of the last command. */
  #chaining: Uint8Array = NO_IV
  #counter = 0

  constructor({ keys, hostChallenge, card, level, counting = 'all' }: Scp03Options) {
    const context = Buffer.concat([hostChallenge, card.challenge])
    this.level = level
    this.#counting = counting
    this.#dek = keys.dek
    this.#session = scp03SessionKeys(keys, context)
    this.cardCryptogram = derived(this.#session.mac, { constant: 0x00, bits: 64, context })
    this.#hostCryptogram = derived(this.#session.mac, { constant: 0x01, bits: 64, context })
  }

  roomIn(lc: number): number {
    const room = lc - MAC_BYTES
    // In whole blocks, with one byte of padding at least.
    return this.#has(LEVEL.encryption) ? room - (room % AES_BLOCK_BYTES) - 1 : room
  }

  authenticate(): Uint8Array {
    const command = { ins: INS_EXTERNAL_AUTHENTICATE, p1: this.level, p2: 0 }
    // Its answer has no data: no Le.
    return this.#withMac(command, this.#hostCryptogram).subarray(0, -1)
  }

  wrap(command: PlainCommand): Wrapped {
    const { data = NOTHING } = command
    const room = this.roomIn(MAX_LC)
    if (data.length > room)
      throw new GlobalPlatformError('gp.request', `${data.length} bytes of data, room for ${room}`)
    const apdu = this.#has(LEVEL.mac)
      ? this.#withMac(command, this.#has(LEVEL.encryption) ? this.#encrypted(data) : data)
      : apduOf(CLA_PLAIN, command, data)
    // Its answer belongs to it, whatever is wrapped until that comes.
    const moment = { chaining: this.#chaining, counter: this.#counter }
    return { apdu, unwrap: (answer, sw) => this.#unwrap(answer, sw, moment) }
  }

  #unwrap(data: Uint8Array, sw: number, { chaining, counter }: Moment): PlainAnswer {
    if (!this.#has(LEVEL.responseMac)) return { data, sw }
    if (!hasMac(sw)) {
      // Errors come without data and MAC (Amendment D 6.2.5).
      if (data.length > 0)
        throw new GlobalPlatformError('gp.wrong-mac', 'an answer with data, and without a MAC')
      return { data, sw }
    }
    const secret = data.subarray(0, -MAC_BYTES)
    const expected = cmac(this.#session.rmac, chaining, secret, Uint8Array.of(sw >> 8, sw & 0xff))
    if (
      data.length < MAC_BYTES ||
      Buffer.compare(data.subarray(-MAC_BYTES), expected.subarray(0, MAC_BYTES)) !== 0
    )
      throw new GlobalPlatformError('gp.wrong-mac', 'the MAC of the answer is wrong')
    if (!this.#has(LEVEL.responseEncryption) || secret.length === 0) return { data: secret, sw }
    if (secret.length % AES_BLOCK_BYTES !== 0) throw notDecryptable()
    const clear = unpadded(decryptCbc(this.#session.enc, this.#iv(RESPONSE, counter), secret))
    if (clear === undefined) throw notDecryptable()
    return { data: clear, sw }
  }

  keyData(key: Uint8Array): Uint8Array {
    const length = Math.ceil(key.length / AES_BLOCK_BYTES) * AES_BLOCK_BYTES
    const block = new Uint8Array(length)
    block.set(key)
    return Uint8Array.of(KEY_TYPE_AES, length + 1, key.length, ...encryptCbc(this.#dek, NO_IV, block))
  }

  #encrypted(data: Uint8Array): Uint8Array {
    if (this.#counting === 'all' || data.length > 0) this.#counter++
    if (data.length === 0) return data
    return encryptCbc(this.#session.enc, this.#iv(COMMAND, this.#counter), padded(data, AES_BLOCK_BYTES))
  }

  #iv(direction: number, counter: number): Uint8Array {
    const block = new Uint8Array(AES_BLOCK_BYTES)
    new DataView(block.buffer).setUint32(AES_BLOCK_BYTES - 4, counter)
    block[0] = direction
    return encryptBlock(this.#session.enc, block)
  }

  #withMac(command: PlainCommand, data: Uint8Array): Uint8Array {
    const { ins, p1, p2 } = command
    const header = Uint8Array.of(CLA_SECURE, ins, p1, p2, data.length + MAC_BYTES)
    this.#chaining = cmac(this.#session.mac, this.#chaining, header, data)
    return apduOf(CLA_SECURE, command, Buffer.concat([data, this.#chaining.subarray(0, MAC_BYTES)]))
  }

  #has(bit: number): boolean {
    return (this.level & bit) !== 0
  }
}

/** 9000 and warnings. */
function hasMac(sw: number): boolean {
  return sw === 0x9000 || sw >> 8 === 0x62 || sw >> 8 === 0x63
}

function notDecryptable(): GlobalPlatformError {
  return new GlobalPlatformError('gp.malformed', 'the answer has the right MAC, but is not padded')
}

/** Eleven zeroes before the constant. */
const LABEL = new Uint8Array(11)
const COMMAND = 0x00
const RESPONSE = 0x80
const KEY_TYPE_AES = 0x88
const NOTHING = new Uint8Array(0)
