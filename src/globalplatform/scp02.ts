// SCP02 on the side of the host, i = 15 and 55: session keys, cryptograms, and what wraps commands
// (GlobalPlatform Card Specification 2.3.1, appendix E). Without R-MAC: no two implementations agree on it.

import type { Scp02Challenge } from './challenge.ts'
import {
  DES_BLOCK_BYTES,
  encryptBlock1,
  encryptCbc3,
  encryptEcb3,
  fullMac,
  NO_DES_IV,
  retailMac,
} from './des.ts'
import { GlobalPlatformError } from './errors.ts'
import type { KeySet } from './keys.ts'
import { padded } from './padding.ts'
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

/** Session keys, 16 bytes each. */
export interface Scp02SessionKeys {
  readonly enc: Uint8Array
  readonly mac: Uint8Array
  readonly dek: Uint8Array
}

export interface Scp02Options {
  readonly keys: KeySet
  readonly hostChallenge: Uint8Array
  readonly card: Scp02Challenge
  readonly level: SecurityLevel
}

/** E.4.1. @param counter  2 bytes */
export function scp02SessionKeys({ enc, mac, dek }: KeySet, counter: Uint8Array): Scp02SessionKeys {
  const derived = (key: Uint8Array, constant: number): Uint8Array =>
    encryptCbc3(key, NO_DES_IV, Uint8Array.of(0x01, constant, ...counter, ...new Uint8Array(12)))
  return { enc: derived(enc, 0x82), mac: derived(mac, 0x01), dek: derived(dek, 0x81) }
}

export class Scp02 implements Protection {
  readonly protocol = 'SCP02'
  readonly level: SecurityLevel
  /** What the element must have answered to INITIALIZE UPDATE if it has these keys, 8 bytes. */
  readonly cardCryptogram: Uint8Array
  readonly #hostCryptogram: Uint8Array
  readonly #session: Scp02SessionKeys
  /** The MAC of the last command; its encryption starts the next one. */
  #lastMac: Uint8Array | undefined

  constructor({ keys, hostChallenge, card, level }: Scp02Options) {
    if ((level & (LEVEL.responseMac | LEVEL.responseEncryption)) !== 0)
      throw new GlobalPlatformError('gp.unsupported', 'SCP02 has the levels 00, 01 and 03 here')
    this.level = level
    this.#session = scp02SessionKeys(keys, card.counter)
    const own = Buffer.concat([card.counter, card.challenge])
    this.cardCryptogram = fullMac(this.#session.enc, Buffer.concat([hostChallenge, own]))
    this.#hostCryptogram = fullMac(this.#session.enc, Buffer.concat([own, hostChallenge]))
  }

  roomIn(lc: number): number {
    const room = lc - MAC_BYTES
    // In whole blocks, with one byte of padding at least.
    return this.#has(LEVEL.encryption) ? room - (room % DES_BLOCK_BYTES) - 1 : room
  }

  authenticate(): Uint8Array {
    const command = { ins: INS_EXTERNAL_AUTHENTICATE, p1: this.level, p2: 0 }
    const mac = this.#macOf(command, this.#hostCryptogram)
    // Its answer has no data: no Le.
    return apduOf(CLA_SECURE, command, Buffer.concat([this.#hostCryptogram, mac])).subarray(0, -1)
  }

  wrap(command: PlainCommand): Wrapped {
    const { data = NOTHING } = command
    const room = this.roomIn(MAX_LC)
    if (data.length > room)
      throw new GlobalPlatformError('gp.request', `${data.length} bytes of data, room for ${room}`)
    const unwrap = (answer: Uint8Array, sw: number): PlainAnswer => ({ data: answer, sw })
    if (!this.#has(LEVEL.mac)) return { apdu: apduOf(CLA_PLAIN, command, data), unwrap }
    // The MAC is that of the clear data, with the length they would have; then they are encrypted.
    const mac = this.#macOf(command, data)
    const sent = this.#has(LEVEL.encryption) && data.length > 0 ? this.#encrypted(data) : data
    return { apdu: apduOf(CLA_SECURE, command, Buffer.concat([sent, mac])), unwrap }
  }

  keyData(key: Uint8Array): Uint8Array {
    return Uint8Array.of(KEY_TYPE_3DES, key.length, ...encryptEcb3(this.#session.dek, key))
  }

  #encrypted(data: Uint8Array): Uint8Array {
    return encryptCbc3(this.#session.enc, NO_DES_IV, padded(data, DES_BLOCK_BYTES))
  }

  #macOf({ ins, p1, p2 }: PlainCommand, data: Uint8Array): Uint8Array {
    const key = this.#session.mac
    const icv = this.#lastMac === undefined ? NO_DES_IV : encryptBlock1(key.subarray(0, 8), this.#lastMac)
    const header = Uint8Array.of(CLA_SECURE, ins, p1, p2, data.length + MAC_BYTES)
    this.#lastMac = retailMac(key, icv, Buffer.concat([header, data]))
    return this.#lastMac
  }

  #has(bit: number): boolean {
    return (this.level & bit) !== 0
  }
}

const KEY_TYPE_3DES = 0x80
const NOTHING = new Uint8Array(0)
