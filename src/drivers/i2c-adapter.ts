// One I2C adapter, /dev/i2c-N, through the addon i2c-bus: the only file that loads it. Three traps of version 5.2.3,
// each seen, decide the shape of this file:
//   - when an address cannot be claimed, the addon keeps a file for it all the same, and every later call on that
//     address goes to address 0;
//   - a second call that starts before the first one on an address is done goes there, too;
//   - after its asynchronous close, calls write into whatever file has taken over the number.
// So: one call at a time; after any failure of the first call on an address all files are closed, synchronously.

import type { I2CBus } from 'i2c-bus'
import { LinkError } from './errors.ts'
import type { Outcome } from './link.ts'

/** Calls must not overlap: that is the business of the bus. */
export class I2cAdapter {
  readonly #number: number
  readonly #openSync: (number: number) => I2CBus
  #bus: I2CBus | undefined
  /** Addresses on which a call has succeeded since the files were opened. */
  readonly #claimed = new Set<number>()
  #isClosed = false

  private constructor(number: number, openSync: (number: number) => I2CBus) {
    this.#number = number
    this.#openSync = openSync
  }

  /** @throws LinkError link.closed when the addon is not installed */
  static async open(number: number): Promise<I2cAdapter> {
    try {
      const { openSync } = await import('i2c-bus')
      return new I2cAdapter(number, openSync)
    } catch (error) {
      const message = 'the addon i2c-bus is not installed: it needs a compiler at npm ci, or was left out'
      throw new LinkError('link.closed', message, { cause: error })
    }
  }

  /** One write transfer. @throws LinkError link.stuck, link.closed */
  write(address: number, bytes: Uint8Array): Promise<Outcome> {
    const buffer = bufferOf(bytes)
    return this.#call(address, bytes.length, (bus, done) =>
      bus.i2cWrite(address, buffer.length, buffer, (error: Failure, count) => done(error, count)),
    )
  }

  /** One read transfer; fills `into`. @throws LinkError link.stuck, link.closed */
  read(address: number, into: Uint8Array): Promise<Outcome> {
    const buffer = bufferOf(into)
    return this.#call(address, into.length, (bus, done) =>
      bus.i2cRead(address, buffer.length, buffer, (error: Failure, count) => done(error, count)),
    )
  }

  /** Gives back all files; the next call opens them anew. For a bus that was stuck. */
  reopen(): void {
    this.#bus?.closeSync()
    this.#bus = undefined
    this.#claimed.clear()
  }

  close(): void {
    this.#isClosed = true
    this.reopen()
  }

  async #call(address: number, length: number, start: Start): Promise<Outcome> {
    if (this.#isClosed) throw new LinkError('link.closed', `bus ${this.#number} is closed`)
    this.#bus ??= this.#open()
    const bus = this.#bus
    const { error, count } = await new Promise<Result>((resolve) => {
      start(bus, (error, count) => resolve({ error, count }))
    })
    if (error === null || error === undefined) {
      this.#claimed.add(address)
      if (count === length) return 'done'
      throw new LinkError('link.stuck', `bus ${this.#number}: ${count} of ${length} bytes`)
    }
    if (!this.#claimed.has(address)) this.reopen()
    return this.#outcomeOf(address, error)
  }

  #open(): I2CBus {
    try {
      return this.#openSync(this.#number)
    } catch (error) {
      throw new LinkError('link.closed', `cannot open /dev/i2c-${this.#number}`, { cause: error })
    }
  }

  #outcomeOf(address: number, error: NodeJS.ErrnoException): Outcome {
    const errno = Math.abs(error.errno ?? 0)
    if (BUSY_ERRNOS.has(errno)) return 'busy'
    const where = `bus ${this.#number}, address 0x${address.toString(16)}`
    if (errno === ETIMEDOUT) throw new LinkError('link.stuck', `${where}: time-out`, { cause: error })
    if (errno === EBUSY) {
      throw new LinkError('link.closed', `${where}: a driver of the kernel has it`, { cause: error })
    }
    throw new LinkError('link.closed', where, { cause: error })
  }
}

type Failure = NodeJS.ErrnoException | null | undefined

interface Result {
  readonly error: Failure
  readonly count: number
}

type Start = (bus: I2CBus, done: (error: Failure, count: number) => void) => void

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/**
 * Not acknowledged, in the words of the kernel's drivers: ENXIO (i2c-gpio), EREMOTEIO (bcm2835, DesignWare), EIO, and
 * EAGAIN for a lost arbitration.
 */
const BUSY_ERRNOS: ReadonlySet<number> = new Set([6, 121, 5, 11])
const EBUSY = 16
const ETIMEDOUT = 110
