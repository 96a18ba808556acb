// The driver of cards in PC/SC readers. An entry of the configuration stands for all readers that it selects; which
// of them are there, and which have a card, may change at any time. All entries share one watch a library.

import { messageOf } from '../base/errors.ts'
import type { Driver, DriverEnvironment, OpenDriver, RunningCall } from './driver.ts'
import { ElementError, LinkError } from './errors.ts'
import { defaultLibrary, loadLibrary } from './pcsc-library.ts'
import { isSelectedBy, seidOfReader } from './pcsc-names.ts'
import { PcscPlace } from './pcsc-place.ts'
import type { CardLibrary, LibraryName, ReaderStatus } from './pcsc-port.ts'
import { PcscSupervisor } from './pcsc-supervisor.ts'

export interface PcscConfig {
  /** Name of a reader as pcscd has it, its serial number, or a pattern of names with `*` and `?`. */
  readonly reader: string
  /** For one reader only; that of `seidOfReader` when absent. */
  readonly seid?: string | undefined
  readonly aliases: readonly string[]
  readonly sen?: string | undefined
  readonly aid?: Uint8Array | undefined
  readonly maxRecordBytes: number
  /** The addon that carries PC/SC; one that fits the version of Node when absent. */
  readonly library?: LibraryName | undefined
}

/**
 * Reports cards as they come, those that are there a moment after. Without pcscd it waits for one, and says so;
 * without the addon there are no cards, and it says so. A reader belongs to the first entry that selects it, in the
 * order of opening.
 */
export const openPcsc: OpenDriver<PcscConfig> = async (config, environment) => {
  const name = config.library ?? defaultLibrary()
  const entry = new Entry(config, environment, name)
  entries.push(entry)
  const hub = hubs.get(name) ?? new Hub(name, environment)
  hubs.set(name, hub)
  const close = async (): Promise<void> => {
    entries.splice(entries.indexOf(entry), 1)
    await entry.close()
    if (entries.some(({ library }) => library === name)) return
    hubs.delete(name)
    await hub.close()
  }
  try {
    await hub.join(entry)
  } catch (error) {
    await close()
    if (!(error instanceof LinkError)) throw error
    environment.log.error('pcsc.unavailable', { reader: config.reader, cause: messageOf(error) })
    return { kind: 'pcsc', [Symbol.asyncDispose]: () => Promise.resolve() }
  }
  const driver: Driver = { kind: 'pcsc', calls: () => entry.calls, [Symbol.asyncDispose]: close }
  return driver
}

/** The readers of one library, and to whom they belong. */
class Hub {
  readonly #name: LibraryName
  readonly #opened: Promise<{ library: CardLibrary; supervisor: PcscSupervisor }>
  readonly #statuses = new Map<string, ReaderStatus>()

  constructor(name: LibraryName, environment: DriverEnvironment) {
    this.#name = name
    this.#opened = this.#open(environment)
  }

  /** Gives `entry` the readers that are there. */
  async join(entry: Entry): Promise<void> {
    const { library } = await this.#opened
    entry.use(library)
    for (const status of this.#statuses.values())
      if (this.#ownerOf(status.reader) === entry) entry.update(status)
  }

  async close(): Promise<void> {
    const opened = await this.#opened.catch(() => undefined)
    opened?.supervisor.close()
  }

  async #open({
    clock,
    log,
  }: DriverEnvironment): Promise<{ library: CardLibrary; supervisor: PcscSupervisor }> {
    const library = await loadLibrary(this.#name)
    const listener = {
      onReader: (status: ReaderStatus) => {
        this.#statuses.set(status.reader, status)
        this.#ownerOf(status.reader)?.update(status)
      },
      onRemoved: (reader: string) => {
        this.#statuses.delete(reader)
        this.#ownerOf(reader)?.remove(reader, new ElementError('element.gone', 'the reader was unplugged'))
      },
      onLost: () => {
        const cause = new LinkError('link.closed', 'pcscd is gone')
        for (const reader of this.#statuses.keys()) this.#ownerOf(reader)?.remove(reader, cause)
        this.#statuses.clear()
      },
    }
    return { library, supervisor: new PcscSupervisor({ library, clock, log, listener }) }
  }

  #ownerOf(reader: string): Entry | undefined {
    const owner = entries.find((entry) => entry.selects(reader))
    return owner?.library === this.#name ? owner : undefined
  }
}

/** One entry of the configuration. */
class Entry {
  readonly library: LibraryName
  readonly #config: PcscConfig
  readonly #environment: DriverEnvironment
  #cards: CardLibrary | undefined
  readonly #places = new Map<string, PcscPlace>()
  readonly #refused = new Set<string>()

  constructor(config: PcscConfig, environment: DriverEnvironment, library: LibraryName) {
    this.#config = config
    this.#environment = environment
    this.library = library
  }

  get calls(): readonly RunningCall[] {
    return [...this.#places.values()].flatMap(({ call }) => call ?? [])
  }

  selects(reader: string): boolean {
    return isSelectedBy(this.#config.reader, reader)
  }

  /** From now on it may be told of readers. */
  use(cards: CardLibrary): void {
    this.#cards = cards
  }

  update(status: ReaderStatus): void {
    // A reader without a card claims no SEID yet.
    const known = this.#places.get(status.reader)
    const place = known ?? (status.hasCard ? this.#placeFor(status.reader) : undefined)
    place?.update(status)
  }

  remove(reader: string, cause: ElementError | LinkError): void {
    this.#places.get(reader)?.remove(cause)
    this.#places.delete(reader)
    this.#refused.delete(reader)
  }

  async close(): Promise<void> {
    await Promise.all([...this.#places.values()].map((place) => place.close()))
    this.#places.clear()
  }

  #placeFor(reader: string): PcscPlace | undefined {
    if (this.#cards === undefined) return undefined
    const { seid = seidOfReader(reader), aliases, sen, aid, maxRecordBytes } = this.#config
    const [other] = this.#places.keys()
    if (this.#config.seid !== undefined && other !== undefined) {
      this.#refuse(reader, seid, `seid '${seid}' belongs to reader '${other}'`)
      return undefined
    }
    const place = new PcscPlace({
      reader,
      library: this.#cards,
      arrival: { seid, aliases, sen, aid, maxRecordBytes },
      environment: this.#environment,
    })
    this.#places.set(reader, place)
    return place
  }

  #refuse(reader: string, seid: string, cause: string): void {
    if (this.#refused.has(reader)) return
    this.#refused.add(reader)
    this.#environment.log.error('pcsc.refused', { reader, seid, cause })
  }
}

/** In the order of opening. */
const entries: Entry[] = []
const hubs = new Map<LibraryName, Hub>()
