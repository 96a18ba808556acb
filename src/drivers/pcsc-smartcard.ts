// Card readers through the addon smartcard: the only file that loads it. Traps of version 3.7.0, each seen or read in
// its source, that decide the shape of this file:
//   - commands on one context wait for each other: each reader gets a context of its own;
//   - listReaders, disconnect, atr and close are synchronous, and stop the process while a command runs on their
//     context: here they are called only between commands;
//   - its ReaderMonitor forgets a card that comes in while the list of readers changes: we wait for changes ourselves;
//   - errors have a text and no code.

import type { CardInterface as Card, ContextInterface as Context, ReaderState } from 'smartcard'
import type { ResetKind } from './driver.ts'
import { ElementError, LinkError } from './errors.ts'
import { failureOf, SCARD } from './pcsc-errors.ts'
import type {
  CardLibrary,
  CardSession,
  ReaderStatus,
  ReaderWatch,
  Reset,
  WatchListener,
} from './pcsc-port.ts'

/** @throws LinkError link.closed when the addon is not installed */
export async function loadSmartcard(): Promise<CardLibrary> {
  try {
    const { Context } = await import('smartcard')
    return new Smartcard(() => new Context())
  } catch (error) {
    const message = 'the addon smartcard is not installed: it needs a compiler and libpcsclite-dev at npm ci'
    throw new LinkError('link.closed', message, { cause: error })
  }
}

class Smartcard implements CardLibrary {
  readonly name = 'smartcard'
  readonly #newContext: () => Context

  constructor(newContext: () => Context) {
    this.#newContext = newContext
  }

  watch(listener: WatchListener): ReaderWatch {
    try {
      const watch = new Watch(this.#newContext(), listener)
      watch.start()
      return watch
    } catch (error) {
      throw new LinkError('link.closed', 'pcscd does not answer', { cause: error })
    }
  }

  open(reader: string): CardSession {
    return new Session(reader, this.#newContext)
  }
}

/** All readers, waited for in one call that occupies a thread of the pool. */
class Watch implements ReaderWatch {
  readonly #context: Context
  readonly #listener: WatchListener
  /** As they were when last told of, by name. */
  #readers = new Map<string, ReaderState>()
  #list: ReaderState = { name: LIST_NAME, state: 0, changed: false, atr: null }
  #isClosed = false
  #isWaiting = false

  constructor(context: Context, listener: WatchListener) {
    this.#context = context
    this.#listener = listener
  }

  start(): void {
    this.#wait().catch((error: unknown) => {
      if (this.#isClosed) return
      this.close()
      this.#listener.onLost(error instanceof Error ? error : new Error(String(error)))
    })
  }

  close(): void {
    this.#isClosed = true
    if (this.#isWaiting) this.#cancel()
    else this.#context.close()
  }

  /** Until it is felt: a wait that is still on its way to its thread does not feel it. */
  #cancel(): void {
    if (!this.#isWaiting) return
    this.#context.cancel()
    setTimeout(() => this.#cancel(), CANCEL_AGAIN_MS)
  }

  async #wait(): Promise<void> {
    // A reader that comes between the listing and the wait raises no event: after each event we list once more.
    let patienceMs = SETTLING_MS
    for (;;) {
      this.#listReaders()
      const states = await this.#changesWithin(patienceMs)
      if (states === 'closed') return
      for (const state of states) this.#take(state)
      patienceMs = states.length === 0 ? FOREVER_MS : SETTLING_MS
    }
  }

  async #changesWithin(patienceMs: number): Promise<readonly ReaderState[] | 'closed'> {
    this.#isWaiting = true
    try {
      const states = await this.#context.waitForChange([...this.#readers.values(), this.#list], patienceMs)
      return this.#isClosed ? 'closed' : (states ?? 'closed')
    } catch (error) {
      // A reader that went between the listing and the wait.
      if (codeIn(error) === SCARD.E_UNKNOWN_READER) return [this.#list]
      throw error
    } finally {
      this.#isWaiting = false
      if (this.#isClosed) this.#context.close()
    }
  }

  #listReaders(): void {
    const found = this.#context.listReaders()
    const names = new Set(found.map(({ name }) => name))
    for (const name of this.#readers.keys()) {
      if (names.has(name)) continue
      this.#readers.delete(name)
      this.#listener.onRemoved(name)
    }
    for (const { name, state } of found) this.#take({ name, state, changed: true, atr: null })
  }

  #take(state: ReaderState): void {
    if (state.name === LIST_NAME) {
      this.#list = state
      return
    }
    this.#readers.set(state.name, state)
    this.#listener.onReader(statusOf(state))
  }
}

class Session implements CardSession {
  readonly #name: string
  readonly #newContext: () => Context
  #context: Context | undefined
  #card: Card | undefined

