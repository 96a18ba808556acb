// One SPI controller and the chip selects on it: what Linux' spidev makes of system calls.

import type { Period, SpiDevice } from './devices.ts'
import type { Surroundings } from './i2c.ts'
import { type Endpoint, ERRNO, OP, type Reply, type Request } from './wire.ts'

export interface SpiOptions {
  /** What answers on this chip select: number of the decoder's output to device; without decoder only 0. */
  readonly devices: Readonly<Record<number, SpiDevice>>
  /** GPIO lines that choose among the devices of this chip select, lowest bit first. */
  readonly decoder?: { readonly chip: number; readonly lines: readonly number[] }
  /** Until the process sets another. */
  readonly speedHz?: number
  /** What its next messages end in, first to last: an errno, or 0 for one that goes well. */
  readonly failures?: number[]
  /** Module parameter `spidev.bufsiz`. */
  readonly bufsiz?: number
}

/** `struct spi_ioc_transfer`, as far as the rig goes. */
interface Part {
  readonly tx: Uint8Array
  readonly isSent: boolean
  readonly isReceived: boolean
  readonly speedHz: number
  readonly delayUs: number
  readonly isSelectChanged: boolean
}

/** The wires that the chip selects of a controller share. */
export interface SpiWires {
  freeAtNs: number
}

/** One chip select: its settings belong to it, not to a file. */
export class SpiSelect {
  readonly #name: string
  readonly #options: SpiOptions
  readonly #wires: SpiWires
  readonly #surroundings: Surroundings
  readonly #levelOf: (chip: number, line: number) => number
  readonly #settings = { mode: 0, lsbFirst: 0, bits: 8, speedHz: 500_000 }

  /** @param context  what is shared with others: the wires, the rig, its GPIO lines */
  constructor(
    name: string,
    options: SpiOptions,
    context: { wires: SpiWires; surroundings: Surroundings; levelOf: (chip: number, line: number) => number },
  ) {
    this.#name = name
    this.#options = options
    this.#wires = context.wires
    this.#surroundings = context.surroundings
    this.#levelOf = context.levelOf
    this.#settings.speedHz = options.speedHz ?? this.#settings.speedHz
  }

  /** A file that stands for this chip select. */
  open(): Endpoint {
    return { handle: (request) => this.#handle(request) }
  }

  #handle(request: Request): Reply {
    switch (request.op) {
      case OP.struct:
        return this.#setting(request.body)
      case OP.read:
        return this.#plain(new Uint8Array(request.body.readUInt32LE(0)), 'read', request.startNs)
      case OP.write:
        return this.#plain(request.body, 'write', request.startNs)
      case OP.spi:
        return this.#message(request)
      default:
        return { result: -ERRNO.ENOTTY }
    }
  }

