// The issuer security domain: mutual authentication, and behind it the management of what is on the card
// (GlobalPlatform Card Specification 2.3.1). Card life cycle and further domains are not there.

import { type Answer, ok, SW, status } from '../answer.ts'
import { INS_SELECT } from '../application.ts'
import type { Command } from '../command.ts'
import type { RandomSource } from '../random.ts'
import { cardObject } from './card-objects.ts'
import type { CardChannel, Handshake } from './channel.ts'
import { Contents, type Instantiate } from './contents.ts'
import { type CardKeySet, KeyRing } from './key-ring.ts'
import { Listing } from './listing.ts'
import { putKey } from './put-key.ts'
import type { Registry } from './registry.ts'
import { startScp02 } from './scp02-card.ts'
import { startScp03 } from './scp03-card.ts'
import { object, objectsIn } from './tlv.ts'

export interface DomainOptions {
  readonly scp: 'scp03' | 'scp02'
  /** Options of the protocol; SCP03 70, SCP02 55 when absent. */
  readonly i?: number | undefined
  readonly aid?: Uint8Array | undefined
  /** Key diversification data, 10 bytes. */
  readonly kdd?: Uint8Array | undefined
  /** Of the first key set; 255, the set of the factory, when absent. */
  readonly keyVersion?: number | undefined
  /** Each of the set, 16 bytes, for SCP03 24 and 32 too; 404142...4F when absent. */
  readonly keys?: Pick<CardKeySet, 'enc' | 'mac' | 'dek'> | undefined
  readonly counter?: number | undefined
  /** INITIALIZE UPDATEs without success after which a key set is blocked for good; never when absent. */
  readonly maxTries?: number | undefined
  /** A fault of some cards with SCP03: commands without data are not counted. */
  readonly counts?: 'all' | 'with data' | undefined
}

export class IssuerDomain {
  readonly aid: Uint8Array
  readonly #options: DomainOptions
  readonly #random: RandomSource
  readonly #registry: Registry
  readonly #ring: KeyRing
  readonly #contents: Contents
  readonly #listing: Listing
  #state: State = { kind: 'closed' }