  constructor(name: string, newContext: () => Context) {
    this.#name = name
    this.#newContext = newContext
  }

  async reset(kind: ResetKind): Promise<Reset> {
    try {
      return await this.#try(() => this.#reset(kind))
    } catch (error) {
      // The next one connects anew: what is left of this connection may be of no use.
      this.#context?.close()
      this.#context = undefined
      this.#card = undefined
      throw error
    }
  }

  async transmit(command: Uint8Array, maxResponseBytes: number): Promise<Uint8Array> {
    return this.#try(() => {
      if (this.#card === undefined)
        throw new LinkError('link.closed', `reader '${this.#name}' is not connected`)
      return this.#card.transmit(Buffer.from(command), { maxRecvLength: maxResponseBytes })
    })
  }

  async close(): Promise<void> {
    const [card, context] = [this.#card, this.#context]
    this.#card = undefined
    this.#context = undefined
    try {
      await this.#try(() => Promise.resolve(card?.disconnect(UNPOWER_CARD)))
    } finally {
      context?.close()
    }
  }

  async #reset(kind: ResetKind): Promise<Reset> {
    const card = (this.#card ??= await this.#connect())
    const initialization = kind === 'cold' ? UNPOWER_CARD : RESET_CARD
    const protocol = await card.reconnect(SHARE_EXCLUSIVE, PROTOCOL_T0 | PROTOCOL_T1, initialization)
    const { atr } = card
    if (atr === null) throw new ElementError('element.mute', `reader '${this.#name}': no ATR`)
    return { protocol: protocol === PROTOCOL_T0 ? 't0' : 't1', atr: Uint8Array.from(atr) }
  }

  async #connect(): Promise<Card> {
    this.#context = this.#newContext()
    const reader = this.#context.listReaders().find(({ name }) => name === this.#name)
    if (reader === undefined) throw failureOf(this.#name, SCARD.E_UNKNOWN_READER, undefined)
    return reader.connect(SHARE_EXCLUSIVE, PROTOCOL_T0 | PROTOCOL_T1)
  }

  async #try<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work()
    } catch (error) {
      if (error instanceof LinkError || error instanceof ElementError) throw error
      throw failureOf(this.#name, codeIn(error), error)
    }
  }
}

function statusOf({ name, state }: ReaderState): ReaderStatus {
  return { reader: name, hasCard: (state & STATE_PRESENT) !== 0, eventCount: state >>> EVENT_COUNT_SHIFT }
}

function codeIn(error: unknown): number | undefined {
  return error instanceof Error ? CODES.get(error.message) : undefined
}

/** The texts of the addon's pcsc_errors.h. */
const CODES: ReadonlyMap<string, number> = new Map([
  ['Insufficient buffer', SCARD.E_INSUFFICIENT_BUFFER],
  ['Unknown reader', SCARD.E_UNKNOWN_READER],
  ['Sharing violation', SCARD.E_SHARING_VIOLATION],
  ['No smart card present', SCARD.E_NO_SMARTCARD],
  ['Protocol mismatch', SCARD.E_PROTO_MISMATCH],
  ['Transaction failed', SCARD.E_NOT_TRANSACTED],
  ['Card is not supported', SCARD.W_UNSUPPORTED_CARD],
  ['Card is unresponsive', SCARD.W_UNRESPONSIVE_CARD],
  ['Card is unpowered', SCARD.W_UNPOWERED_CARD],
  ['Card was reset', SCARD.W_RESET_CARD],
  ['Card was removed', SCARD.W_REMOVED_CARD],
])
/** The name under which PC/SC waits for changes of the list of readers. */
const LIST_NAME = '\\\\?PnP?\\Notification'
const SHARE_EXCLUSIVE = 1
const PROTOCOL_T0 = 1
const PROTOCOL_T1 = 2
const RESET_CARD = 1
const UNPOWER_CARD = 2
const STATE_PRESENT = 0x20
const EVENT_COUNT_SHIFT = 16
const SETTLING_MS = 1000
const CANCEL_AGAIN_MS = 20
/** INFINITE of pcsclite.h. */
const FOREVER_MS = 0xffffffff
