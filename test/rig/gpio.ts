// One GPIO chip as its character device shows it. Source: linux/gpio.h, ABI v2.

import type { Socket } from 'node:net'
import type { Faults } from './faults.ts'
import { GpioLine, type Level, type LineOptions } from './line.ts'
import { type Endpoint, ERRNO, nowNs, OP, type Reply, type Request } from './wire.ts'

export interface GpioOptions {
  readonly label?: string
  /** How many lines there are; 54 as on a BCM2835 unless said otherwise. */
  readonly count?: number
  /** Further names in /dev, links to the one. */
  readonly links?: readonly string[]
  /** What hangs on them, by offset. */
  readonly lines: Readonly<Record<number, LineOptions>>
}

/** A chip and the wires on its pins. */
export class GpioChip {
  readonly name: string
  readonly label: string
  /** All that lead to it. */
  readonly paths: readonly string[]
  readonly lines: readonly GpioLine[]

  constructor(name: string, options: GpioOptions, faults: Faults) {
    this.name = name
    this.label = options.label ?? 'pinctrl-rig'
    this.paths = [name, ...(options.links ?? [])].map((node) => `/dev/${node}`)
    this.lines = Array.from(
      { length: options.count ?? 54 },
      (_, i) => new GpioLine(options.lines[i] ?? {}, faults),
    )
  }

  /** @throws RangeError when the chip has no such line */
  line(offset: number): GpioLine {
    const line = this.lines[offset]
    if (line === undefined) throw new RangeError(`${this.name} has no line ${offset}`)
    return line
  }

  /** A file that stands for the chip. */
  open(): Endpoint {
    return { handle: ({ op, body }) => (op === OP.struct ? this.#ask(body) : { result: -ERRNO.ENOTTY }) }
  }

  #ask(body: Buffer): Reply {
    const answer = Buffer.from(body.subarray(4))
    switch (body.readUInt32LE(0)) {
      case GPIO_GET_CHIPINFO:
        answer.fill(0)
        answer.write(this.name, 0)
        answer.write(this.label, NAME_BYTES)
        answer.writeUInt32LE(this.lines.length, 2 * NAME_BYTES)
        return { result: 0, body: answer }
      case GPIO_V2_GET_LINEINFO: {
        const offset = answer.readUInt32LE(INFO.offset)
        const line = this.lines[offset]
        if (line === undefined) return { result: -ERRNO.EINVAL }
        answer.fill(0)
        answer.write(line.options.name ?? '', INFO.name)
        answer.write(line.consumer, INFO.consumer)
        answer.writeUInt32LE(offset, INFO.offset)
        const direction = line.isOutput ? FLAG.output : FLAG.input
        const used = line.consumer === '' ? 0n : FLAG.used
        answer.writeBigUInt64LE((line.flags & ~(FLAG.input | FLAG.output)) | direction | used, INFO.flags)
        return { result: 0, body: answer }
      }
      default:
        return { result: -ERRNO.ENOTTY }
    }
  }
}

/** Lines that the process requested together: one fd of its own. */
export class LineRequest implements Endpoint {
  readonly #lines: readonly GpioLine[]
  readonly #offsets: readonly number[]
  readonly #sequence = { request: 0, lines: [] as number[] }
  #events: Socket | undefined
  #early: Buffer[] = []
  #unwatch: (() => void)[] = []

  /** @param body  `struct gpio_v2_line_request`; the result is an error number when it cannot be granted */
  static of(chip: GpioChip, body: Buffer): LineRequest | number {
    const count = body.readUInt32LE(REQUEST.count)
    if (count === 0 || count > LINES_MAX) return ERRNO.EINVAL
    const offsets = Array.from({ length: count }, (_, i) => body.readUInt32LE(4 * i))
    const lines = offsets.flatMap((offset) => chip.lines[offset] ?? [])
    if (lines.length < count) return ERRNO.EINVAL
    if (lines.some((line) => line.consumer !== '')) return ERRNO.EBUSY
    const consumer = text(body.subarray(REQUEST.consumer, REQUEST.consumer + NAME_BYTES)) || '?'
    const request = new LineRequest(lines, offsets)
    const error = request.#configure(body.subarray(REQUEST.config))
    if (error !== 0) return error
    for (const line of lines) line.consumer = consumer
    return request
  }

