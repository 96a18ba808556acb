// One I2C adapter: what Linux' i2c-dev makes of system calls, and how long they take on the wire.

import { answering, type Segment } from './devices.ts'
import type { Fault, Faults } from './faults.ts'
import type { Log } from './log.ts'
import { type Endpoint, ERRNO, OP, type Reply, type Request } from './wire.ts'

export interface I2cBusOptions {
  readonly clockHz: number
  readonly devices: Segment
  /** Addresses that a kernel driver owns: I2C_SLAVE says EBUSY. */
  readonly owned?: readonly number[]
}

/** What every bus of a rig is told. */
export interface Surroundings {
  readonly timing: 'real' | 'none'
  /** After this long the adapter gives up on a stuck bus. */
  readonly stuckTimeoutMs: number
  readonly faults: Faults
  readonly log: Log
}

/** One message of a transfer, as in `struct i2c_msg`. */
type Message =
  | { readonly address: number; readonly direction: 'write'; readonly bytes: Uint8Array }
  | { readonly address: number; readonly direction: 'read'; readonly length: number }

interface Outcome {
  readonly error: number
  readonly untilNs: number
  /** What the read messages brought. */
  readonly parts: readonly Uint8Array[]
}

/** The wires and all that hangs on them. One transfer at a time. */
export class I2cBus {
  readonly options: I2cBusOptions
  readonly #name: string
  readonly #surroundings: Surroundings
  #freeAtNs = 0
  #stuckUntilNs = 0

  constructor(name: string, options: I2cBusOptions, surroundings: Surroundings) {
    this.#name = name
    this.options = options
    this.#surroundings = surroundings
  }

  /** A file that stands for this adapter. */
  open(): Endpoint {
    return new I2cFile(this)
  }

  /** Holds the bus for `ms` from now on. */
  stick(ms: number, sinceNs: number): void {
    this.#stuckUntilNs = Math.max(this.#stuckUntilNs, sinceNs + ms * 1e6)
  }

  /** Ends what `stick` began. */
  free(): void {
    this.#stuckUntilNs = 0
  }

  /** Until when a transfer has the bus, or undefined when it is free for one that starts at `startNs`. */
  takenUntilNs(startNs: number): number | undefined {
    return startNs < this.#freeAtNs ? this.#freeAtNs : undefined
  }

  /** START, all messages with repeated STARTs between, STOP. */
  transfer(messages: readonly Message[], startNs: number): Outcome {
    const bitNs = this.#surroundings.timing === 'real' ? 1e9 / this.options.clockHz : 0
    const parts: Uint8Array[] = []
    let atNs = startNs
    for (const message of messages) {
      const faults = this.#faultsOf(message)
      for (const fault of faults) if (fault?.kind === 'stuck') this.stick(fault.ms, atNs)
      if (this.#stuckUntilNs > atNs) {
        const givesUpAtNs = atNs + this.#surroundings.stuckTimeoutMs * 1e6
        if (this.#stuckUntilNs >= givesUpAtNs) return this.#end(message, ERRNO.ETIMEDOUT, givesUpAtNs)
        atNs = this.#stuckUntilNs
      }
      const length = message.direction === 'read' ? message.length : message.bytes.length
      const endNs = atNs + (ADDRESS_BITS + BYTE_BITS * length) * bitNs
      const answer = this.#access(message, faults, { atNs, endNs })
      if (answer === undefined) return this.#end(message, ERRNO.EREMOTEIO, atNs + (ADDRESS_BITS + 1) * bitNs)
      this.#note(message, 0, answer)
      parts.push(answer)
      atNs = endNs
    }
    this.#freeAtNs = atNs + bitNs
    return {
      error: 0,
      untilNs: this.#freeAtNs,
      parts: parts.filter((_, i) => messages[i]?.direction === 'read'),
    }
  }

  #faultsOf(message: Message): (Fault | undefined)[] {
    const devices = answering(this.options.devices, message.address)
    return devices.map((device) => this.#surroundings.faults.take(device, message.direction))
  }

  /** What the wires carry: zeros win, and one that acknowledges is enough. Undefined: nobody did. */
  #access(
    message: Message,
    faults: readonly (Fault | undefined)[],
    { atNs, endNs }: { atNs: number; endNs: number },
  ): Uint8Array | undefined {
    const devices = answering(this.options.devices, message.address).filter(
      (_, i) => faults[i]?.kind !== 'nack',
    )
    if (message.direction === 'write') {
      const acknowledged = devices.map((device) => device.write(message.bytes, endNs))
      return acknowledged.includes(true) ? message.bytes : undefined
    }
    const answers = devices
      .map((device) => device.read(message.length, atNs))
      .filter((one) => one !== undefined)
    if (answers.length === 0) return undefined
    const cut = faults.find((fault) => fault?.kind === 'short' || fault?.kind === 'floating')
    const driven = cut !== undefined && 'bytes' in cut ? cut.bytes : message.length
    const length = cut?.kind === 'short' ? Math.min(driven, message.length) : message.length
    return Uint8Array.from({ length }, (_, i) =>
      i < driven ? answers.reduce((wire, one) => wire & (one[i] ?? 0xff), 0xff) : 0xff,
    )
  }

