// A card behind a Unix socket, so that it outlives whoever uses it. One client at a time; losing the client is
// losing power.

import { chmodSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { type Clock, sleepUntil } from '../base/clock.ts'
import { CONTROL, FrameReader, frameOf } from '../base/vpcd-frames.ts'
import { APDU_SCRATCH_BYTES } from '../drivers/driver.ts'
import type { Card } from './card.ts'
import type { LatencyProfile, LatencyStep } from './latency.ts'

export interface CardServerOptions {
  readonly card: Card
  /** Path of the socket; nothing may be there yet. The file gets mode 0600, and is removed on disposal. */
  readonly path: string
  readonly clock: Clock
  readonly latency: LatencyProfile
}

/** Serves the card until disposed. Rejects with the system's error when the socket cannot be made. */
export async function serveCard(options: CardServerOptions): Promise<AsyncDisposable> {
  const seat = new Seat(options)
  const server = createServer({ pauseOnConnect: true }, (socket) => seat.offer(socket))
  await listening(server, options.path)
  return {
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      seat.close()
      await closed
    },
  }
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    // The socket file exists from within listen() on, so its mode must be right before the event.
    const umask = process.umask(0o177)
    server.listen(path, () => {
      server.off('error', reject)
      chmodSync(path, 0o600)
      resolve()
    })
    process.umask(umask)
  })
}

/** The one place in front of the card, and the one client that may wait for it. */
class Seat {
  readonly #options: CardServerOptions
  #client: Client | undefined
  #next: Socket | undefined

  constructor(options: CardServerOptions) {
    this.#options = options
  }

  /** A new client gets the place if it is free, or will be in a moment because its holder is dying. */
  offer(socket: Socket): void {
    socket.on('error', () => socket.destroy())
    if (this.#client === undefined) {
      this.#take(socket)
      return
    }
    if (this.#next !== undefined) {
      socket.destroy()
      return
    }
    this.#next = socket
    const { clock } = this.#options
    const patience = clock.at(clock.now() + TAKEOVER_MS, () => {
      if (this.#next !== socket) return
      this.#next = undefined
      socket.destroy()
    })
    socket.once('close', () => {
      patience.cancel()
      if (this.#next === socket) this.#next = undefined
    })
  }

  close(): void {
    this.#next?.destroy()
    this.#next = undefined
    this.#client?.socket.destroy()
  }

  #take(socket: Socket): void {
    const client = new Client(socket, this.#options)
    this.#client = client
    socket.once('close', () => {
      this.#client = undefined
      const next = this.#next
      this.#next = undefined
      if (next !== undefined) this.#take(next)
    })
    client.start()
  }
}

/** A connection that has the card: its frames are answered one after the other. */
class Client {
  readonly socket: Socket
  readonly #options: CardServerOptions
  readonly #reader = new FrameReader(APDU_SCRATCH_BYTES)
  /** The ATR since the card was powered on; none while it is off, as it is for each new client. */
  #atr: Uint8Array | undefined
  #unanswered = 0
  #work: Promise<void> = Promise.resolve()

  constructor(socket: Socket, options: CardServerOptions) {
    this.socket = socket
    this.#options = options
  }

  start(): void {
    this.socket.on('data', (chunk: Uint8Array) => this.#receive(chunk))
    this.socket.resume()
  }

  #receive(chunk: Uint8Array): void {
    const payloads = this.#reader.push(chunk)
    this.#unanswered += payloads?.length ?? 0
    // A reader waits for each answer. Who sends on and on, or never reads, is none.
    if (
      payloads === undefined ||
      this.#unanswered > MAX_UNANSWERED ||
      this.socket.writableLength > MAX_UNREAD_BYTES
    ) {
      this.socket.destroy()
      return
    }
    for (const payload of payloads) this.#work = this.#work.then(() => this.#serve(payload))
  }

  async #serve(payload: Uint8Array): Promise<void> {
    if (this.socket.destroyed) return
    const answer =
      payload.length > 1 ? await this.#apdu(payload) : await this.#control(payload[0] ?? EMPTY_FRAME)
    this.#unanswered -= 1
    if (!this.socket.writable) return
    if (answer === 'not a reader') this.socket.destroy()
    else if (answer !== undefined) this.socket.write(frameOf(answer))
  }

  /** An empty answer stands for a mute card: it is off. */
  async #apdu(apdu: Uint8Array): Promise<Uint8Array> {
    if (this.#atr === undefined) return NOTHING
    const { response, step } = this.#options.card.process(apdu)
    await this.#spend(step)
    return response
  }

  async #control(code: number): Promise<Uint8Array | 'not a reader' | undefined> {
    switch (code) {
      case CONTROL.POWER_OFF:
        this.#atr = undefined
        return undefined
      case CONTROL.POWER_ON:
      case CONTROL.RESET:
        this.#atr = this.#options.card.reset()
        await this.#spend('reset')
        return undefined
      case CONTROL.GET_ATR:
        return this.#atr ?? NOTHING
      default:
        return 'not a reader'
    }
  }

  async #spend(step: LatencyStep): Promise<void> {
    const { clock, latency } = this.#options
    if (latency[step] > 0) await sleepUntil(clock, clock.now() + latency[step])
  }
}

const EMPTY_FRAME = -1
const NOTHING = new Uint8Array(0)
const TAKEOVER_MS = 250
const MAX_UNANSWERED = 16
const MAX_UNREAD_BYTES = 16_384
