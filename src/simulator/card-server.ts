// A card behind a Unix socket, so that it outlives whoever uses it. One client at a time; losing the client is
// losing power.

import { chmodSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { APDU_SCRATCH_BYTES } from '../drivers/driver.ts'
import { CardEnd, type CardEndOptions } from './card-end.ts'

export interface CardServerOptions extends CardEndOptions {
  /** Path of the socket; nothing may be there yet. The file gets mode 0600, and is removed on disposal. */
  readonly path: string
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
  #client: CardEnd | undefined
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
    const client = new CardEnd(socket, this.#options, APDU_SCRATCH_BYTES)
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

const TAKEOVER_MS = 250
