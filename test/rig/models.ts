// Device models for the tests of the rig itself.

import type { Device, SpiDevice } from './devices.ts'

/** Keeps what was written and reads it back. */
export class Echo implements Device {
  written: Uint8Array = new Uint8Array(0)
  resets = 0

  write(bytes: Uint8Array): boolean {
    if (bytes.length > 0) this.written = Uint8Array.from(bytes)
    return true
  }

  read(length: number): Uint8Array {
    return this.written.subarray(0, length)
  }

  reset(): void {
    this.resets += 1
    this.written = new Uint8Array(0)
  }
}

/** 256 registers; a write names the first one, reads go on from there. */
export class Registers implements Device {
  readonly bytes = new Uint8Array(256)
  #at = 0

  write([first = this.#at, ...values]: Uint8Array): boolean {
    this.#at = first
    for (const value of values) this.bytes[this.#at++ & 0xff] = value
    return true
  }

  read(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.bytes[this.#at++ & 0xff]!)
  }
}

/** Shifts out the complement of what comes in, and counts its chip selects. */
export class Complement implements SpiDevice {
  readonly selects: Uint8Array[] = []

  transfer(tx: Uint8Array): Uint8Array {
    this.selects.push(Uint8Array.from(tx))
    return tx.map((byte) => ~byte & 0xff)
  }
}
