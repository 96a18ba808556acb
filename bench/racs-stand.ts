// The administration plane and its echo with clients of their own, measured in turns.

import { TestCa } from '../test/support/certificates.ts'
import { Child } from './child.ts'
import type { Credentials, Exchange } from './racs-texts.ts'
import type { Pace } from './row.ts'

/** One connection: what it sends first, to the gateway only, and what it repeats. */
export interface Lane {
  readonly prelude: readonly Exchange[]
  readonly exchange: Exchange
}

export interface Subject {
  /** Common name of the certificate: `star` may use all elements, `named` has each of them by name. */
  readonly user: 'star' | 'named'
  readonly lanes: readonly Lane[]
  /** Round trips of one turn, all lanes together. */
  readonly rounds: number
  readonly pace: Pace
}

/** What one side did in one turn. */
export interface Turn {
  /** Round trips a second. */
  readonly rate: number
  readonly roundTripsUs: readonly number[]
  /** Processor time of the server for one round trip. */
  readonly serverUs: number
}

export interface Turns {
  readonly gateway: readonly Turn[]
  readonly echo: readonly Turn[]
}

export class RacsStand implements AsyncDisposable {
  readonly #ca = new TestCa()
  readonly #server = new Child('racs-server.ts')
  /** One process for all clients of a side: it needs less time for a round trip than the gateway does. */
  readonly #clients = { gateway: new Child('racs-client.ts'), echo: new Child('racs-client.ts') }
  #ports = { gatewayPort: 0, echoPort: 0 }

  static async start(): Promise<RacsStand> {
    const stand = new RacsStand()
    for (const name of ['server', 'star', 'named']) stand.#ca.issue(name)
    stand.#ports = await stand.#server.ask({ listen: stand.#credentialsOf('server') })
    return stand
  }

  /** Gateway and echo in turns, so that the machine's moods meet both alike. */
  async measure({ user, lanes, rounds, pace }: Subject): Promise<Turns> {
    const { gateway, echo } = this.#clients
    const { gatewayPort, echoPort } = this.#ports
    const credentials = this.#credentialsOf(user)
    await this.#server.ask({ play: lanes[0]?.exchange })
    await gateway.ask({ open: { port: gatewayPort, credentials, lanes } })
    const bare = lanes.map(({ exchange }) => ({ exchange, prelude: [] }))
    await echo.ask({ open: { port: echoPort, credentials, lanes: bare } })
    const turns: { gateway: Turn[]; echo: Turn[] } = { gateway: [], echo: [] }
    for (let turn = 0; turn < TURNS[pace]; turn++) {
      turns.gateway.push(await this.#turn(gateway, rounds))
      turns.echo.push(await this.#turn(echo, rounds))
    }
    await gateway.ask({ close: true })
    await echo.ask({ close: true })
    return turns
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const children = [this.#server, this.#clients.gateway, this.#clients.echo]
    await Promise.all(children.map((child) => child[Symbol.asyncDispose]()))
    this.#ca[Symbol.dispose]()
  }

  async #turn(clients: Child, rounds: number): Promise<Turn> {
    const before = await this.#cpuUs()
    const { elapsedMs, roundTripsUs } = await clients.ask<Driven>({ rounds })
    const serverUs = ((await this.#cpuUs()) - before) / rounds
    return { rate: (1000 * rounds) / elapsedMs, roundTripsUs, serverUs }
  }

  async #cpuUs(): Promise<number> {
    return (await this.#server.ask<{ cpuUs: number }>({ report: 'cpuUs' })).cpuUs
  }

  #credentialsOf(name: string): Credentials {
    const [ca = '', cert = '', key = ''] = ['ca.pem', `${name}.pem`, `${name}.key`].map((file) =>
      this.#ca.read(file),
    )
    return { ca, cert, key }
  }
}

interface Driven {
  readonly elapsedMs: number
  readonly roundTripsUs: readonly number[]
}

const TURNS = { full: 6, quick: 3 }
