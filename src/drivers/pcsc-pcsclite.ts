// Card readers through the addon pcsclite: the only file that loads it. Traps of version 1.0.1, each seen or read in
// its source, that decide the shape of this file:
//   - a change of a reader's state is reported under the lock that a running command holds: the object that watches
//     a reader must not be the one that talks to its card, else the process stops until the command is done;
//   - that lock is held while the callback runs, too: closing the object in it would never return;
//   - an object that has never watched has a stray thread number: it must not be collected before it has;
//   - one that is closed before its thread has settled down to wait stops the process for 50 ms, and keeps it from
//     ending for ever;
//   - a closed watch still reports "Command cancelled";
//   - from Node 26.4 on, a callback of an addon no longer runs promise reactions: each is carried on by setImmediate;
//   - there is no SCardReconnect and no SCardStatus: a reset is disconnect and connect, and between the two another
//     program may get hold of the card; the ATR is that of a watch which begins after it.

import type pcsclite from 'pcsclite'
import type { ResetKind } from './driver.ts'
import { LinkError } from './errors.ts'
import { failureOf } from './pcsc-errors.ts'
import type {
  CardLibrary,
  CardSession,
  ReaderStatus,
  ReaderWatch,
  Reset,
  WatchListener,
} from './pcsc-port.ts'

/** @throws LinkError link.closed when the addon is not installed */
export async function loadPcsclite(): Promise<CardLibrary> {
  try {
    const { default: open } = await import('pcsclite')
    return new Pcsclite(open)
  } catch (error) {
    const message = 'the addon pcsclite is not installed: it needs a compiler and libpcsclite-dev at npm ci'
    throw new LinkError('link.closed', message, { cause: error })
  }
}

class Pcsclite implements CardLibrary {
  readonly name = 'pcsclite'
  readonly #open: typeof pcsclite
  /** Of the addon's readers; it is not exported. */
  #makeReader: ReaderConstructor | undefined
  /** What talks to the card in each reader, for as long as the reader is there. */
  readonly #talkers = new Map<string, Promise<CardReader>>()

  constructor(open: typeof pcsclite) {
    this.#open = open
  }

  watch(listener: WatchListener): ReaderWatch {
    const watched = this.#begin()
    const readers = new Map<string, CardReader>()
    let isClosed = false
    const close = (): void => {
      isClosed = true
      for (const reader of readers.values()) reader.close()
      watched.close()
      this.#talkers.clear()
    }
    const tell = (report: () => void): void => {
      setImmediate(() => {
        if (!isClosed) report()
      })
    }
    const lose = (cause: Error): void =>
      tell(() => {
        close()
        listener.onLost(cause)
      })
    watched.on('error', lose)
    watched.on('reader', (reader) => {
      this.#makeReader = reader.constructor as ReaderConstructor
      readers.set(reader.name, reader)
      const talker = this.#makeTalker(reader.name)
      this.#talkers.set(reader.name, talker)
      // Whoever wants to talk to the card makes another one.
      talker.catch(() => this.#talkers.delete(reader.name))
      reader.on('error', lose)
      reader.on('status', ({ state }) => tell(() => listener.onReader(statusOf(reader, state))))
      reader.on('end', () =>
        tell(() => {
          reader.close()
          readers.delete(reader.name)
          this.#talkers.delete(reader.name)
          listener.onRemoved(reader.name)
        }),
      )
    })
    return { close }
  }

  open(reader: string): CardSession {
    return new Session({
      name: reader,
      talker: () => this.#talkers.get(reader) ?? this.#makeTalker(reader),
      forget: () => this.#talkers.delete(reader),
      look: () => this.#look(reader),
    })
  }

  #begin(): ReturnType<typeof pcsclite> {
    try {
      return this.#open()
    } catch (error) {
      throw new LinkError('link.closed', 'pcscd does not answer', { cause: error })
    }
  }

  /** An object that has watched, and does so no more. */
  async #makeTalker(name: string): Promise<CardReader> {
    const { reader, isClosed } = await this.#look(name)
    await isClosed
    return reader
  }

  /** What an object of its own sees first. */
  async #look(name: string): Promise<Sight> {
    if (this.#makeReader === undefined) throw new LinkError('link.closed', `reader '${name}' is unknown`)
    const reader = new this.#makeReader(name)
    keepUntilEnd(reader)
    const seen = called<Uint8Array>((done) =>
      reader.get_status((error: Failure, _state, atr) => done(error, Uint8Array.from(atr ?? []))),
    )
    // An object that is closed before it has seen anything never calls back.
    const close = async (): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, SETTLING_MS))
      reader.close()
    }
    const isClosed = seen.then(close, close)
    return { reader, isClosed, atr: await seen }
  }
}

