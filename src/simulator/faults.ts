// What can go wrong between a bus and a chip, by a seed: the same seed and the same transfers go wrong in the same way.

import type { Clock } from '../base/clock.ts'

/** The two directions of a wire, and what tells the chip to dawdle. */
interface Wire {
  write(bytes: Uint8Array): boolean
  read(length: number): Uint8Array | undefined
  reset(): void
  delayAnswer?(requests: number): void
}

/**
 * lose: a write is acknowledged and gets nowhere; what a read takes is gone, and the read fails
 * nack: not acknowledged, nothing happens
 * flip: one bit is wrong
 * truncate: after some byte a read has FF only, and what should have been there is gone
 * duplicate: a write comes twice
 * delay: the chip has nothing to read for a while
 * silence: no transfer is acknowledged for a while
 * wtx-storm: the chip asks for more time again and again before its next answer
 */
export type FaultKind =
  | 'lose'
  | 'nack'
  | 'flip'
  | 'truncate'
  | 'duplicate'
  | 'delay'
  | 'silence'
  | 'wtx-storm'

export interface Faults {
  readonly seed: number
  /** Share of the transfers that go wrong, 0 to 1. */
  readonly rate: number
  /** Default: all. */
  readonly kinds?: readonly FaultKind[] | undefined
  /** Default: without limit. */
  readonly maxFaults?: number | undefined
  readonly delayMs?: number | undefined
  readonly silenceMs?: number | undefined
  readonly stormRequests?: number | undefined
}

/** One fault, as it happened. */
export interface FaultEntry {
  /** Counted from 0 over reads and writes. */
  readonly transfer: number
  readonly atMs: number
  readonly on: 'write' | 'read'
  readonly kind: FaultKind
  /** Which bit was flipped, from which byte on a read was cut, how long or how often; else 0. */
  readonly amount: number
}

/** What the faults have to know of the bus. */
export interface FaultyBus {
  readonly clock: Clock
  /** What a read brings from a chip that is not there; default: undefined, not acknowledged. */
  readonly nothing?: ((length: number) => Uint8Array | undefined) | undefined
  /** Whether a write can be refused at all; default: it can. On SPI nobody knows. */
  readonly refusesWrites?: boolean | undefined
}

/** `wire` with faults; `log` grows by one entry a fault. */
export function withFaults(wire: Wire, faults: Faults, bus: FaultyBus): FaultyWire {
  return new FaultyWire(wire, faults, bus)
}

export class FaultyWire {
  readonly log: FaultEntry[] = []
  readonly #wire: Wire
  readonly #faults: Faults
  readonly #clock: Clock
  readonly #nothing: (length: number) => Uint8Array | undefined
  /** What a write returns that was refused. */
  readonly #refused: boolean
  readonly #draw: () => number
  #transfers = 0
  #delayedUntil = 0
  #silentUntil = 0

  constructor(wire: Wire, faults: Faults, { clock, nothing, refusesWrites }: FaultyBus) {
    this.#wire = wire
    this.#faults = faults
    this.#clock = clock
    this.#nothing = nothing ?? (() => undefined)
    this.#refused = refusesWrites === false
    this.#draw = drawsOf(faults.seed)
  }

  write(bytes: Uint8Array): boolean {
    const kind = this.#kindFor('write')
    if (this.#clock.now() < this.#silentUntil) return this.#refused
    if (kind === undefined || kind === 'truncate') return this.#wire.write(bytes)
    if (kind === 'flip') return this.#wire.write(this.#flipped('write', bytes))
    this.#note('write', kind, this.#takeEffect(kind))
    if (kind === 'duplicate') this.#wire.write(bytes)
    const isLost = kind === 'lose' || kind === 'nack' || kind === 'silence'
    if (!isLost) return this.#wire.write(bytes)
    return kind === 'lose' || this.#refused
  }

  read(length: number): Uint8Array | undefined {
    const kind = this.#kindFor('read')
    const now = this.#clock.now()
    if (now < this.#silentUntil || now < this.#delayedUntil) return this.#nothing(length)
    if (kind === 'nack' || kind === 'silence' || kind === 'delay') {
      this.#note('read', kind, this.#takeEffect(kind))
      return this.#nothing(length)
    }
    const bytes = this.#wire.read(length)
    // The chip had nothing to say, so nothing of it can be hurt.
    if (bytes === undefined || bytes.length === 0) return bytes
    if (kind === 'flip') return this.#flipped('read', bytes)
    if (kind === 'truncate') return this.#truncated(bytes)
    if (kind !== 'lose') return bytes
    this.#note('read', kind, 0)
    return this.#nothing(length)
  }

  reset(): void {
    this.#delayedUntil = 0
    this.#silentUntil = 0
    this.#wire.reset()
  }

  /** What this transfer suffers. Draws the same number of values whatever comes of it. */
  #kindFor(on: 'write' | 'read'): FaultKind | undefined {
    const { rate, kinds = on === 'write' ? WRITE_FAULTS : READ_FAULTS, maxFaults = Infinity } = this.#faults
    this.#transfers++
    const [chance, choice] = [this.#draw(), this.#draw()]
    if (chance >= rate || this.log.length >= maxFaults) return undefined
    const possible = (on === 'write' ? WRITE_FAULTS : READ_FAULTS).filter((kind) => kinds.includes(kind))
    return possible[Math.floor(choice * possible.length)]
  }

  #note(on: 'write' | 'read', kind: FaultKind, amount: number): void {
    this.log.push({ transfer: this.#transfers - 1, atMs: this.#clock.now(), on, kind, amount })
  }

  #flipped(on: 'write' | 'read', bytes: Uint8Array): Uint8Array {
    const bit = Math.floor(this.#draw() * bytes.length * 8)
    this.#note(on, 'flip', bit)
    return bytes.map((byte, offset) => (offset === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte))
  }

  #truncated(bytes: Uint8Array): Uint8Array {
    const end = Math.floor(this.#draw() * bytes.length)
    this.#note('read', 'truncate', end)
    return Uint8Array.from(bytes).fill(0xff, end)
  }

  /** Begins what lasts longer than a transfer, and says how long or how often. */
  #takeEffect(kind: FaultKind): number {
    const { delayMs = 5, silenceMs = 50, stormRequests = 5 } = this.#faults
    switch (kind) {
      case 'delay':
        this.#delayedUntil = this.#clock.now() + delayMs
        return delayMs
      case 'silence':
        this.#silentUntil = this.#clock.now() + silenceMs
        return silenceMs
      case 'wtx-storm':
        this.#wire.delayAnswer?.(stormRequests)
        return stormRequests
      case 'lose':
      case 'nack':
      case 'flip':
      case 'truncate':
      case 'duplicate':
        return 0
      default:
        return kind satisfies never
    }
  }
}

/** Values from 0 to below 1, a generator of Weyl's kind with a mixing step. */
function drawsOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x9e3779b9) >>> 0
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b)
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32
  }
}

const WRITE_FAULTS: readonly FaultKind[] = [
  'lose',
  'nack',
  'flip',
  'duplicate',
  'delay',
  'silence',
  'wtx-storm',
]
const READ_FAULTS: readonly FaultKind[] = ['lose', 'nack', 'flip', 'truncate', 'delay', 'silence']
