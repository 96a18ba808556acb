// What hangs on the buses: the ports that device models implement, and the one part that the rig brings itself.

/** A part on an I2C bus. One call is one access: from its START to STOP or to the next START. */
export interface Device {
  /**
   * The master writes.
   * @param bytes     what follows the address, maybe nothing; borrowed until the call returns
   * @param endsAtNs  when the last bit is on the wire, CLOCK_MONOTONIC in nanoseconds
   * @returns false: not acknowledged
   */
  write(bytes: Uint8Array, endsAtNs: number): boolean
  /**
   * The master reads `length` bytes, maybe none; what is not answered floats high (FF).
   * @param startsAtNs  when the first bit is on the wire
   * @returns undefined: not acknowledged
   */
  read(length: number, startsAtNs: number): Uint8Array | undefined
  /** Its reset line was pulled low. */
  reset?(): void
}

/** From select low to select high, CLOCK_MONOTONIC in nanoseconds. */
export interface Period {
  readonly startsAtNs: number
  readonly endsAtNs: number
  readonly speedHz: number
}

/** A part on an SPI bus. */
export interface SpiDevice {
  /** One period of its chip select: what it shifts out while `tx` is shifted in; what is missing floats high (FF). */
  transfer(tx: Uint8Array, period: Period): Uint8Array
  reset?(): void
}

/** I2C address, 0x00..0x7f, to what answers there. */
export type Segment = Readonly<Record<number, Device>>

/**
 * An I2C switch with eight channels: bit n of its control byte connects channel n, several may be.
 * Put it into `devices` at 0x70..0x77. Source: NXP PCA9548A, sections 6.2 and 6.4 as Linux' driver uses them.
 */
export class Pca9548a implements Device {
  control = 0
  readonly #channels: Readonly<Record<number, Segment>>

  constructor(channels: Readonly<Record<number, Segment>>) {
    this.#channels = channels
  }

  /** The last byte of a write is latched. */
  write(bytes: Uint8Array): boolean {
    this.control = bytes.at(-1) ?? this.control
    return true
  }

  read(length: number): Uint8Array {
    return new Uint8Array(length).fill(this.control)
  }

  reset(): void {
    this.control = 0
  }

  /** The segments that are connected now. */
  connected(): Segment[] {
    const isOn = ([channel]: [string, Segment]) => (this.control & (1 << Number(channel))) !== 0
    return Object.entries(this.#channels)
      .filter(isOn)
      .map(([, segment]) => segment)
  }
}

/** All that answer to `address` on `segment` and behind its switches. More than one is a collision. */
export function answering(segment: Segment, address: number): Device[] {
  const own = segment[address]
  const behind = Object.values(segment)
    .filter((device) => device instanceof Pca9548a)
    .flatMap((mux) => mux.connected())
    .flatMap((channel) => answering(channel, address))
  return own === undefined ? behind : [own, ...behind]
}
