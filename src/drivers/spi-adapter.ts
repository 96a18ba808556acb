// One chip select of an SPI controller, /dev/spidevB.C, through the addon spi-device: the only file that loads it.
// One call is one access, one ioctl with one transfer. A list of transfers in one ioctl cannot give an element its
// pause between two accesses: the delay of a transfer is spent before select rises, and then it stays high for 10 us
// (Linux, spi_transfer_one_message); the controller would be blocked meanwhile besides.

import type { SpiDevice, SpiMessage } from 'spi-device'
import { LinkError } from './errors.ts'
import type { SpiAccesses } from './spi-select.ts'

type Open = (bus: number, chipSelect: number) => SpiDevice

/** Calls must not overlap: that is the business of the turns. */
export class SpiAdapter implements SpiAccesses {
  readonly #bus: number
  readonly #chipSelect: number
  readonly #openSync: Open
  #device: SpiDevice | undefined
  #isClosed = false

  private constructor(bus: number, chipSelect: number, openSync: Open) {
    this.#bus = bus
    this.#chipSelect = chipSelect
    this.#openSync = openSync
  }

  /** @throws LinkError link.closed when the addon is not installed */
  static async open(bus: number, chipSelect: number): Promise<SpiAdapter> {
    try {
      const { default: addon } = await import('spi-device')
      return new SpiAdapter(bus, chipSelect, (bus, chipSelect) => addon.openSync(bus, chipSelect, OPTIONS))
    } catch (error) {
      const message = 'the addon spi-device is not installed: it needs a compiler at npm ci, or was left out'
      throw new LinkError('link.closed', message, { cause: error })
    }
  }

  /** One access that sends; what comes meanwhile is dropped. @throws LinkError link.stuck, link.closed */
  write(bytes: Uint8Array, clockHz: number): Promise<void> {
    return this.#transfer({ sendBuffer: bufferOf(bytes), byteLength: bytes.length, speedHz: clockHz })
  }

  /** One access that fills `into`, while zeros are sent. @throws LinkError link.stuck, link.closed */
  read(into: Uint8Array, clockHz: number): Promise<void> {
    return this.#transfer({ receiveBuffer: bufferOf(into), byteLength: into.length, speedHz: clockHz })
  }

  close(): void {
    this.#isClosed = true
    this.#release()
  }

  async #transfer(transfer: SpiMessage[number]): Promise<void> {
    if (this.#isClosed) throw new LinkError('link.closed', `${this.#path} is closed`)
    this.#device ??= this.#open()
    const device = this.#device
    try {
      // The addon keeps the message alive, and by it the buffer that the kernel writes to.
      await new Promise<void>((resolve, reject) => {
        device.transfer([transfer], (error) => (error ? reject(error) : resolve()))
      })
    } catch (error) {
      // A file that has outlived its driver never works again; a new one may.
      this.#release()
      throw this.#failureOf(error)
    }
  }

  #open(): SpiDevice {
    try {
      return this.#openSync(this.#bus, this.#chipSelect)
    } catch (error) {
      throw new LinkError('link.closed', `cannot open ${this.#path}`, { cause: error })
    }
  }

  #release(): void {
    this.#device?.closeSync()
    this.#device = undefined
  }

  #failureOf(error: unknown): LinkError {
    const errno = Math.abs((error as NodeJS.ErrnoException).errno ?? 0)
    const code = STUCK_ERRNOS.has(errno) ? 'link.stuck' : 'link.closed'
    return new LinkError(code, `${this.#path}: the transfer failed`, { cause: error })
  }

  get #path(): string {
    return `/dev/spidev${this.#bus}.${this.#chipSelect}`
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** GPC_SPE_172: clock low when idle, sampled at its rising edge, high bit first. */
const OPTIONS = { mode: 0, lsbFirst: false, bitsPerWord: 8 } as const
/** EIO and ETIMEDOUT. */
const STUCK_ERRNOS: ReadonlySet<number> = new Set([5, 110])
