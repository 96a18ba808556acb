// A remote element as a card in a virtual reader of this machine: the lease, the reader, and how both come back.

import type { Clock } from '../base/clock.ts'
import { ClientError } from './errors.ts'
import type { RacsClient } from './racs.ts'
import { RemoteCard } from './remote-card.ts'
import { dialVpcd, serveVpcd, type VirtualReader } from './vpcd.ts'

export interface AttachOptions {
  readonly seid: string
  readonly reader: VirtualReader
  readonly clock: Clock
  /** For each connection, and for each answer of the gateway. */
  readonly timeoutMs: number
  /** A new session with the gateway. @throws ClientError */
  readonly connect: (signal: AbortSignal) => Promise<RacsClient>
  /** The element is in the reader, for the first time or again. */
  readonly onAttached: (card: Pick<RemoteCard, 'atr' | 'isAtrTold'>) => void
  /** It is not any more, or still not. */
  readonly onDetached: (error: ClientError, retryMs: number) => void
}

/**
 * Keeps the element in the reader until `signal` is aborted, then frees it. What fails before it has been there once
 * is final; afterwards lease and reader are sought again, at growing intervals. A command that may have run is not
 * sent again: its card is pulled.
 * @throws ClientError
 */
export async function attach(options: AttachOptions, signal: AbortSignal): Promise<void> {
  try {
    await new Attachment(options, signal).run()
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

class Attachment {
  readonly #options: AttachOptions
  readonly #signal: AbortSignal
  #waitMs = FIRST_WAIT_MS
  /** When it was last seen in the reader; undefined before it was. */
  #seenAt: number | undefined

  constructor(options: AttachOptions, signal: AbortSignal) {
    this.#options = options
    this.#signal = signal
  }

  run(): Promise<never> {
    return this.#again(
      () => this.#lease(),
      (error) => this.#mayHeal(error),
    )
  }

  /** Has the lease until something is wrong with it. */
  async #lease(): Promise<never> {
    await using card = new RemoteCard(await this.#options.connect(this.#signal), this.#options)
    const release = (): void => {
      // A failure comes up where the card is disposed of.
      card[Symbol.asyncDispose]().catch(() => undefined)
    }
    this.#signal.addEventListener('abort', release)
    try {
      await card.take()
      return await this.#again(
        () => this.#show(card),
        (error) => error.code === 'client.reader',
      )
    } finally {
      this.#signal.removeEventListener('abort', release)
    }
  }

  /** Has the card in the reader until one of them is gone. */
  async #show(card: RemoteCard): Promise<never> {
    const { reader, clock, timeoutMs, onAttached } = this.#options
    const deadline = clock.now() + timeoutMs
    const socket = await dialVpcd(reader, { clock, deadline, signal: this.#signal })
    card.onLost = (error) => socket.destroy(error)
    if (card.failure !== undefined) socket.destroy(card.failure)
    let since: number | undefined
    const onUse = (): void => {
      since = this.#seenAt = clock.now()
      onAttached(card)
    }
    try {
      return await serveVpcd(socket, card, { clock, onUse })
    } finally {
      if (since !== undefined) {
        this.#seenAt = clock.now()
        if (this.#seenAt - since >= MAX_WAIT_MS) this.#waitMs = FIRST_WAIT_MS
      }
    }
  }

  /** Does `work` again after a pause, as long as `mayHeal` says so of its failure. */
  async #again(work: () => Promise<never>, mayHeal: (error: ClientError) => boolean): Promise<never> {
    for (;;) {
      try {
        await work()
      } catch (error) {
        const isFinal = this.#signal.aborted || this.#seenAt === undefined
        if (isFinal || !(error instanceof ClientError) || !mayHeal(error)) throw error
        await this.#pause(error)
      }
    }
  }

  async #pause(error: ClientError): Promise<void> {
    const { clock, onDetached } = this.#options
    const waitMs = this.#waitMs
    this.#waitMs = Math.min(2 * waitMs, MAX_WAIT_MS)
    onDetached(error, waitMs)
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        timer.cancel()
        this.#signal.removeEventListener('abort', wake)
        resolve()
      }
      const timer = clock.at(clock.now() + waitMs, wake)
      this.#signal.addEventListener('abort', wake)
    })
    this.#signal.throwIfAborted()
  }

  /** Whether another lease may be had after this. */
  #mayHeal({ code, status }: ClientError): boolean {
    if (code === 'client.request') return false
    switch (status?.code.charAt(0)) {
      case undefined:
      case '8':
      case '9':
        return true
      case '7':
        // The gateway may not have seen yet that our last session was cut.
        return this.#options.clock.now() - (this.#seenAt ?? 0) < GHOST_MS
      default:
        return false
    }
  }
}

const FIRST_WAIT_MS = 1_000
const MAX_WAIT_MS = 30_000
/** How long a gateway keeps a session that says nothing, by default. */
const GHOST_MS = 600_000
