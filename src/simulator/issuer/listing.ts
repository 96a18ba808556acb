// GET STATUS: the registry in pages (GlobalPlatform Card Specification 2.3.1, 11.4).

import { type Answer, ok, SW, status } from '../answer.ts'
import type { Command } from '../command.ts'
import { isDefault, type Registry } from './registry.ts'
import { object, objectsIn } from './tlv.ts'

interface Entry {
  readonly aid: Uint8Array
  readonly text: Uint8Array
}

interface Rest {
  readonly p1: number
  readonly isTlv: boolean
  readonly pages: readonly Uint8Array[]
}

/** Keeps what did not fit into one answer until it is asked for, or something else is. */
export class Listing {
  readonly #registry: Registry
  readonly #domain: Uint8Array
  #rest: Rest | undefined

  /** @param domain  AID of the issuer domain */
  constructor(registry: Registry, domain: Uint8Array) {
    this.#registry = registry
    this.#domain = domain
  }

  /** For any other command, and the end of the session. */
  forgetRest(): void {
    this.#rest = undefined
  }

  answerTo({ p1, p2, data }: Command): Answer {
    const rest = this.#rest
    this.#rest = undefined
    if (!KINDS.includes(p1) || (p2 & ~0x03) !== 0) return status(SW.WRONG_P1P2)
    const wanted = objectsIn(data).get(0x4f)
    if (wanted === undefined) return status(SW.WRONG_DATA)
    const isTlv = (p2 & TLV) !== 0
    if ((p2 & NEXT) !== 0)
      return rest?.p1 === p1 && rest.isTlv === isTlv ? this.#give(rest) : status(SW.CONDITIONS)
    const entries = this.#entries(p1, isTlv).filter(({ aid }) => startsWith(aid, wanted))
    return entries.length === 0 ? status(SW.NOT_FOUND) : this.#give({ p1, isTlv, pages: pagesOf(entries) })
  }

  #give({ pages: [page = NOTHING, ...pages], ...which }: Rest): Answer {
    if (pages.length === 0) return ok(page)
    this.#rest = { ...which, pages }
    return { data: page, sw: SW.MORE_ENTRIES }
  }

  #entries(p1: number, isTlv: boolean): Entry[] {
    const entry = (aid: Uint8Array, fields: Fields): Entry => ({
      aid,
      text: isTlv ? tlvEntry(aid, fields) : oldEntry(aid, fields, p1),
    })
    switch (p1) {
      case 0x80:
        return [entry(this.#domain, { state: OP_READY, privileges: DOMAIN_PRIVILEGES })]
      case 0x40:
        return this.#registry.instances.map((instance) =>
          entry(instance.aid, {
            state: SELECTABLE,
            privileges: Uint8Array.of(isDefault(instance) ? 0x04 : 0, 0, 0),
            more: [object(0xc4, instance.package.aid), object(0xcc, this.#domain)],
          }),
        )
      default:
        return this.#registry.packages.map(({ aid, major, minor, modules }) =>
          entry(aid, {
            state: LOADED,
            modules: p1 === 0x10 ? modules : undefined,
            more: [object(0xce, Uint8Array.of(major, minor)), object(0xcc, this.#domain)],
          }),
        )
    }
  }
}

interface Fields {
  readonly state: number
  readonly privileges?: Uint8Array
  readonly modules?: readonly Uint8Array[] | undefined
  readonly more?: readonly Uint8Array[]
}

function tlvEntry(aid: Uint8Array, { state, privileges, modules = [], more = [] }: Fields): Uint8Array {
  const own = privileges === undefined ? [] : [object(0xc5, privileges)]
  const listed = modules.map((module) => object(0x84, module))
  return object(0xe3, object(0x4f, aid), object(0x9f70, Uint8Array.of(state)), ...own, ...more, ...listed)
}

function oldEntry(aid: Uint8Array, { state, privileges, modules = [] }: Fields, p1: number): Uint8Array {
  const count = p1 === 0x10 ? [modules.length] : []
  const listed = modules.flatMap((module) => [module.length, ...module])
  return Uint8Array.of(aid.length, ...aid, state, privileges?.[0] ?? 0, ...count, ...listed)
}

function pagesOf(entries: readonly Entry[]): Uint8Array[] {
  const pages: Uint8Array[] = []
  for (const { text } of entries) {
    const last = pages.at(-1)
    if (last === undefined || last.length + text.length > PAGE_BYTES) pages.push(text)
    else pages[pages.length - 1] = Buffer.concat([last, text])
  }
  return pages
}

function startsWith(aid: Uint8Array, start: Uint8Array): boolean {
  return Buffer.compare(aid.subarray(0, start.length), start) === 0
}

const KINDS = [0x80, 0x40, 0x20, 0x10]
const TLV = 0x02
const NEXT = 0x01
const OP_READY = 0x01
const LOADED = 0x01
const SELECTABLE = 0x07
/** Security domain with all that belongs to that of the issuer. */
const DOMAIN_PRIVILEGES = Uint8Array.of(0x9e, 0xfe, 0x80)
/** With padding and MAC an answer must not be over 256 bytes. */
const PAGE_BYTES = 239
const NOTHING = new Uint8Array(0)
