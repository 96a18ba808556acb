// One I2C bus that many elements share. Each transfer is a turn of its own, select included, and nobody holds the bus
// while an element computes. A part of the bus that stays stuck is quarantined with its elements, and tried again.

import type { Clock, Timer } from '../base/clock.ts'
import { messageOf } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { Turn } from '../base/turn.ts'
import { LinkError } from './errors.ts'
import type { I2cAdapter } from './i2c-adapter.ts'
import type { Outcome } from './link.ts'
import { type BusCounts, noBusCounts } from './wire-counts.ts'

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

/** An element on the bus. */
export interface Member {
  readonly place: Place
  /** Nobody can reach it any more. */
  onLost(cause: string): void
  /** It can be reached again; what it was doing is not known. */
  onFound(): void
}

export interface I2cBusOptions {
  readonly adapter: I2cAdapter
  readonly clock: Clock
  readonly log: Log
}

export class I2cBus {
  readonly counts: BusCounts = noBusCounts()
  readonly #adapter: I2cAdapter
  readonly #clock: Clock
  readonly #log: Log
  readonly #turn = new Turn()
  /** What was last written to each multiplexer; undefined after a failure: unknown. */
  readonly #selected = new Map<number, number | undefined>()
  /** By multiplexer, what takes it through a reset. */
  readonly #muxResets = new Map<number, () => Promise<void>>()
  readonly #members = new Set<Member>()
  /** By part of the bus: times that it was stuck in a row. */
  readonly #strikes = new Map<string, number>()
  /** By part of the bus that is out of use: the next attempt. */
  readonly #quarantined = new Map<string, Timer>()
  #isClosed = false

  constructor({ adapter, clock, log }: I2cBusOptions) {
    this.#adapter = adapter
    this.#clock = clock
    this.#log = log
  }

  /** @returns takes the member out again */
  join(member: Member): () => void {
    this.#members.add(member)
    return () => this.#members.delete(member)
  }

  /** After a time-out multiplexer `mux` is reset by `pulse`. */
  onStuckReset(mux: number, pulse: () => Promise<void>): void {
    this.#muxResets.set(mux, pulse)
  }

  /** One write transfer to `place`, in turn. @throws LinkError link.stuck, link.closed, link.nack (multiplexer) */
  write(place: Place, bytes: Uint8Array): Promise<Outcome> {
    return this.#transfer(place, () => this.#adapter.write(place.address, bytes))
  }

  /** One read transfer from `place`, in turn. @throws as `write` */
  read(place: Place, into: Uint8Array): Promise<Outcome> {
    return this.#transfer(place, () => this.#adapter.read(place.address, into))
  }

  /**
   * Disconnects the segment of `place`, in turn, until somebody talks to an element on it again.
   * @throws LinkError link.stuck, link.nack when the multiplexer has no reset line that disconnects it all the same
   */
  async detach({ segment }: Place): Promise<void> {
    if (segment === undefined) return
    const { mux, channel } = segment
    await this.#turn.run(async () => {
      const connected = this.#selected.get(mux)
      if (connected !== undefined && connected !== 1 << channel) return
      try {
        await this.#counted(() => this.#writeMux(mux, NO_CHANNEL))
      } catch (error) {
        if (!(error instanceof LinkError)) throw error
        await this.#startAnew()
        if (this.#selected.get(mux) !== NO_CHANNEL) throw error
      }
    })
  }

  /** Waits for the transfer under way, then closes. */
  close(): Promise<void> {
    this.#isClosed = true
    for (const timer of this.#quarantined.values()) timer.cancel()
    return this.#turn.run(() => {
      this.#adapter.close()
      return Promise.resolve()
    })
  }

  async #transfer(place: Place, transfer: () => Promise<Outcome>): Promise<Outcome> {
    const part = partOf(place)
    if (this.#quarantined.has(part)) throw new LinkError('link.stuck', `${part} is stuck`)
    return this.#turn.run(() => this.#try(place, transfer))
  }

  async #try(place: Place, transfer: () => Promise<Outcome>): Promise<Outcome> {
    const part = partOf(place)
    return this.#counted(async () => {
      try {
        await this.#select(place.segment)
        const outcome = await transfer()
        this.#strikes.delete(part)
        return outcome
      } catch (error) {
        if (error instanceof LinkError && error.code === 'link.stuck') await this.#recover(part, error)
        throw error
      }
    })
  }

  /** Whatever has the bus in its turn is one transfer, for whoever watches. */
  async #counted<Result>(work: () => Promise<Result>): Promise<Result> {
    const startedAt = this.#clock.now()
    this.counts.transfers++
    this.counts.busySince = startedAt
    try {
      return await work()
    } catch (error) {
      this.counts.errors++
      throw error
    } finally {
      this.counts.busySince = undefined
      this.counts.busyMs += this.#clock.now() - startedAt
    }
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
  async #startAnew(): Promise<void> {
    this.#adapter.reopen()
    for (const mux of this.#selected.keys()) this.#selected.set(mux, undefined)
    for (const [mux, pulse] of this.#muxResets) {
      await pulse()
      this.#selected.set(mux, NO_CHANNEL)
    }
  }

  async #recover(part: string, error: LinkError): Promise<void> {
    await this.#startAnew()
    const strikes = (this.#strikes.get(part) ?? 0) + 1
    this.#strikes.set(part, strikes)
    if (strikes >= MAX_STRIKES) this.#quarantine(part, strikes - MAX_STRIKES, error)
    else this.#log.warn('bus.recovered', { part, cause: error.message })
  }

  /** @param round  how often it was in quarantine without a success since */
  #quarantine(part: string, round: number, error: LinkError): void {
    const retryMs = Math.min(FIRST_RETRY_MS * 2 ** round, MAX_RETRY_MS)
    const timer = this.#clock.at(this.#clock.now() + retryMs, () => {
      this.#probe(part).catch((failure: unknown) => {
        this.#log.error('bus.crashed', { part, cause: messageOf(failure) })
      })
    })
    this.#quarantined.set(part, timer)
    if (round > 0) return
    this.#log.error('bus.quarantined', { part, cause: error.message })
    for (const member of this.#membersOf(part)) member.onLost(`${part} is stuck`)
  }

  /** Whatever a member answers, the wires move. */
  async #probe(part: string): Promise<void> {
    const [member] = this.#membersOf(part)
    if (member === undefined || this.#isClosed) return
    const { place } = member
    try {
      await this.#turn.run(() => this.#try(place, () => this.#adapter.read(place.address, new Uint8Array(1))))
    } catch (error) {
      if (!(error instanceof LinkError)) throw error
      // A time-out has set the next attempt already.
      if (error.code !== 'link.stuck') await this.#recover(part, error)
      return
    }
    this.#quarantined.delete(part)
    this.#log.info('bus.released', { part })
    for (const found of this.#membersOf(part)) found.onFound()
  }

  #membersOf(part: string): Member[] {
    return [...this.#members].filter(({ place }) => partOf(place) === part)
  }
}

/** What can be stuck by itself, in words. */
function partOf({ segment }: Place): string {
  return segment === undefined ? 'the bus' : `channel ${segment.channel} of 0x${segment.mux.toString(16)}`
}

const NO_CHANNEL = 0
/** Once may be an accident; the second time its recovery has not helped. */
const MAX_STRIKES = 2
/** An attempt may cost everybody else on the bus a second. */
const FIRST_RETRY_MS = 1_000
const MAX_RETRY_MS = 30_000
