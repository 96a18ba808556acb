// The service plane: hands each client to a session of its own, and ends them all.

import type { Clock } from '../base/clock.ts'
import { messageOf } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { type PlaneObserver, UNOBSERVED } from '../base/plane-events.ts'
import { Connection } from '../net/connection.ts'
import { type Client, Listener, type ListenerOptions } from '../net/listener.ts'
import { LeaseError } from '../slots/errors.ts'
import type { Inventory } from '../slots/inventory.ts'
import { type SessionLimits, serveSession } from './session.ts'

export interface TlsSeOptions extends SessionLimits, ListenerOptions {}

export interface TlsSeEnvironment {
  readonly clock: Clock
  readonly log: Log
  readonly inventory: Inventory
  readonly observer?: PlaneObserver
}

export class TlsSeServer {
  readonly #options: TlsSeOptions
  readonly #environment: TlsSeEnvironment
  readonly #listener: Listener
  readonly #connections = new Map<Connection, Promise<void>>()

  private constructor(options: TlsSeOptions, environment: TlsSeEnvironment, listener: Listener) {
    this.#options = options
    this.#environment = environment
    this.#listener = listener
  }

  /** Starts to listen. Rejects with the system's error when the address cannot be bound. */
  static async listen(options: TlsSeOptions, environment: TlsSeEnvironment): Promise<TlsSeServer> {
    const { log } = environment
    const listener = await Listener.open(options, {
      log,
      refusedEvent: 'session.refused',
      onClient: (client) => plane.#serve(client),
    })
    const plane = new TlsSeServer(options, environment, listener)
    return plane
  }

  /** Where it listens, `address:port`. */
  get address(): string {
    return this.#listener.address
  }

  get isAccepting(): boolean {
    return this.#listener.isAccepting
  }

  get connections(): number {
    return this.#connections.size
  }

  /** Accepts nobody more; resolves when every session has ended by itself. */
  drain(): Promise<void> {
    return this.#listener.close()
  }

  /** Accepts nobody more, ends every session after the command that is under way, and waits for them. */
  async close(): Promise<void> {
    const stopped = this.#listener.close()
    const error = new LeaseError('lease.revoked', 'the gateway is stopping')
    for (const connection of this.#connections.keys()) connection.fail(error)
    await Promise.all(this.#connections.values())
    await stopped
  }

  #serve({ socket, peer, leave }: Client): void {
    const { clock, log, inventory, observer = UNOBSERVED } = this.#environment
    const connection = new Connection(socket, clock)
    const served = serveSession(connection, peer, { clock, log, inventory, observer, limits: this.#options })
      .catch((error: unknown) => log.error('session.crashed', { peer, cause: messageOf(error) }))
      .finally(() => {
        this.#connections.delete(connection)
        leave()
      })
    this.#connections.set(connection, served)
  }
}