  /** read() and write() are one chip select period in one direction. */
  #plain(tx: Uint8Array, direction: 'read' | 'write', startNs: number): Reply {
    if (tx.length > this.#bufsiz) return { result: -ERRNO.EMSGSIZE }
    const { speedHz } = this.#settings
    const isReceived = direction === 'read'
    return this.#run(
      [{ tx, isSent: !isReceived, isReceived, speedHz, delayUs: 0, isSelectChanged: false }],
      startNs,
    )
  }

  #message({ body, startNs }: Request): Reply {
    const failure = this.#options.failures?.shift() ?? 0
    if (failure !== 0) return { result: -failure }
    const parts: Part[] = []
    const count = body.readUInt32LE(0)
    let at = 4 + TRANSFER_BYTES * count
    for (let i = 4; i < 4 + TRANSFER_BYTES * count; i += TRANSFER_BYTES) {
      const transfer = body.subarray(i, i + TRANSFER_BYTES)
      const length = transfer.readUInt32LE(TRANSFER.length)
      const isSent = transfer.readBigUInt64LE(TRANSFER.sendAddress) !== 0n
      const bits = transfer.readUInt8(TRANSFER.bits)
      if (bits !== 0 && bits !== 8) return { result: -ERRNO.EINVAL }
      parts.push({
        isSent,
        tx: isSent ? body.subarray(at, (at += length)) : new Uint8Array(length),
        isReceived: transfer.readBigUInt64LE(TRANSFER.receiveAddress) !== 0n,
        speedHz: transfer.readUInt32LE(TRANSFER.speedHz) || this.#settings.speedHz,
        delayUs: transfer.readUInt16LE(TRANSFER.delayUs),
        isSelectChanged: transfer.readUInt8(TRANSFER.selectChange) !== 0,
      })
    }
    const isTooLong = (one: 'isSent' | 'isReceived') =>
      lengthOf(parts.filter((part) => part[one])) > this.#bufsiz
    if (isTooLong('isSent') || isTooLong('isReceived')) return { result: -ERRNO.EMSGSIZE }
    return this.#run(parts, startNs)
  }

  #run(parts: readonly Part[], startNs: number): Reply {
    if (startNs < this.#wires.freeAtNs) return { result: 0, isBusy: true, untilNs: this.#wires.freeAtNs }
    const received: Uint8Array[] = []
    const isReal = this.#surroundings.timing === 'real'
    let endsAtNs = startNs - SELECT_HIGH_NS
    for (const period of periodsOf(parts)) {
      const startsAtNs = isReal ? endsAtNs + SELECT_HIGH_NS : startNs
      endsAtNs = isReal ? startsAtNs + sum(period.map(durationNs)) : startNs
      const speedHz = Math.max(...period.map((part) => part.speedHz))
      const tx = Buffer.concat(period.map((part) => part.tx))
      const answer = this.#select(tx, { startsAtNs, endsAtNs, speedHz })
      let at = 0
      for (const { tx, isReceived } of period) {
        const rx = answer.subarray(at, (at += tx.length))
        if (isReceived) received.push(rx)
      }
    }
    const untilNs = isReal ? endsAtNs : 0
    this.#wires.freeAtNs = untilNs
    return { result: lengthOf(parts), body: Buffer.concat(received), untilNs }
  }

  /** One chip select period. */
  #select(tx: Uint8Array, period: Period): Uint8Array {
    const { chip = 0, lines = [] } = this.#options.decoder ?? {}
    const number = lines.reduce((value, line, bit) => value | (this.#levelOf(chip, line) << bit), 0)
    const device = this.#options.devices[number]
    const isThere = device !== undefined && !this.#surroundings.faults.isHeld(device)
    const rx = new Uint8Array(tx.length).fill(0xff)
    if (isThere) rx.set(device.transfer(tx, period).subarray(0, tx.length))
    this.#surroundings.log.add({
      ...{ bus: this.#name, address: number, direction: 'both', bytes: Uint8Array.from(tx), error: 0 },
    })
    return rx
  }

  /** The ioctls of `linux/spi/spidev.h` but SPI_IOC_MESSAGE: type 'k', a number, and an integer of 1 or 4 bytes. */
  #setting(body: Buffer): Reply {
    const request = body.readUInt32LE(0)
    const [number, size, isWrite] = [request & 0xff, (request >>> 16) & 0x3fff, request >>> 30 === 1]
    const key = SETTINGS[number]
    if (((request >>> 8) & 0xff) !== SPI_IOC_MAGIC || key === undefined) return { result: -ERRNO.ENOTTY }
    const argument = body.subarray(4, 4 + size)
    if (!isWrite) {
      argument.writeUIntLE(this.#settings[key], 0, size)
      return { result: 0, body: argument }
    }
    const value = argument.readUIntLE(0, size)
    const isBad = (key === 'bits' && value !== 0 && value !== 8) || (key === 'speedHz' && value === 0)
    if (isBad) return { result: -ERRNO.EINVAL }
    this.#settings[key] = key === 'bits' ? 8 : value
    return { result: 0 }
  }

  get #bufsiz(): number {
    return this.#options.bufsiz ?? 4096
  }
}

/** As Linux does it: select rises when the delay of the part is over, and the next period begins 10 us later. */
const SELECT_HIGH_NS = 10_000

/** `cs_change` ends a chip select period; so does the last part, whatever it says. */
function periodsOf(parts: readonly Part[]): Part[][] {
  const periods: Part[][] = [[]]
  for (const [i, part] of parts.entries()) {
    periods.at(-1)?.push(part)
    if (part.isSelectChanged && i < parts.length - 1) periods.push([])
  }
  return parts.length === 0 ? [] : periods
}

function durationNs({ tx, speedHz, delayUs }: Part): number {
  return (tx.length * 8e9) / speedHz + delayUs * 1000
}

function lengthOf(parts: readonly Part[]): number {
  return sum(parts.map(({ tx }) => tx.length))
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0)
}

const SPI_IOC_MAGIC = 0x6b
const SETTINGS: Readonly<Record<number, 'mode' | 'lsbFirst' | 'bits' | 'speedHz'>> = {
  1: 'mode',
  2: 'lsbFirst',
  3: 'bits',
  4: 'speedHz',
  5: 'mode',
}
const TRANSFER_BYTES = 32
const TRANSFER = {
  sendAddress: 0,
  receiveAddress: 8,
  length: 16,
  speedHz: 20,
  delayUs: 24,
  bits: 26,
  selectChange: 27,
}
