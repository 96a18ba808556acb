// SCP02 on the card, i = 15 and 55 (GlobalPlatform Card Specification 2.3.1, appendix E); no R-MAC.

import type { Answer } from '../answer.ts'
import type { Command } from '../command.ts'
import { type CardChannel, type Handshake, isEqual, MAC_LENGTH, SECURED } from './channel.ts'
import type { CardKeySet } from './key-ring.ts'
import { des1, des3, retailMac3, withoutPadding, withPadding, ZERO_BLOCK } from './mac.ts'

export interface Scp02Setting {
  readonly keys: CardKeySet
  readonly i: number
  readonly kdd: Uint8Array
  readonly aid: Uint8Array
  readonly hostChallenge: Uint8Array
  /** 6 bytes for a card whose challenges are not computed. */
  readonly random: () => Uint8Array
}

export function startScp02({ keys, i, kdd, aid, hostChallenge, random }: Scp02Setting): Handshake {
  const counter = Uint8Array.of(keys.counter >> 8, keys.counter)
  const derived = (key: Uint8Array, low: number): Uint8Array =>
    des3('cbc', 'encrypt', key, Uint8Array.of(0x01, low, ...counter, ...new Uint8Array(12)))
  const session: Session = {
    enc: derived(keys.enc, 0x82),
    mac: derived(keys.mac, 0x01),
    dek: derived(keys.dek, 0x81),
  }
  const challenge = (i & 0x40) !== 0 ? retailMac3(session.mac, ZERO_BLOCK, aid).subarray(0, 6) : random()
  const own = Buffer.concat([counter, challenge])
  const cryptogram = cryptogramOf(session, hostChallenge, own)
  return {
    answer: Uint8Array.of(...kdd, keys.version, 0x02, ...own, ...cryptogram),
    offers: (level) => level === 0x00 || level === 0x01 || level === 0x03,
    authenticate(command) {
      const channel = new Scp02Channel(session, command.p1)
      const data = command.data.subarray(0, -MAC_LENGTH)
      const isProven =
        channel.isMacOf(command, data) && isEqual(data, cryptogramOf(session, own, hostChallenge))
      return isProven ? channel : undefined
    },
  }
}

interface Session {
  readonly enc: Uint8Array
  readonly mac: Uint8Array
  readonly dek: Uint8Array
}

class Scp02Channel implements CardChannel {
  readonly level: number
  readonly #session: Session
  #icv: Uint8Array = ZERO_BLOCK

  constructor(session: Session, level: number) {
    this.#session = session
    this.level = level
  }

  /** Checks the MAC at the end of the command: it is over `clear`, as if that had been sent. */
  isMacOf({ ins, p1, p2, data }: Command, clear: Uint8Array): boolean {
    const message = Uint8Array.of(SECURED, ins, p1, p2, clear.length + MAC_LENGTH, ...clear)
    const mac = retailMac3(this.#session.mac, this.#icv, message)
    if (data.length < MAC_LENGTH || !isEqual(mac, data.subarray(-MAC_LENGTH))) return false
    this.#icv = des1(this.#session.mac.subarray(0, 8), mac)
    return true
  }

  open(command: Command): Uint8Array | undefined {
    const clear = this.#decrypted(command.data.subarray(0, -MAC_LENGTH))
    return clear !== undefined && this.isMacOf(command, clear) ? clear : undefined
  }

  close(answer: Answer): Answer {
    return answer
  }

  openKey(secret: Uint8Array): Uint8Array | undefined {
    return secret.length === 16 ? des3('ecb', 'decrypt', this.#session.dek, secret) : undefined
  }

  #decrypted(content: Uint8Array): Uint8Array | undefined {
    if ((this.level & 0x02) === 0 || content.length === 0) return content
    if (content.length % 8 !== 0) return undefined
    return withoutPadding(des3('cbc', 'decrypt', this.#session.enc, content))
  }
}

function cryptogramOf({ enc }: Session, first: Uint8Array, second: Uint8Array): Uint8Array {
  const message = withPadding(Buffer.concat([first, second]), 8)
  return des3('cbc', 'encrypt', enc, message).subarray(-8)
}
