// What went over the wires.

/** One access on an I2C bus, or one chip select period on an SPI bus. */
export interface Transfer {
  /** As the device node is called: `i2c-1`, `spidev0.0`. */
  readonly bus: string
  /** I2C address; on an SPI bus the number that the decoder lines select, else 0. */
  readonly address: number
  readonly direction: 'read' | 'write' | 'both'
  /** What was read or written; of an SPI bus what was sent. */
  readonly bytes: Uint8Array
  /** Error number, 0: it went well. */
  readonly error: number
}

/** The last transfers of a rig, oldest first. */
export class Log {
  readonly #transfers: Transfer[] = []

  add(transfer: Transfer): void {
    if (this.#transfers.length >= LIMIT) this.#transfers.splice(0, LIMIT / 2)
    this.#transfers.push(transfer)
  }

  get transfers(): readonly Transfer[] {
    return this.#transfers
  }

  /** One line a transfer: `i2c-1 48 write 00 a4 -> 121`; easy to compare. */
  get lines(): string[] {
    return this.#transfers.map(({ bus, address, direction, bytes, error }) => {
      const hex = Buffer.from(bytes)
        .toString('hex')
        .replace(/..(?=.)/g, '$& ')
      return `${bus} ${address.toString(16)} ${direction} ${hex}${error === 0 ? '' : ` -> ${error}`}`.trimEnd()
    })
  }

  clear(): void {
    this.#transfers.length = 0
  }
}

const LIMIT = 20_000
