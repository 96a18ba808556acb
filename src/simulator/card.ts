// A secure element in software: the runtime around the applet. Synchronous, and pure but for randomness; time is
// the business of whoever drives it.

import { bytesOfHex } from '../base/hex.ts'
import { type Answer, ok, SW, status } from './answer.ts'
import { Applet } from './applet.ts'
import { type Application, type CardApplication, INERT, INS_SELECT } from './application.ts'
import { atrOf, type CardProtocol } from './atr.ts'
import { type Command, commandOf } from './command.ts'
import { IdentityModule } from './identity-module.ts'
import { type DomainOptions, IssuerDomain } from './issuer/domain.ts'
import { type CardInstance, DEFAULT_SELECTED, isSame, Registry } from './issuer/registry.ts'
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
  /** The issuer domain; SCP03 with the published test keys when absent. */
  readonly issuer?: DomainOptions | undefined
  /** For packages and applications; 80 KiB when absent. */
  readonly memoryBytes?: number | undefined
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
  readonly #registry: Registry
  readonly #domain: IssuerDomain
  readonly #t0: T0Answers | undefined
  /** Undefined: the issuer domain. */
  #selected: CardInstance | undefined
  /** What the ATR shows, and whose name it is: set at select, hence one reset late. */
  #shown: { readonly of: CardInstance; readonly name: Uint8Array } | undefined

  constructor(options: CardOptions) {
    const { protocol, issuer = { scp: 'scp03' }, memoryBytes = DEFAULT_MEMORY_BYTES } = options
    this.#options = options
    this.#t0 = protocol === 't0' ? new T0Answers((command) => this.#run(command)) : undefined
    this.#registry = new Registry(memoryBytes)
    const random = options.random ?? systemRandom
    const instantiate = (module: Uint8Array, parameters: Uint8Array): Application | undefined =>
      applicationOf(module, parameters, options)
    this.#domain = new IssuerDomain(issuer, this.#registry, { random, instantiate })
    const application = preinstalled(options)
    if (application !== undefined) installAtFactory(this.#registry, application)
    this.#selected = this.#registry.defaultSelected
  }

  /** Power-on or reset; the two differ in nothing a card's user can see. Returns the ATR, owned by the caller. */
  reset(): Uint8Array {
    const { defaultSelected } = this.#registry
    // Whose name it was may have been deleted.
    if (this.#shown?.of !== defaultSelected) this.#shown = undefined
    const atr = atrOf(this.#options.protocol, this.#shown?.name ?? new Uint8Array(0))
    this.#t0?.reset()
    this.#select(defaultSelected)
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
    if (command.ins === INS_SELECT && command.p1 === P1_BY_NAME) {
      const target = this.#targetOf(command)
      if (target !== 'nobody') return this.#select(target)
    }
    return (this.#selected?.application ?? this.#domain).run(command)
  }

  /** Whom a SELECT by name means; no name at all, the application that is selected by default. */
  #targetOf({ p2, data: name }: Command): CardInstance | undefined | 'nobody' {
    if (name.length === 0) return this.#registry.defaultSelected
    const domain = { aid: this.#domain.aid, instance: undefined }
    const all = [domain, ...this.#registry.instances.map((instance) => ({ aid: instance.aid, instance }))]
    const after = all.findIndex(({ instance }) => instance === this.#selected) + 1
    // A whole name first: that it is the beginning of another one must not hide who has it.
    const found =
      p2 === P2_NEXT
        ? all.slice(after).find(({ aid }) => beginsWith(aid, name))
        : (all.find(({ aid }) => isSame(aid, name)) ?? all.find(({ aid }) => beginsWith(aid, name)))
    return found === undefined ? 'nobody' : found.instance
  }

  #select(target: CardInstance | undefined): Answer {
    this.#domain.endSession()
    this.#selected = target
    if (target === undefined) return ok(this.#domain.fci)
    target.application.select()
    // Only who is selected by default may change the ATR (GPSystem.setATRHistBytes).
    const { name } = target.application
    if (target === this.#registry.defaultSelected && name !== undefined) this.#shown = { of: target, name }
    return status(SW.OK)
  }
}

/** Part of an AID is a name if it has five bytes or more. */
function beginsWith(aid: Uint8Array, name: Uint8Array): boolean {
  return name.length >= RID_BYTES && isSame(aid.subarray(0, name.length), name)
}

/** What the card comes with. */
function preinstalled({
  applet: kind,
  sen,
  psk,
  random = systemRandom,
}: CardOptions): Application | undefined {
  if (kind === 'none') return undefined
  if (kind === 'tls-im') return new IdentityModule({ psk, random })
  const name = Buffer.from(sen ?? DEFAULT_NAMES[kind], 'latin1').subarray(0, MAX_NAME_BYTES)
  return new Applet({ kind, name, psk: psk ?? DEFAULT_PSK, random })
}

/** What becomes of a module that is installed; `parameters` are the server name, or nothing. */
function applicationOf(
  module: Uint8Array,
  parameters: Uint8Array,
  { psk, random = systemRandom }: CardOptions,
): Application | undefined {
  if (!isSame(module, APPLET_AID)) return INERT
  if (parameters.length > MAX_NAME_BYTES) return undefined
  const name = parameters.length > 0 ? parameters.slice() : Buffer.from(DEFAULT_NAMES.keystore, 'latin1')
  return new Applet({ kind: 'keystore', name, psk: psk ?? DEFAULT_PSK, random })
}

function installAtFactory(registry: Registry, application: Application): void {
  const loaded = { aid: PACKAGE_AID, major: 1, minor: 0, modules: [APPLET_AID], bytes: PACKAGE_BYTES }
  registry.load(loaded)
  const privileges = Uint8Array.of(DEFAULT_SELECTED)
  registry.install({ aid: APPLET_AID, package: loaded, privileges, application })
}

const P1_BY_NAME = 0x04
/** Next occurrence: of those whose AID begins with the name, the one after whoever is selected. */
const P2_NEXT = 0x02
const RID_BYTES = 5
const PACKAGE_AID = Uint8Array.of(1, 2, 3, 4, 5)
const APPLET_AID = Uint8Array.of(1, 2, 3, 4, 5, 0)
/** Of the published tls_se.cap. */
const PACKAGE_BYTES = 22_343
const DEFAULT_MEMORY_BYTES = 80 * 1024
const MAX_NAME_BYTES = 15
const DEFAULT_NAMES = { keystore: 'key1.com', echo: 'ethertrust' } as const
const DEFAULT_PSK =
  bytesOfHex('0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F20') ?? new Uint8Array(0)