  #end(message: Message, error: number, untilNs: number): Outcome {
    this.#note(message, error, message.direction === 'write' ? message.bytes : EMPTY)
    this.#freeAtNs = untilNs
    return { error, untilNs, parts: [] }
  }

  #note({ address, direction }: Message, error: number, bytes: Uint8Array): void {
    this.#surroundings.log.add({ bus: this.#name, address, direction, bytes: Uint8Array.from(bytes), error })
  }
}

/** One open file: the address that I2C_SLAVE set belongs to it. Source: Linux, drivers/i2c/i2c-dev.c behaviour. */
class I2cFile implements Endpoint {
  readonly #bus: I2cBus
  #address = 0

  constructor(bus: I2cBus) {
    this.#bus = bus
  }

  handle(request: Request): Reply {
    if (request.op === OP.ioctl) return this.#setting(request.body)
    if (request.op === OP.struct) return funcs(request.body)
    const busyUntilNs = this.#bus.takenUntilNs(request.startNs)
    if (busyUntilNs !== undefined) return { result: 0, isBusy: true, untilNs: busyUntilNs }
    switch (request.op) {
      case OP.read:
        return this.#read(request)
      case OP.write:
        return this.#write(request)
      case OP.smbus:
        return this.#smbus(request)
      case OP.rdwr:
        return this.#rdwr(request)
      default:
        return { result: -ERRNO.ENOTTY }
    }
  }

