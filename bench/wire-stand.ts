// An emulated bus with elements that answer 9000 by rote, and the processes that use it.

import { systemClock } from '../src/base/clock.ts'
import { wireCardOf } from '../src/simulator/wire-card.ts'
import { type Device, Rig } from '../test/rig/rig.ts'
import { roteCard } from '../test/support/wire-bench.ts'
import { Child } from './child.ts'
import type { DriverOrder, DriverTask } from './children/wire-driver.ts'
import type { FloorOrder } from './children/wire-floor.ts'
import { missingRow, type Row } from './row.ts'
import type { Stretch, WireTurn } from './wire-lanes.ts'
import { CLOCK_HZ } from './wire-limit.ts'

export const BUS = 1
export const ADDRESSES = {
  driver: [0x48, 0x49, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e, 0x4f],
  floor: 0x50,
  /** One for each size of command. */
  gateway: [0x51, 0x52, 0x53],
} as const

/** `rows` without figures, when there can be no emulated bus here. */
export function missingRows(rows: readonly string[]): Row[] | undefined {
  const reason = Rig.isMissing('i2c-bus')
  return reason === false ? undefined : rows.map((name) => missingRow(name, reason))
}

export class WireStand implements AsyncDisposable {
  readonly #rig: Rig
  readonly #elements: Elements
  readonly #driver: Child
  #floor: Child | undefined

  private constructor(rig: Rig, elements: Elements) {
    this.#rig = rig
    this.#elements = elements
    this.#driver = new Child('wire-driver.ts', rig.env)
  }

  /** @param count  of elements that our driver opens, at most as many as it has addresses */
  static async start(count: number): Promise<WireStand> {
    const elements = new Elements()
    const addresses = [...ADDRESSES.driver, ADDRESSES.floor, ...ADDRESSES.gateway]
    const devices = Object.fromEntries(addresses.map((address) => [address, elements.next()]))
    const rig = await Rig.start({ timing: 'real', buses: { [BUS]: { clockHz: CLOCK_HZ, devices } } })
    const stand = new WireStand(rig, elements)
    const order: DriverOrder = { open: { bus: BUS, addresses: ADDRESSES.driver.slice(0, count) } }
    await stand.#driver.ask(order)
    return stand
  }

  /** For a process that uses the bus. */
  get env(): NodeJS.ProcessEnv {
    return this.#rig.env
  }

  /** How long every element takes for a command from now on. */
  set elementMs(ms: number) {
    this.#elements.ms = ms
  }

  /** Commands through our driver. */
  transmit(task: DriverTask): Promise<WireTurn> {
    const order: DriverOrder = { task }
    return this.#driver.ask(order)
  }

  /** The same accesses without it, on one element. */
  floor(calls: FloorOrder['calls'], task: Stretch & { readonly commandBytes: number }): Promise<WireTurn> {
    const order: FloorOrder = { bus: BUS, address: ADDRESSES.floor, calls, ...task }
    this.#floor ??= new Child('wire-floor.ts', this.#rig.env)
    return this.#floor.ask(order)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#driver[Symbol.asyncDispose]()
    await this.#floor?.[Symbol.asyncDispose]()
    await this.#rig[Symbol.asyncDispose]()
  }
}

/**
 * Chips whose clock is the wire's: a command has arrived with its last bit, an answer is there or not at the first
 * bit of a read. By the clock of this process a chip would begin to compute as soon as it hears of a write, that is
 * before the bytes are on the wire.
 */
class Elements {
  ms = 0
  #nowMs = 0

  next(): Device {
    const chip = wireCardOf({
      ...{ framing: 'nxp', medium: 'i2c', busy: 'nack', card: roteCard() },
      // What an access of the addon takes more than the wire is a longer gap than this.
      parameters: { gapUs: 10 },
      clock: { ...systemClock, now: () => this.#nowMs },
      latency: () => this.ms,
    })
    return {
      write: (bytes, endsAtNs) => {
        this.#nowMs = endsAtNs / 1e6
        return chip.write(bytes)
      },
      read: (length, startsAtNs) => {
        this.#nowMs = startsAtNs / 1e6
        return chip.read(length)
      },
    }
  }
}
