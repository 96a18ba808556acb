// What is on an element: GET STATUS (GlobalPlatform Card Specification 2.3.1, 11.4).

import { ByteReader } from '../base/byte-reader.ts'
import { hexOf } from '../base/hex.ts'
import { GlobalPlatformError, refused } from './errors.ts'
import type { PlainAnswer, PlainCommand } from './protection.ts'
import { tlvsOf, valueOf } from './tlv.ts'

/** P1 of GET STATUS. */
export const REGISTRY_KINDS = {
  domain: 0x80,
  applications: 0x40,
  packages: 0x20,
  packagesWithModules: 0x10,
} as const

export type RegistryKind = keyof typeof REGISTRY_KINDS

/** One entry. AIDs are upper-case hex. */
export interface RegistryEntry {
  readonly aid: string
  /** Life cycle, one byte. */
  readonly state: number
  /** One or three bytes; empty for packages. */
  readonly privileges: Uint8Array
  /** Of the package that an application came with. */
  readonly package: string | undefined
  /** The security domain that it belongs to. */
  readonly domain: string | undefined
  /** Of a package, `major.minor`. */
  readonly version: string | undefined
  /** Modules of a package. */
  readonly modules: readonly string[]
}

/** Takes commands of a session. */
export interface Sender {
  send(command: PlainCommand): Promise<PlainAnswer>
}

/**
 * All entries of one kind, however many answers they come in.
 * @returns undefined when the element does not list this kind
 * @throws GlobalPlatformError gp.refused, gp.malformed; whatever the session throws
 */
export async function readRegistry(
  session: Sender,
  kind: RegistryKind,
): Promise<RegistryEntry[] | undefined> {
  return (await readIn(session, kind, 'TLV')) ?? (await readIn(session, kind, 'old'))
}

/** Whether the entry's application is selected when nothing else is: privilege 04 of the first byte. */
export function isDefaultSelected({ privileges }: RegistryEntry): boolean {
  return ((privileges[0] ?? 0) & DEFAULT_SELECTED) !== 0
}

async function readIn(
  session: Sender,
  kind: RegistryKind,
  format: Format,
): Promise<RegistryEntry[] | undefined> {
  const pages: Uint8Array[] = []
  for (let page = 0; page < MAX_PAGES; page++) {
    const p2 = FORMATS[format] | (page === 0 ? 0 : NEXT)
    const { data, sw } = await session.send({ ins: 0xf2, p1: REGISTRY_KINDS[kind], p2, data: ALL })
    // Of the kinds only the first two must be known; and old elements know only the old format.
    if (page === 0 && (sw === SW_WRONG_P1P2 || sw === SW_FUNCTION)) return undefined
    if (![SW_OK, SW_MORE, SW_NOT_FOUND].includes(sw)) throw refused('GET STATUS', sw)
    if (sw !== SW_NOT_FOUND) pages.push(data)
    if (sw === SW_MORE) continue
    // There are elements that cut their answers in the middle of an entry.
    const whole = Buffer.concat(pages)
    return format === 'TLV' ? entriesOf(whole) : oldEntriesOf(whole, kind)
  }
  throw new GlobalPlatformError('gp.malformed', `GET STATUS: no end after ${MAX_PAGES} answers`)
}

/** Entries in TLV. @throws GlobalPlatformError gp.malformed */
export function entriesOf(data: Uint8Array): RegistryEntry[] {
  const what = 'GET STATUS'
  return tlvsOf(data, what)
    .filter(({ tag }) => tag === 0xe3)
    .map(({ value }) => {
      const objects = tlvsOf(value, what)
      const aid = valueOf(objects, 0x4f)
      if (aid === undefined) throw new GlobalPlatformError('gp.malformed', `${what}: an entry without an AID`)
      return {
        aid: hexOf(aid),
        // Some elements have two bytes; the first is that of the specification.
        state: valueOf(objects, 0x9f70)?.[0] ?? 0,
        privileges: (valueOf(objects, 0xc5) ?? NOTHING).slice(),
        package: hexIn(valueOf(objects, 0xc4)),
        domain: hexIn(valueOf(objects, 0xcc)),
        version: versionIn(valueOf(objects, 0xce)),
        modules: objects.filter(({ tag }) => tag === 0x84).map((module) => hexOf(module.value)),
      }
    })
}

/** Entries in the format before TLV: length, AID, state, privileges; with modules their number, and each. */
export function oldEntriesOf(data: Uint8Array, kind: RegistryKind): RegistryEntry[] {
  const reader = new ByteReader(data)
  const entries: RegistryEntry[] = []
  try {
    while (reader.remaining > 0) {
      const aid = hexOf(reader.vector8())
      const [state, privileges] = [reader.u8(), reader.take(1).slice()]
      const count = kind === 'packagesWithModules' ? reader.u8() : 0
      const modules = Array.from({ length: count }, () => hexOf(reader.vector8()))
      entries.push({
        aid,
        state,
        privileges,
        package: undefined,
        domain: undefined,
        version: undefined,
        modules,
      })
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new GlobalPlatformError('gp.malformed', 'GET STATUS: an entry that is cut off', { cause: error })
  }
  return entries
}

function hexIn(value: Uint8Array | undefined): string | undefined {
  return value === undefined || value.length === 0 ? undefined : hexOf(value)
}

function versionIn(value: Uint8Array | undefined): string | undefined {
  return value?.length === 2 ? value.join('.') : undefined
}

type Format = keyof typeof FORMATS

/** P2 of GET STATUS; `NEXT` asks for what did not fit. */
const FORMATS = { TLV: 0x02, old: 0x00 } as const
const NEXT = 0x01
/** Any AID. */
const ALL = Uint8Array.of(0x4f, 0x00)
const DEFAULT_SELECTED = 0x04
/** More than any element has memory for. */
const MAX_PAGES = 256
const NOTHING = new Uint8Array(0)
const SW_OK = 0x9000
const SW_MORE = 0x6310
const SW_NOT_FOUND = 0x6a88
const SW_WRONG_P1P2 = 0x6a86
const SW_FUNCTION = 0x6a81
