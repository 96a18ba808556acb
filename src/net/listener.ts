// A listening TCP socket of a plane: accepts, counts, refuses who is too many.

import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { messageOf } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { Admission, type AdmissionLimits } from './admission.ts'

export interface ListenerOptions extends AdmissionLimits {
  readonly host: string
  readonly port: number
  /** A socket that listens already; host and port count for nothing then. */
  readonly fd?: number | undefined
}

/** A client that was let in. */
export interface Client {
  /** Paused, half-open allowed, without Nagle's delay. */
  readonly socket: Socket
  /** `address:port`, for people. */
  readonly peer: string
  /** To be called once, when the client is over: it counts until then. */
  readonly leave: () => void
}

export interface ListenerEnvironment {
  readonly log: Log
  /** What the log calls a client that was sent away. */
  readonly refusedEvent: string
  onClient(client: Client): void
}

export class Listener {
  readonly #environment: ListenerEnvironment
  readonly #admission: Admission
  readonly #server: Server
  #closed: Promise<void> | undefined

  private constructor(options: ListenerOptions, environment: ListenerEnvironment) {
    this.#environment = environment
    this.#admission = new Admission(options)
    // noDelay: what is ready must never wait for the acknowledgement of what was sent before.
    const settings = { allowHalfOpen: true, noDelay: true }
    this.#server = createServer(settings, (socket) => this.#accept(socket))
  }

  /**
   * Starts to listen. Rejects with the system's error when the address cannot be bound, or `fd` is no listening TCP
   * socket.
   */
  static async open(options: ListenerOptions, environment: ListenerEnvironment): Promise<Listener> {
    const listener = new Listener(options, environment)
    const server = listener.#server
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      const { host, port, fd } = options
      // Not `backlog` among the options, which Node overlooks beside `fd`.
      server.listen(fd === undefined ? { host, port } : { fd }, BACKLOG, () => {
        server.off('error', reject)
        server.on('error', (error) =>
          environment.log.warn('plane.accept-failed', { cause: messageOf(error) }),
        )
        resolve()
      })
    })
    return listener
  }

  /** Where it listens, `address:port`. */
  get address(): string {
    const { address, family, port } = this.#server.address() as AddressInfo
    return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`
  }

  /** Whether it takes new clients. */
  get isAccepting(): boolean {
    return this.#server.listening
  }

  /** Accepts nobody more; resolves when the last connection is closed. May be called again. */
  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => this.#server.close(() => resolve()))
    return this.#closed
  }

  #accept(socket: Socket): void {
    const { remoteAddress, remotePort } = socket
    if (remoteAddress === undefined || remotePort === undefined) {
      // Reset before it was accepted.
      socket.destroy()
      return
    }
    const peer = `${remoteAddress}:${remotePort}`
    const refusal = this.#admission.refusalOf(remoteAddress)
    if (refusal !== undefined) {
      this.#environment.log.info(this.#environment.refusedEvent, { peer, cause: refusal })
      socket.destroy()
      return
    }
    this.#environment.onClient({ socket, peer, leave: this.#admission.enter(remoteAddress) })
  }
}

/** Connections that the kernel completes before we accept them; it lowers this to net.core.somaxconn. */
const BACKLOG = 4_096
