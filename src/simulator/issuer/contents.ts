// INSTALL, LOAD and DELETE: how applications come onto the card and go (GlobalPlatform Card Specification 2.3.1, 11.2,
// 11.5, 11.6).

import { ByteReader } from '../../base/byte-reader.ts'
import { type Answer, ok, SW, status } from '../answer.ts'
import type { Application } from '../application.ts'
import type { Command } from '../command.ts'
import { packageIn } from './load-file.ts'
import { DEFAULT_SELECTED, INSTANCE_BYTES, isAid, isSame, type Registry } from './registry.ts'
import { berValue, objectsIn, shortValue } from './tlv.ts'

/**
 * Makes the application of a module; undefined when its constructor throws.
 * @param parameters  what INSTALL has for it, C9
 */
export type Instantiate = (module: Uint8Array, parameters: Uint8Array) => Application | undefined

interface Pending {
  readonly aid: Uint8Array
  readonly blocks: Uint8Array[]
}

export class Contents {
  readonly #registry: Registry
  readonly #domain: Uint8Array
  readonly #instantiate: Instantiate
  /** A package between INSTALL [for load] and its last LOAD. */
  #pending: Pending | undefined

  /** @param domain  AID of the issuer domain */
  constructor(registry: Registry, domain: Uint8Array, instantiate: Instantiate) {
    this.#registry = registry
    this.#domain = domain
    this.#instantiate = instantiate
  }

  /** What was loaded in part is gone with the session. */
  forgetPending(): void {
    this.#pending = undefined
  }

  install({ p1, p2, data }: Command): Answer {
    this.#pending = undefined
    if (p2 !== 0) return status(SW.WRONG_P1P2)
    if (p1 === FOR_LOAD) return this.#announce(data)
    if (p1 === FOR_INSTALL_AND_SELECTABLE) return this.#create(data)
    return status(SW.WRONG_P1P2)
  }

  load({ p1, p2, data }: Command): Answer {
    const pending = this.#pending
    if (pending === undefined) return status(SW.CONDITIONS)
    this.#pending = undefined
    if ((p1 & 0x7f) !== 0 || p2 !== pending.blocks.length) return status(SW.WRONG_P1P2)
    pending.blocks.push(data.slice())
    const stream = Buffer.concat(pending.blocks)
    if (stream.length > this.#registry.freeBytes) return status(SW.NO_MEMORY)
    if (p1 !== LAST_BLOCK) {
      this.#pending = pending
      return ok(CONFIRMATION)
    }
    const loaded = packageIn(stream, pending.aid)
    if (typeof loaded === 'number') return status(loaded)
    this.#registry.load(loaded)
    return ok(CONFIRMATION)
  }

  delete({ p1, p2, data }: Command): Answer {
    this.#pending = undefined
    if (p1 !== 0 || (p2 & 0x7f) !== 0) return status(SW.WRONG_P1P2)
    const aid = objectsIn(data).get(0x4f)
    if (aid === undefined) return status(SW.WRONG_DATA)
    if (isSame(aid, this.#domain)) return status(SW.CONDITIONS)
    const instance = this.#registry.instanceOf(aid)
    const loaded = this.#registry.packageOf(aid)
    if (instance !== undefined) this.#registry.delete(instance)
    else if (loaded === undefined) return status(SW.NOT_FOUND)
    else {
      const installed = this.#registry.instancesFrom(loaded)
      if (installed.length > 0 && p2 !== AND_RELATED) return status(SW.CONDITIONS)
      for (const each of [...installed, loaded]) this.#registry.delete(each)
    }
    return ok(CONFIRMATION)
  }

  #announce(data: Uint8Array): Answer {
    const reader = new ByteReader(data)
    const [aid, domain] = [shortValue(reader), shortValue(reader)]
    // Hash, parameters and token: taken, and of no consequence.
    shortValue(reader)
    berValue(reader)
    berValue(reader)
    if (!isAid(aid) || reader.remaining > 0) return status(SW.WRONG_DATA)
    if (domain.length > 0 && !isSame(domain, this.#domain)) return status(SW.NOT_FOUND)
    if (this.#isTaken(aid)) return status(SW.CONDITIONS)
    this.#pending = { aid: aid.slice(), blocks: [] }
    return ok(CONFIRMATION)
  }

  #create(data: Uint8Array): Answer {
    const reader = new ByteReader(data)
    const [packageAid, module, aid] = [shortValue(reader), shortValue(reader), shortValue(reader)]
    const privileges = shortValue(reader)
    const parameters = objectsIn(berValue(reader)).get(0xc9)
    berValue(reader)
    const isWellFormed = isAid(aid) && [1, 3].includes(privileges.length) && reader.remaining === 0
    if (!isWellFormed || parameters === undefined) return status(SW.WRONG_DATA)
    const first = privileges[0] ?? 0
    // No further security domains on this card.
    if ((first & SECURITY_DOMAIN) !== 0) return status(SW.WRONG_DATA)
    const source = this.#registry.packageOf(packageAid)
    if (source === undefined || !source.modules.some((known) => isSame(known, module)))
      return status(SW.NOT_FOUND)
    if (this.#isTaken(aid)) return status(SW.WRONG_DATA)
    if (this.#registry.freeBytes < INSTANCE_BYTES) return status(SW.NO_MEMORY)
    const isDefault = (first & DEFAULT_SELECTED) !== 0
    if (isDefault && this.#registry.defaultSelected !== undefined) return status(SW.CONDITIONS)
    const application = this.#instantiate(module, parameters)
    if (application === undefined) return status(SW.CONDITIONS)
    this.#registry.install({ aid: aid.slice(), package: source, privileges: privileges.slice(), application })
    return ok(CONFIRMATION)
  }

  /** The domain has a name, too: whatever took it would be selected instead of it. */
  #isTaken(aid: Uint8Array): boolean {
    return isSame(aid, this.#domain) || this.#registry.has(aid)
  }
}

const FOR_LOAD = 0x02
const FOR_INSTALL_AND_SELECTABLE = 0x0c
const LAST_BLOCK = 0x80
const AND_RELATED = 0x80
const SECURITY_DOMAIN = 0x80
/** No receipt. */
const CONFIRMATION = Uint8Array.of(0x00)