  #setting(body: Buffer): Reply {
    const [command, value] = [body.readUInt32LE(0), body.readUInt32LE(4)]
    const isKnown = [I2C_SLAVE, I2C_SLAVE_FORCE, I2C_TIMEOUT, I2C_RETRIES, I2C_TENBIT, I2C_PEC].includes(
      command,
    )
    if (!isKnown) return { result: -ERRNO.ENOTTY }
    if (command === I2C_TENBIT || command === I2C_PEC) return { result: value === 0 ? 0 : -ERRNO.EINVAL }
    if (command !== I2C_SLAVE && command !== I2C_SLAVE_FORCE) return { result: 0 }
    if (value > 0x7f) return { result: -ERRNO.EINVAL }
    const isOwned = this.#bus.options.owned?.includes(value) ?? false
    if (command === I2C_SLAVE && isOwned) return { result: -ERRNO.EBUSY }
    this.#address = value
    return { result: 0 }
  }

  #read({ body, startNs }: Request): Reply {
    const length = Math.min(body.readUInt32LE(0), LARGEST_TRANSFER)
    return replyTo(this.#bus.transfer([{ address: this.#address, direction: 'read', length }], startNs))
  }

  #write({ body, startNs }: Request): Reply {
    const bytes = body.subarray(0, LARGEST_TRANSFER)
    const { error, untilNs } = this.#bus.transfer(
      [{ address: this.#address, direction: 'write', bytes }],
      startNs,
    )
    return { result: error === 0 ? bytes.length : -error, untilNs }
  }

  /** An adapter without SMBus hardware: each kind becomes plain messages. Source: SMBus 3.1, section 6.5. */
  #smbus({ body, startNs }: Request): Reply {
    const [isRead, command, size] = [body.readUInt8(0) === 1, body.subarray(1, 2), body.readUInt16LE(2)]
    const block = body.subarray(4)
    const isBlock = size === SMBUS.i2cBlock || size === SMBUS.i2cBlockBroken
    const length = size === SMBUS.i2cBlockBroken && isRead ? SMBUS_LARGEST_BLOCK : block.readUInt8(0)
    if (isBlock && (length === 0 || length > SMBUS_LARGEST_BLOCK)) return { result: -ERRNO.EINVAL }
    const messages = isRead
      ? this.#smbusRead(size, command, length)
      : this.#smbusWrite(size, command, block.subarray(isBlock ? 1 : 0, isBlock ? 1 + length : undefined))
    if (messages === undefined) return { result: -ERRNO.EOPNOTSUPP }
    const outcome = this.#bus.transfer(messages, startNs)
    if (outcome.error !== 0) return { result: -outcome.error, untilNs: outcome.untilNs }
    const answer = outcome.parts[0] ?? EMPTY
    const union = isBlock ? Buffer.concat([Uint8Array.of(answer.length), answer]) : answer
    return { result: 0, untilNs: outcome.untilNs, body: union }
  }

  #smbusRead(size: number, command: Uint8Array, blockLength: number): Message[] | undefined {
    const address = this.#address
    const select: Message = { address, direction: 'write', bytes: command }
    switch (size) {
      case SMBUS.quick:
        return [{ address, direction: 'read', length: 0 }]
      case SMBUS.byte:
        return [{ address, direction: 'read', length: 1 }]
      case SMBUS.byteData:
        return [select, { address, direction: 'read', length: 1 }]
      case SMBUS.wordData:
        return [select, { address, direction: 'read', length: 2 }]
      case SMBUS.i2cBlock:
      case SMBUS.i2cBlockBroken:
        return [select, { address, direction: 'read', length: blockLength }]
      default:
        return undefined
    }
  }

  #smbusWrite(size: number, command: Uint8Array, block: Uint8Array): Message[] | undefined {
    const lengths: Record<number, number> = { [SMBUS.byte]: 0, [SMBUS.byteData]: 1, [SMBUS.wordData]: 2 }
    const address = this.#address
    if (size === SMBUS.quick) return [{ address, direction: 'write', bytes: EMPTY }]
    const isBlock = size === SMBUS.i2cBlock || size === SMBUS.i2cBlockBroken
    const length = isBlock ? block.length : lengths[size]
    if (length === undefined) return undefined
    return [{ address, direction: 'write', bytes: Buffer.concat([command, block.subarray(0, length)]) }]
  }

  #rdwr({ body, startNs }: Request): Reply {
    const messages: Message[] = []
    const count = body.readUInt32LE(0)
    if (count === 0) return { result: -ERRNO.EINVAL }
    let at = 4 + 6 * count
    for (let i = 4; i < 4 + 6 * count; i += 6) {
      const [address, flags, length] = [
        body.readUInt16LE(i),
        body.readUInt16LE(i + 2),
        body.readUInt16LE(i + 4),
      ]
      if (length > LARGEST_TRANSFER) return { result: -ERRNO.EINVAL }
      if ((flags & ~I2C_M_RD) !== 0) return { result: -ERRNO.EOPNOTSUPP }
      if ((flags & I2C_M_RD) !== 0) messages.push({ address, direction: 'read', length })
      else messages.push({ address, direction: 'write', bytes: body.subarray(at, (at += length)) })
    }
    const reply = replyTo(this.#bus.transfer(messages, startNs))
    return reply.result < 0 ? reply : { ...reply, result: count }
  }
}

/** What read() returns; write() and I2C_RDWR put their own count over it. */
function replyTo({ error, untilNs, parts }: Outcome): Reply {
  const body = parts.length === 1 ? parts[0]! : Buffer.concat(parts)
  return error === 0 ? { result: body.length, untilNs, body } : { result: -error, untilNs }
}

function funcs(body: Buffer): Reply {
  if (body.readUInt32LE(0) !== I2C_FUNCS) return { result: -ERRNO.ENOTTY }
  const answer = Buffer.alloc(8)
  answer.writeBigUInt64LE(BigInt(FUNCS))
  return { result: 0, body: answer }
}

const EMPTY = new Uint8Array(0)
// START or repeated START, seven bits of address, direction, acknowledge. STOP is counted once a transfer.
const ADDRESS_BITS = 10
const BYTE_BITS = 9
const LARGEST_TRANSFER = 8192

// linux/i2c-dev.h
const I2C_RETRIES = 0x0701
const I2C_TIMEOUT = 0x0702
const I2C_SLAVE = 0x0703
const I2C_TENBIT = 0x0704
const I2C_FUNCS = 0x0705
const I2C_SLAVE_FORCE = 0x0706
const I2C_PEC = 0x0708
// linux/i2c.h: I2C_FUNC_I2C; quick, byte, byte data, word data, I2C block, each read and write
const FUNCS = 0x1 | 0x10000 | 0x60000 | 0x180000 | 0x600000 | 0xc000000
const I2C_M_RD = 1
const SMBUS = { quick: 0, byte: 1, byteData: 2, wordData: 3, i2cBlockBroken: 6, i2cBlock: 8 }
const SMBUS_LARGEST_BLOCK = 32
