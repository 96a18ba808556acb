// The gateway as it is started, on an emulated bus, and a client of its administration plane that sends one APDU after
// the other.

import { Child, operatorCredentials, type RunningGateway, startGateway } from './child.ts'
import type { Lane } from './racs-stand.ts'
import { type Exchange, lines } from './racs-texts.ts'
import type { WireTurn } from './wire-lanes.ts'
import { ADDRESSES, BUS } from './wire-stand.ts'

export class WireGateway implements AsyncDisposable {
  readonly #gateway: RunningGateway
  readonly #client = new Child('racs-client.ts')

  private constructor(gateway: RunningGateway) {
    this.#gateway = gateway
  }

  /** @param env  of the bus */
  static async start(env: NodeJS.ProcessEnv): Promise<WireGateway> {
    return new WireGateway(await startGateway(SLOTS, env))
  }

  /** @param address  of an element that nobody had before: whoever leaves one has it reset, and that takes time */
  async open(address: number, commandBytes: number): Promise<void> {
    const lane: Lane = {
      prelude: [exchangeOf(address, SELECT)],
      exchange: exchangeOf(address, commandOf(commandBytes)),
    }
    const { racsPort: port } = this.#gateway
    await this.#client.ask({
      open: { port, credentials: operatorCredentials(), lanes: [lane], warmUp: WARM_UP },
    })
  }

  async turn(rounds: number): Promise<WireTurn> {
    const { elapsedMs, roundTripsUs } = await this.#client.ask<Driven>({ rounds })
    return { rate: (1000 * rounds) / elapsedMs, roundTripsUs }
  }

  async close(): Promise<void> {
    await this.#client.ask({ close: true })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#client, this.#gateway].map((process) => process[Symbol.asyncDispose]()))
  }
}

interface Driven {
  readonly elapsedMs: number
  readonly roundTripsUs: readonly number[]
}

function exchangeOf(address: number, command: Uint8Array): Exchange {
  const hex = Buffer.from(command).toString('hex').toUpperCase()
  return {
    request: lines(`APDU i2c-${BUS}-${address.toString(16)} ${hex}`),
    answer: lines('+006 001 9000'),
  }
}

function commandOf(commandBytes: number): Uint8Array {
  const command = new Uint8Array(commandBytes).fill(0x5a)
  command.set([0x00, 0xda, 0x00, 0x00, commandBytes - 5])
  return command
}

const SELECT = Uint8Array.of(0x00, 0xa4, 0x04, 0x00, 0x00)
const WARM_UP = 20
const SLOTS = ADDRESSES.gateway
  .map((address) => `[[slots]]\ndriver = "i2c"\nbus = ${BUS}\naddress = ${address}\nframing = "nxp"\n`)
  .join('')
