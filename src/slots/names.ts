// What the element of a slot is called: by its ATR, by the configuration, by who bound it to a name.

import { parseAtr, senOf } from '../apdu/atr.ts'
import { bytesOfHex, hexOf } from '../base/hex.ts'
import type { Arrival } from '../drivers/driver.ts'
import type { Binding } from './binding.ts'
import { type Sen, senOfBytes } from './identity.ts'

export class Names {
  binding: Binding | undefined
  #arrival: Arrival | undefined
  #atr: Uint8Array | undefined
  /** The name in the historical bytes of that ATR. */
  #ownSen: Sen | undefined

  /** An element has come, nameless until it shows an ATR; undefined: it has gone. */
  set arrival(arrival: Arrival | undefined) {
    this.#arrival = arrival
    this.#atr = undefined
    this.#ownSen = undefined
  }

  /** @throws ApduError atr.malformed; nothing has changed then */
  learn(atr: Uint8Array): void {
    this.#ownSen = senOfBytes(senOf(parseAtr(atr)))
    this.#atr = atr
  }

  /** The last ATR, in hex. */
  get atr(): string | undefined {
    return this.#atr && hexOf(this.#atr)
  }

  /** The name bound to it, else the configured one, else that of its last ATR. */
  get sen(): Sen | undefined {
    if (this.#arrival === undefined) return undefined
    return this.binding === undefined ? this.nativeSen : (this.binding.sen ?? undefined)
  }

  /** The name it has without a binding. */
  get nativeSen(): Sen | undefined {
    return this.#arrival && (configuredNameOf(this.#arrival) ?? this.#ownSen)
  }

  /** False when it was taken off the service plane, by the name null or an AID of one byte. */
  get isRouted(): boolean {
    if (this.binding === undefined) return true
    const { sen, aid } = this.binding
    return sen !== null && (aid === undefined || aid.length > 2)
  }

  /** AID to select before a TLS-SE session; the default-selected application when undefined. */
  get aid(): Uint8Array | undefined {
    if (this.binding === undefined) return this.#arrival?.aid
    return this.binding.aid === undefined ? undefined : bytesOfHex(this.binding.aid)
  }
}

function configuredNameOf({ sen }: Arrival): Sen | undefined {
  return sen === undefined ? undefined : senOfBytes(Buffer.from(sen, 'latin1'))
}
