// The listener of the service plane: accepts, counts, and hands each client to a session of its own.

import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { Clock } from '../base/clock.ts'
import { messageOf } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { Admission, type AdmissionLimits } from '../net/admission.ts'
import { Connection } from '../net/connection.ts'
import { LeaseError } from '../slots/errors.ts'
import type { Inventory } from '../slots/inventory.ts'
import { type SessionLimits, serveSession } from './session.ts'

export interface TlsSeOptions extends SessionLimits, AdmissionLimits {
  readonly host: string
  readonly port: number
}

export interface TlsSeEnvironment {
  readonly clock: Clock
  readonly log: Log
  readonly inventory: Inventory
}

export class TlsSeServer {
  readonly #options: TlsSeOptions
  readonly #environment: TlsSeEnvironment
  readonly #server: Server
  readonly #connections = new Map<Connection, Promise<void>>()
  readonly #admission: Admission

  private constructor(options: TlsSeOptions, environment: TlsSeEnvironment) {
    this.#options = options
    this.#environment = environment
    this.#admission = new Admission(options)
    // noDelay: a record must never wait for the acknowledgement of the one before.
    const settings = { allowHalfOpen: true, noDelay: true }
    this.#server = createServer(settings, (socket) => this.#accept(socket))
  }

  /** Starts to listen. Rejects with the system's error when the address cannot be bound. */
  static async listen(options: TlsSeOptions, environment: TlsSeEnvironment): Promise<TlsSeServer> {
    const plane = new TlsSeServer(options, environment)
    await new Promise<void>((resolve, reject) => {
      plane.#server.once('error', reject)
      plane.#server.listen({ host: options.host, port: options.port, backlog: BACKLOG }, () => {
        plane.#server.off('error', reject)
        plane.#server.on('error', (error) =>
          environment.log.warn('plane.accept-failed', { cause: messageOf(error) }),
        )
        resolve()
      })
    })
    return plane
  }

  /** Where it listens, `address:port`. */
  get address(): string {
    const { address, family, port } = this.#server.address() as AddressInfo
    return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`
  }

  get connections(): number {
    return this.#connections.size
  }

  /** Accepts nobody more, ends every session after the command that is under way, and waits for them. */
  async close(): Promise<void> {
    const stopped = new Promise((resolve) => this.#server.close(resolve))
    const error = new LeaseError('lease.revoked', 'the gateway is stopping')
    for (const connection of this.#connections.keys()) connection.fail(error)
    await Promise.all(this.#connections.values())
    await stopped
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
      this.#environment.log.info('session.refused', { peer, cause: refusal })
      socket.destroy()
      return
    }
    this.#serve(socket, remoteAddress, peer)
  }

  #serve(socket: Socket, address: string, peer: string): void {
    const { clock, log, inventory } = this.#environment
    const leave = this.#admission.enter(address)
    const connection = new Connection(socket, clock)
    const served = serveSession(connection, peer, { clock, log, inventory, limits: this.#options })
      .catch((error: unknown) => log.error('session.crashed', { peer, cause: messageOf(error) }))
      .finally(() => {
        this.#connections.delete(connection)
        leave()
      })
    this.#connections.set(connection, served)
  }
}

/** Connections that the kernel completes before we accept them; it lowers this to net.core.somaxconn. */
const BACKLOG = 4_096