  private constructor(lines: readonly GpioLine[], offsets: readonly number[]) {
    this.#lines = lines
    this.#offsets = offsets
  }

  /** From now on edges go to `socket`; those that came earlier first. */
  sendEventsTo(socket: Socket): void {
    this.#events = socket
    for (const event of this.#early) socket.write(event)
    this.#early = []
  }

  handle({ op, body }: Request): Reply {
    if (op !== OP.struct) return { result: -ERRNO.ENOTTY }
    const values = Buffer.from(body.subarray(4))
    switch (body.readUInt32LE(0)) {
      case GPIO_V2_LINE_GET_VALUES:
        return this.#values(values)
      case GPIO_V2_LINE_SET_VALUES:
        return { result: -this.#setValues(values.readBigUInt64LE(0), values.readBigUInt64LE(8)) }
      case GPIO_V2_LINE_SET_CONFIG:
        return { result: -this.#configure(values), body: values }
      default:
        return { result: -ERRNO.ENOTTY }
    }
  }

  /** The lines are free for others; an output stays as it is. */
  closed(): void {
    for (const unwatch of this.#unwatch) unwatch()
    for (const line of this.#lines) line.consumer = ''
    this.#events?.destroy()
  }

  /** `struct gpio_v2_line_values`: bits, mask. */
  #values(values: Buffer): Reply {
    const mask = values.readBigUInt64LE(8)
    if (mask === 0n) return { result: -ERRNO.EINVAL }
    let bits = 0n
    for (const [i, line] of this.#lines.entries()) bits |= BigInt(logical(line)) << BigInt(i)
    values.writeBigUInt64LE(bits & mask, 0)
    return { result: 0, body: values }
  }

  #setValues(bits: bigint, mask: bigint): number {
    const chosen = this.#lines.flatMap((line, i) => (isSet(mask, i) ? [{ line, value: isSet(bits, i) }] : []))
    if (chosen.length === 0) return ERRNO.EINVAL
    if (chosen.some(({ line }) => !line.isOutput)) return ERRNO.EPERM
    for (const { line, value } of chosen) line.setValue(physical(value, line.flags))
    return 0
  }

  /** @param config  `struct gpio_v2_line_config`; returns an error number, 0 if it was taken */
  #configure(config: Buffer): number {
    const flags = this.#lines.map((_, i) => flagsOf(config, i))
    if (flags.some((one) => !isConsistent(one))) return ERRNO.EINVAL
    for (const unwatch of this.#unwatch.splice(0)) unwatch()
    for (const [i, line] of this.#lines.entries()) {
      const own = flags[i]!
      line.flags = own
      const isOutput = (own & FLAG.output) !== 0n
      const kind = (own & FLAG.openDrain) !== 0n ? 'open-drain' : 'push-pull'
      const bias = (own & FLAG.biasUp) !== 0n ? 'up' : (own & FLAG.biasDown) !== 0n ? 'down' : undefined
      if (isOutput) line.setDirection({ value: physical(outputOf(config, i), own), kind }, bias)
      else if ((own & FLAG.input) !== 0n) line.setDirection(undefined, bias)
      if ((own & (FLAG.rising | FLAG.falling)) !== 0n) this.#unwatch.push(line.watch(() => this.#onChange(i)))
    }
    return 0
  }

  #onChange(index: number): void {
    const line = this.#lines[index]!
    const isRising = logical(line) === 1
    if ((line.flags & (isRising ? FLAG.rising : FLAG.falling)) === 0n) return
    const lineSequence = (this.#sequence.lines[index] ?? 0) + 1
    this.#sequence.lines[index] = lineSequence
    const event = Buffer.alloc(EVENT_BYTES)
    const isRealtime = (line.flags & FLAG.realtime) !== 0n
    event.writeBigUInt64LE(BigInt(isRealtime ? Date.now() * 1e6 : nowNs()), 0)
    event.writeUInt32LE(isRising ? 1 : 2, 8)
    event.writeUInt32LE(this.#offsets[index]!, 12)
    event.writeUInt32LE((this.#sequence.request += 1), 16)
    event.writeUInt32LE(lineSequence, 20)
    if (this.#events === undefined) this.#early.push(event)
    else this.#events.write(event)
  }
}

/** What the process sees: 1 is active. */
function logical(line: GpioLine): Level {
  return physical(line.level === 1, line.flags)
}

function physical(isActive: boolean, flags: bigint): Level {
  return isActive === ((flags & FLAG.activeLow) === 0n) ? 1 : 0
}

function isSet(bits: bigint, index: number): boolean {
  return ((bits >> BigInt(index)) & 1n) === 1n
}

function isConsistent(flags: bigint): boolean {
  const isBoth = (flags & FLAG.input) !== 0n && (flags & FLAG.output) !== 0n
  const hasEdgeOnly = (flags & (FLAG.rising | FLAG.falling)) !== 0n && (flags & FLAG.input) === 0n
  const hasDrainOnly = (flags & (FLAG.openDrain | FLAG.openSource)) !== 0n && (flags & FLAG.output) === 0n
  return !isBoth && !hasEdgeOnly && !hasDrainOnly && (flags & FLAG.openSource) === 0n
}

/** The attributes of a configuration that concern line `index` of the request: the first one has precedence. */
function attributeOf(config: Buffer, id: number, index: number): bigint | undefined {
  const count = Math.min(config.readUInt32LE(CONFIG.count), ATTRIBUTES_MAX)
  for (let at = CONFIG.attributes; at < CONFIG.attributes + count * ATTRIBUTE_BYTES; at += ATTRIBUTE_BYTES) {
    const isMeant = config.readUInt32LE(at) === id && isSet(config.readBigUInt64LE(at + 16), index)
    if (isMeant) return config.readBigUInt64LE(at + 8)
  }
  return undefined
}

function flagsOf(config: Buffer, index: number): bigint {
  return attributeOf(config, ATTRIBUTE_FLAGS, index) ?? config.readBigUInt64LE(0)
}

function outputOf(config: Buffer, index: number): boolean {
  return isSet(attributeOf(config, ATTRIBUTE_VALUES, index) ?? 0n, index)
}

function text(bytes: Buffer): string {
  return bytes.toString('latin1').replace(/\0.*$/s, '')
}

// linux/gpio.h: requests, with the sizes of their structs in them.
const GPIO_GET_CHIPINFO = 0x8044b401
const GPIO_V2_GET_LINEINFO = 0xc100b405
const GPIO_V2_LINE_SET_CONFIG = 0xc110b40d
const GPIO_V2_LINE_GET_VALUES = 0xc010b40e
const GPIO_V2_LINE_SET_VALUES = 0xc010b40f
const FLAG = {
  ...{ used: 0x1n, activeLow: 0x2n, input: 0x4n, output: 0x8n, rising: 0x10n, falling: 0x20n },
  ...{ openDrain: 0x40n, openSource: 0x80n, biasUp: 0x100n, biasDown: 0x200n, realtime: 0x800n },
}
const ATTRIBUTE_FLAGS = 1
const ATTRIBUTE_VALUES = 2
const NAME_BYTES = 32
const LINES_MAX = 64
const ATTRIBUTES_MAX = 10
// Offsets: struct gpio_v2_line_info, gpio_v2_line_request, gpio_v2_line_config.
const INFO = { name: 0, consumer: 32, offset: 64, flags: 72 }
const REQUEST = { consumer: 256, config: 288, count: 560 }
const CONFIG = { count: 8, attributes: 32 }
const ATTRIBUTE_BYTES = 24
const EVENT_BYTES = 48
/** Length of `struct gpio_v2_line_request`; the path of the chip follows it. */
export const LINE_REQUEST_BYTES = 592
