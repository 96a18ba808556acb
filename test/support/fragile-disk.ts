// Sectors in memory that lose power at a chosen write, as a card does: what was not synced may be there or not, sector by
// sector, and never half of one.

import type { Medium } from '../../src/update/medium.ts'
import type { Random } from './random.ts'

export class PowerCut extends Error {}

export class FragileDisk implements Medium {
  readonly name = 'a card'
  /** Writes and syncs until the power is cut; the one that brings it to zero is cut itself. */
  stepsLeft = Infinity
  steps = 0
  /** Fails instead of writing or reading. */
  fault: ((position: number) => Error | undefined) | undefined
  readonly #random: Random
  /** By number; missing ones are zero. */
  readonly #durable: Map<number, Buffer>
  readonly #unsynced = new Map<number, Buffer>()

  constructor(random: Random, durable = new Map<number, Buffer>()) {
    this.#random = random
    this.#durable = durable
  }

  /** The disk after a start: only what is durable. */
  restarted(): FragileDisk {
    for (const [sector, bytes] of this.#unsynced) if (this.#random.oneIn(2)) this.#durable.set(sector, bytes)
    return new FragileDisk(this.#random, this.#durable)
  }

  read(buffer: Buffer, position: number): Promise<void> {
    for (let at = 0; at < buffer.length; at += 512) {
      const sector = (position + at) / 512
      buffer.set(this.#unsynced.get(sector) ?? this.#durable.get(sector) ?? ZEROS, at)
    }
    return Promise.resolve()
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    const error = this.fault?.(position)
    if (error !== undefined) throw error
    const isCut = this.#step()
    // A write that is cut has come to any sector.
    const count = isCut ? this.#random.int(bytes.length / 512 + 1) : bytes.length / 512
    for (let index = 0; index < count; index++) {
      const sector = Buffer.from(bytes.subarray(512 * index, 512 * (index + 1)))
      this.#unsynced.set(position / 512 + index, sector)
    }
    if (isCut) throw new PowerCut()
    return Promise.resolve()
  }

  async sync(): Promise<void> {
    if (this.#step()) throw new PowerCut()
    for (const [sector, bytes] of this.#unsynced) this.#durable.set(sector, bytes)
    this.#unsynced.clear()
    return Promise.resolve()
  }

  forgetCache(): Promise<void> {
    return Promise.resolve()
  }

  #step(): boolean {
    this.steps++
    this.stepsLeft--
    return this.stepsLeft === 0
  }
}

const ZEROS = Buffer.alloc(512)