interface SessionOptions {
  readonly name: string
  talker(): Promise<CardReader>
  /** The talker is of no use any more. */
  forget(): void
  look(): Promise<Sight>
}

class Session implements CardSession {
  readonly #options: SessionOptions
  #reader: CardReader | undefined
  #protocol = 0

  constructor(options: SessionOptions) {
    this.#options = options
  }

  async reset(kind: ResetKind): Promise<Reset> {
    return this.#try(async () => {
      // Connecting to a card that has power does not reset it.
      const connected = this.#reader ?? (await this.#connect(await this.#options.talker()))
      await this.#disconnect(connected, kind === 'cold' ? UNPOWER_CARD : RESET_CARD)
      await this.#connect(connected)
      const { atr } = await this.#options.look()
      return { protocol: this.#protocol === PROTOCOL_T0 ? 't0' : 't1', atr }
    })
  }

  async transmit(command: Uint8Array, maxResponseBytes: number): Promise<Uint8Array> {
    return this.#try(() => {
      const reader = this.#reader
      if (reader === undefined)
        throw new LinkError('link.closed', `reader '${this.#options.name}' is not connected`)
      const bytes = Buffer.from(command)
      return called((done) => reader.transmit(bytes, maxResponseBytes, this.#protocol, done))
    })
  }

  async close(): Promise<void> {
    const reader = this.#reader
    if (reader !== undefined) await this.#try(() => this.#disconnect(reader, UNPOWER_CARD))
  }

  async #connect(reader: CardReader): Promise<CardReader> {
    const options = { share_mode: SHARE_EXCLUSIVE, protocol: PROTOCOL_T0 | PROTOCOL_T1 }
    this.#protocol = await called((done) => reader.connect(options, done))
    this.#reader = reader
    return reader
  }

  async #disconnect(reader: CardReader, disposition: number): Promise<void> {
    this.#reader = undefined
    try {
      await called((done) => reader.disconnect(disposition, (error: Failure) => done(error, undefined)))
    } catch (error) {
      // It takes itself for connected still, and would not connect again.
      this.#options.forget()
      throw error
    }
  }

  async #try<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work()
    } catch (error) {
      if (error instanceof LinkError) throw error
      throw failureOf(this.#options.name, codeIn(error), error)
    }
  }
}

type CardReader = Parameters<Parameters<ReturnType<typeof pcsclite>['on']>[1]>[0]
type ReaderConstructor = new (name: string) => CardReader
type Failure = Error | null | undefined

interface Sight {
  readonly reader: CardReader
  readonly atr: Uint8Array
  /** It watches no more. */
  readonly isClosed: Promise<void>
}

/** The result of a call with a callback. */
function called<Result>(start: (done: (error: Failure, result: Result) => void) => void): Promise<Result> {
  return new Promise((resolve, reject) => {
    start((error, result) => setImmediate(() => (error ? reject(error) : resolve(result))))
  })
}

function statusOf(reader: CardReader, state: number): ReaderStatus {
  const hasCard = (state & reader.SCARD_STATE_PRESENT) !== 0
  return { reader: reader.name, hasCard, eventCount: state >>> EVENT_COUNT_SHIFT }
}

/** The addon writes to a watching object until a moment after the event `_end`, whether anybody has it or not. */
function keepUntilEnd(reader: CardReader): void {
  watching.add(reader)
  // The event is one of the addon's own, missing from its types.
  const onEnd = reader.on.bind(reader) as (event: string, listener: () => void) => void
  onEnd('_end', () => setImmediate(() => setImmediate(() => watching.delete(reader))))
}

function codeIn(error: unknown): number | undefined {
  const [, code] = (error instanceof Error && /\((0x[0-9a-f]+)\)/.exec(error.message)) || []
  return code === undefined ? undefined : Number(code)
}

const watching = new Set<CardReader>()
const SHARE_EXCLUSIVE = 1
const PROTOCOL_T0 = 1
const PROTOCOL_T1 = 2
const RESET_CARD = 1
const UNPOWER_CARD = 2
const EVENT_COUNT_SHIFT = 16
const SETTLING_MS = 50
