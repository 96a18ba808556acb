// A secure element in software: the runtime around the applet. Synchronous, and pure but for randomness; time is
// the business of whoever drives it.

import { bytesOfHex } from '../base/hex.ts'
import { type Answer, SW, status } from './answer.ts'
import { Applet } from './applet.ts'
import type { Application, CardApplication } from './application.ts'
import { atrOf, type CardProtocol } from './atr.ts'
import { INS_SELECT, ISSUER_DOMAIN_AID, isNameOf, P1_BY_NAME, runIssuerDomain } from './blank.ts'
import { type Command, commandOf } from './command.ts'
import { IdentityModule } from './identity-module.ts'
import type { LatencyStep } from './latency.ts'
import { type RandomSource, systemRandom } from './random.ts'
import { T0Answers } from './t0.ts'

export interface CardOptions {
  readonly applet: CardApplication
  readonly protocol: CardProtocol
  /** Server name, 1 to 15 bytes of ASCII; `key1.com` or `ethertrust` when absent. TLS-IM has none. */
  readonly sen?: string | undefined
  /** 32 bytes; when absent 01 02 ... 20, and none in TLS-IM. */
  readonly psk?: Uint8Array | undefined
  readonly random?: RandomSource | undefined
  /** Told of an exception inside a command, which the card answers with 6F00. */
  readonly onException?: ((error: unknown) => void) | undefined
}

/** Response APDU, owned by the caller, and the kind of work behind it. */
export interface CardAnswer {
  readonly response: Uint8Array
  readonly step: LatencyStep
}

/** A card in a reader. What is in its EEPROM lives as long as the object; reset clears the rest. */
export class Card {
  readonly #options: CardOptions
  readonly #applet: Application | undefined
  readonly #t0: T0Answers | undefined
  #selected: 'applet' | 'issuer domain'
  /** What the ATR shows: set at select, hence one reset late. */
  #historicalBytes: Uint8Array = new Uint8Array(0)

  constructor(options: CardOptions) {
    this.#options = options
    this.#t0 = options.protocol === 't0' ? new T0Answers((command) => this.#run(command)) : undefined
    this.#applet = installed(options)
    this.#selected = this.#applet === undefined ? 'issuer domain' : 'applet'
  }

  /** Power-on or reset; the two differ in nothing a card's user can see. Returns the ATR, owned by the caller. */
  reset(): Uint8Array {
    const atr = atrOf(this.#options.protocol, this.#historicalBytes)
    this.#t0?.reset()
    if (this.#applet === undefined) this.#selected = 'issuer domain'
    else this.#select(this.#applet)
    return atr
  }

  /** Answers any bytes at all with 2 to 258 bytes. */
  process(apdu: Uint8Array): CardAnswer {
    const { data, sw, step = 'other' } = this.#answerTo(apdu)
    const response = new Uint8Array(data.length + 2)
    response.set(data)
    response[data.length] = sw >> 8
    response[data.length + 1] = sw & 0xff
    return { response, step }
  }

  #answerTo(apdu: Uint8Array): Answer {
    try {
      const command = commandOf(apdu)
      if (command === undefined) return status(SW.WRONG_LENGTH)
      return this.#t0 === undefined ? this.#run(command) : this.#t0.answerTo(command)
    } catch (error) {
      // ISO 7816-4 "no precise diagnosis": what a Java Card runtime makes of any uncaught exception.
      this.#options.onException?.(error)
      return status(SW.EXCEPTION)
    }
  }

  #run(command: Command): Answer {
    const applet = this.#applet
    if (applet === undefined) return runIssuerDomain(command)
    if (command.ins === INS_SELECT && command.p1 === P1_BY_NAME) {
      const { data } = command
      // No name at all means the default selected application, and that is the applet.
      if (data.length === 0 || isNameOf(APPLET_AID, data)) {
        this.#select(applet)
        return status(SW.OK)
      }
      if (isNameOf(ISSUER_DOMAIN_AID, data)) this.#selected = 'issuer domain'
    }
    return this.#selected === 'applet' ? applet.run(command) : runIssuerDomain(command)
  }

  #select(applet: Application): void {
    this.#selected = 'applet'
    applet.select()
    this.#historicalBytes = applet.name ?? this.#historicalBytes
  }
}

function installed({ applet: kind, sen, psk, random = systemRandom }: CardOptions): Application | undefined {
  if (kind === 'none') return undefined
  if (kind === 'tls-im') return new IdentityModule({ psk, random })
  const name = Buffer.from(sen ?? DEFAULT_NAMES[kind], 'latin1').subarray(0, MAX_NAME_BYTES)
  return new Applet({ kind, name, psk: psk ?? DEFAULT_PSK, random })
}

const APPLET_AID = Uint8Array.of(1, 2, 3, 4, 5, 0)
const MAX_NAME_BYTES = 15
const DEFAULT_NAMES = { keystore: 'key1.com', echo: 'ethertrust' } as const
const DEFAULT_PSK =
  bytesOfHex('0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F20') ?? new Uint8Array(0)
