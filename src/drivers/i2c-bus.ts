// One I2C bus that many elements share. Each transfer is a turn of its own, select included, and nobody holds the bus
// while an element computes.

import type { Log } from '../base/log.ts'
import { Turn } from '../base/turn.ts'
import { LinkError } from './errors.ts'
import type { I2cAdapter } from './i2c-adapter.ts'
import type { Outcome } from './link.ts'

/** Behind a PCA9548A or its like: `channel` 0..7 of the multiplexer at `mux`. */
export interface Segment {
  readonly mux: number
  readonly channel: number
}

export interface Place {
  /** 7-bit address. */
  readonly address: number
  /** Undefined: on the bus itself. */
  readonly segment?: Segment | undefined
}

export class I2cBus {
  readonly #adapter: I2cAdapter
  readonly #log: Log
  readonly #turn = new Turn()
  /** What was last written to each multiplexer; undefined after a failure: unknown. */
  readonly #selected = new Map<number, number | undefined>()

  constructor(adapter: I2cAdapter, log: Log) {
    this.#adapter = adapter
    this.#log = log
  }

  /** One write transfer to `place`, in turn. @throws LinkError link.stuck, link.closed */
  write(place: Place, bytes: Uint8Array): Promise<Outcome> {
    return this.#transfer(place, () => this.#adapter.write(place.address, bytes))
  }

  /** One read transfer from `place`, in turn. @throws LinkError link.stuck, link.closed */
  read(place: Place, into: Uint8Array): Promise<Outcome> {
    return this.#transfer(place, () => this.#adapter.read(place.address, into))
  }

  /** Waits for the transfer under way, then closes. */
  close(): Promise<void> {
    return this.#turn.run(() => {
      this.#adapter.close()
      return Promise.resolve()
    })
  }

  #transfer({ segment }: Place, transfer: () => Promise<Outcome>): Promise<Outcome> {
    return this.#turn.run(async () => {
      try {
        await this.#select(segment)
        return await transfer()
      } catch (error) {
        if (error instanceof LinkError && error.code === 'link.stuck') this.#recover(error)
        throw error
      }
    })
  }

  /** Connects `segment` and disconnects every other: two segments may hold the same addresses. */
  async #select(segment: Segment | undefined): Promise<void> {
    for (const [mux, byte] of this.#selected) {
      if (mux !== segment?.mux && byte !== NO_CHANNEL) await this.#writeMux(mux, NO_CHANNEL)
    }
    if (segment === undefined) return
    const wanted = 1 << segment.channel
    if (this.#selected.get(segment.mux) !== wanted) await this.#writeMux(segment.mux, wanted)
  }

  async #writeMux(mux: number, byte: number): Promise<void> {
    this.#selected.set(mux, undefined)
    const outcome = await this.#adapter.write(mux, Uint8Array.of(byte))
    if (outcome === 'busy') {
      throw new LinkError('link.nack', `the multiplexer at 0x${mux.toString(16)} does not answer`)
    }
    this.#selected.set(mux, byte)
  }

  /** After a time-out nothing is known of the bus; the kernel's driver starts it anew when it is opened again. */
  #recover(error: LinkError): void {
    this.#adapter.reopen()
    for (const mux of this.#selected.keys()) this.#selected.set(mux, undefined)
    this.#log.warn('bus.recovered', { cause: error.message })
  }
}

const NO_CHANNEL = 0