  constructor(
    options: DomainOptions,
    registry: Registry,
    card: { random: RandomSource; instantiate: Instantiate },
  ) {
    this.#options = options
    this.#random = card.random
    this.#registry = registry
    this.aid = options.aid ?? DEFAULT_AID
    const keys = options.keys ?? { enc: DEFAULT_KEY, mac: DEFAULT_KEY, dek: DEFAULT_KEY }
    this.#ring = new KeyRing({
      ...keys,
      version: options.keyVersion ?? FACTORY_SET,
      algorithm: this.#algorithm,
      counter: options.counter ?? (options.scp === 'scp03' ? 0 : 1),
      tries: 0,
    })
    this.#contents = new Contents(registry, this.aid, card.instantiate)
    this.#listing = new Listing(registry, this.aid)
  }

  /** What the runtime calls at reset and at a SELECT of the domain or of anything else. */
  endSession(): void {
    this.#state = { kind: 'closed' }
    this.#contents.forgetPending()
    this.#listing.forgetRest()
  }

  /** File control information: AID, and 255 as the longest command data (11.9). */
  get fci(): Uint8Array {
    const limits = object(0xa5, object(0x9f65, Uint8Array.of(0xff)))
    return object(0x6f, object(0x84, this.aid), limits)
  }

  run(command: Command): Answer {
    const { cla, ins } = command
    const state = this.#state
    // EXTERNAL AUTHENTICATE comes directly after INITIALIZE UPDATE, or not at all.
    if (state.kind === 'started') this.#state = { kind: 'closed' }
    // By name the runtime has found nobody, and there are no files.
    if (ins === INS_SELECT) return status(SW.FILE_NOT_FOUND)
    if (![PLAIN, INTERINDUSTRY, SECURED].includes(cla)) return status(SW.UNKNOWN_CLA)
    if (!INSTRUCTIONS.includes(ins)) {
      // The next MAC follows from that of this command, too.
      if (state.kind === 'open' && cla === SECURED) state.channel.open(command)
      return status(SW.UNKNOWN_INS)
    }
    if (ins === INS.initializeUpdate) return this.#initialize(command)
    if (ins === INS.externalAuthenticate)
      return state.kind === 'started' ? this.#authenticate(command, state) : status(SW.CONDITIONS)
    if (state.kind === 'open') return this.#runOpen(command, state)
    // GET DATA needs no session; but there is no secure messaging without one, and nothing at all after a broken one.
    const isAnswered = ins === INS.getData && cla !== SECURED && state.kind !== 'broken'
    return isAnswered ? this.#getData(command) : status(SW.SECURITY)
  }

  get #algorithm(): CardKeySet['algorithm'] {
    return this.#options.scp === 'scp03' ? 'aes' : '3des'
  }

  get #i(): number {
    return this.#options.i ?? (this.#options.scp === 'scp03' ? 0x70 : 0x55)
  }

  get #kdd(): Uint8Array {
    return this.#options.kdd ?? DEFAULT_KDD
  }

  #initialize({ cla, p1, p2, data }: Command): Answer {
    this.endSession()
    if (cla !== PLAIN) return status(SW.UNKNOWN_CLA)
    if (p2 !== 0) return status(SW.WRONG_P1P2)
    if (data.length !== CHALLENGE_BYTES) return status(SW.WRONG_LENGTH)
    const keys = this.#ring.find(p1)
    if (keys === undefined) return status(SW.NOT_FOUND)
    const { maxTries = Infinity } = this.#options
    if (keys.tries >= maxTries) return status(SW.BLOCKED)
    if (keys.counter >= LAST_COUNTER[keys.algorithm]) return status(SW.CONDITIONS)
    keys.tries++
    const handshake = this.#start(keys, data.slice())
    this.#state = { kind: 'started', handshake, keys }
    return ok(handshake.answer)
  }

  #start(keys: CardKeySet, hostChallenge: Uint8Array): Handshake {
    const { counts = 'all' } = this.#options
    const setting = { keys, i: this.#i, kdd: this.#kdd, aid: this.aid, hostChallenge }
    if (keys.algorithm === '3des') return startScp02({ ...setting, random: () => this.#random(6) })
    keys.counter++
    return startScp03({ ...setting, counts, random: () => this.#random(8) })
  }

  #authenticate(command: Command, { handshake, keys }: Started): Answer {
    if (command.cla !== SECURED) return status(SW.SECURITY)
    if (command.p2 !== 0 || !handshake.offers(command.p1)) return status(SW.WRONG_P1P2)
    if (command.data.length !== CRYPTOGRAM_AND_MAC_BYTES) return status(SW.WRONG_LENGTH)
    const channel = handshake.authenticate(command)
    if (channel === undefined) return status(SW.PIN_WRONG)
    keys.tries = 0
    if (keys.algorithm === '3des') keys.counter++
    this.#state = { kind: 'open', channel }
    return ok()
  }

  #runOpen(command: Command, { channel }: Open): Answer {
    const isSecured = command.cla === SECURED
    // With a level there is no way past it, and without one there is nothing that a MAC could be checked with.
    if (isSecured !== (channel.level !== 0)) return this.#abort()
    const data = isSecured ? channel.open(command) : command.data
    if (data === undefined) return this.#abort()
    return channel.close(this.#manage({ ...command, data, p3: data.length }, channel))
  }

  /** Until INITIALIZE UPDATE or SELECT nothing else is answered. */
  #abort(): Answer {
    this.endSession()
    this.#state = { kind: 'broken' }
    return status(SW.SECURITY)
  }

  #manage(command: Command, channel: CardChannel): Answer {
    if (command.ins !== INS.getStatus) this.#listing.forgetRest()
    try {
      switch (command.ins) {
        case INS.getData:
          return this.#getData(command)
        case INS.getStatus:
          return this.#listing.answerTo(command)
        case INS.install:
          return this.#contents.install(command)
        case INS.load:
          return this.#contents.load(command)
        case INS.delete:
          return this.#contents.delete(command)
        default:
          return putKey(command, this.#ring, channel, this.#algorithm)
      }
    } catch (error) {
      // Lengths in the data that do not go together.
      if (error instanceof RangeError) return status(SW.WRONG_DATA)
      throw error
    }
  }

  #getData({ cla, p1, p2 }: Command): Answer {
    const tag = (p1 << 8) | p2
    const found = cardObject(tag, {
      scp: this.#options.scp === 'scp03' ? 0x03 : 0x02,
      i: this.#i,
      kdd: this.#kdd,
      keySets: this.#ring.sets,
      newest: this.#ring.find(0),
      freeBytes: this.#registry.freeBytes,
      instances: this.#registry.instances.length,
    })
    if (found === undefined) return status(SW.NOT_FOUND)
    // In the interindustry class the value alone.
    return ok(cla === INTERINDUSTRY ? objectsIn(found).get(tag) : found)
  }
}

type State = { readonly kind: 'closed' | 'broken' } | Started | Open

interface Started {
  readonly kind: 'started'
  readonly handshake: Handshake
  readonly keys: CardKeySet
}

interface Open {
  readonly kind: 'open'
  readonly channel: CardChannel
}

const INTERINDUSTRY = 0x00
const PLAIN = 0x80
const SECURED = 0x84
const INS = {
  initializeUpdate: 0x50,
  externalAuthenticate: 0x82,
  getData: 0xca,
  getStatus: 0xf2,
  install: 0xe6,
  load: 0xe8,
  delete: 0xe4,
  putKey: 0xd8,
} as const
const INSTRUCTIONS: readonly number[] = Object.values(INS)
const CHALLENGE_BYTES = 8
const CRYPTOGRAM_AND_MAC_BYTES = 16
const LAST_COUNTER = { aes: 0xffffff, '3des': 0xffff } as const
const FACTORY_SET = 0xff
const DEFAULT_AID = Uint8Array.of(0xa0, 0, 0, 1, 0x51, 0, 0, 0)
const DEFAULT_KEY = Uint8Array.from({ length: 16 }, (_, n) => 0x40 + n)
const DEFAULT_KDD = Uint8Array.of(0, 0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88)
