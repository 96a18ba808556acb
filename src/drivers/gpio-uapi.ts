// What the GPIO character device is asked and what it answers, as bytes: ABI v2. Pure.
// Source: linux/gpio.h, checked against it by test/rig/gpio-uapi.test.ts. Little-endian, as every machine with this
// header on it; BigInt only where the field has 64 bits.

/** Request numbers of ioctl; each has the length of its struct in it. */
export const IOCTL = {
  GPIO_GET_CHIPINFO: 0x8044b401,
  GPIO_V2_GET_LINEINFO: 0xc100b405,
  GPIO_V2_GET_LINE: 0xc250b407,
  GPIO_V2_LINE_SET_CONFIG: 0xc110b40d,
  GPIO_V2_LINE_GET_VALUES: 0xc010b40e,
  GPIO_V2_LINE_SET_VALUES: 0xc010b40f,
} as const

/** `enum gpio_v2_line_flag`, those that are used here. */
export const FLAG = {
  USED: 1n << 0n,
  ACTIVE_LOW: 1n << 1n,
  INPUT: 1n << 2n,
  OUTPUT: 1n << 3n,
  EDGE_RISING: 1n << 4n,
  EDGE_FALLING: 1n << 5n,
  BIAS_PULL_UP: 1n << 8n,
  BIAS_PULL_DOWN: 1n << 9n,
  BIAS_DISABLED: 1n << 10n,
} as const

/** How lines are to be. In bit sets, bit n is line n of the request. */
export interface LineConfig {
  /** Of all lines. */
  readonly flags: bigint
  /** Which ones are active when low. */
  readonly activeLow: number
  /** Of outputs: which ones are active from the start. */
  readonly initial?: number
}

/** An empty `struct gpiochip_info`. */
export function emptyChipInfo(): Buffer {
  return Buffer.alloc(CHIP_INFO.length)
}

/** Reads a `struct gpiochip_info` that the kernel has filled. */
export function chipInfoOf(bytes: Buffer): { name: string; label: string; lineCount: number } {
  return {
    name: textAt(bytes, CHIP_INFO.name),
    label: textAt(bytes, CHIP_INFO.label),
    lineCount: bytes.readUInt32LE(CHIP_INFO.lines),
  }
}

/** A `struct gpio_v2_line_info` that asks about `line`. */
export function lineInfoQuery(line: number): Buffer {
  const bytes = Buffer.alloc(LINE_INFO.length)
  bytes.writeUInt32LE(line, LINE_INFO.offset)
  return bytes
}

/** Who has the line of a filled `struct gpio_v2_line_info`: undefined when nobody, empty when it has no name. */
export function consumerOf(bytes: Buffer): string | undefined {
  const isUsed = (bytes.readBigUInt64LE(LINE_INFO.flags) & FLAG.USED) !== 0n
  return isUsed ? textAt(bytes, LINE_INFO.consumer) : undefined
}

/**
 * A `struct gpio_v2_line_request`.
 * @param lines  1 to 64 offsets
 * @param consumer  what others are told who has the lines; at most 31 bytes of ASCII
 */
export function lineRequest(lines: readonly number[], consumer: string, config: LineConfig): Buffer {
  const bytes = Buffer.alloc(LINE_REQUEST.length)
  for (const [i, line] of lines.entries()) bytes.writeUInt32LE(line, LINE_REQUEST.offsets + 4 * i)
  bytes.write(consumer, LINE_REQUEST.consumer, 'latin1')
  bytes.set(lineConfig(config), LINE_REQUEST.config)
  bytes.writeUInt32LE(lines.length, LINE_REQUEST.numLines)
  return bytes
}

/** The file that a granted `struct gpio_v2_line_request` has brought. */
export function fdOf(request: Buffer): number {
  return request.readInt32LE(LINE_REQUEST.fd)
}

/** A `struct gpio_v2_line_config`: what differs between lines is in its attributes. */
export function lineConfig({ flags, activeLow, initial }: LineConfig): Buffer {
  const bytes = Buffer.alloc(LINE_CONFIG.length)
  const attributes: (readonly [id: number, value: bigint, lines: bigint])[] = []
  if (activeLow !== 0) attributes.push([ATTRIBUTE_FLAGS, flags | FLAG.ACTIVE_LOW, bits(activeLow)])
  if (initial !== undefined) attributes.push([ATTRIBUTE_OUTPUT_VALUES, bits(initial), ALL_LINES])
  bytes.writeBigUInt64LE(flags, LINE_CONFIG.flags)
  bytes.writeUInt32LE(attributes.length, LINE_CONFIG.numAttrs)
  for (const [i, [id, value, lines]] of attributes.entries()) {
    const at = LINE_CONFIG.attrs + i * ATTRIBUTE.length
    bytes.writeUInt32LE(id, at + ATTRIBUTE.id)
    bytes.writeBigUInt64LE(value, at + ATTRIBUTE.value)
    bytes.writeBigUInt64LE(lines, at + ATTRIBUTE.mask)
  }
  return bytes
}

/**
 * A `struct gpio_v2_line_values`: what lines are to be, or room for what they are.
 * @param mask  the lines it is about
 */
export function lineValues(values: number, mask: number): Buffer {
  const bytes = Buffer.alloc(LINE_VALUES.length)
  bytes.writeUInt32LE(values >>> 0, LINE_VALUES.bits)
  bytes.writeUInt32LE(mask >>> 0, LINE_VALUES.mask)
  return bytes
}

/** Bit n: whether line n is active. */
export function valuesOf(bytes: Buffer): number {
  return bytes.readUInt32LE(LINE_VALUES.bits)
}

/** Room for so many `struct gpio_v2_line_event`. */
export function emptyEvents(count: number): Buffer {
  return Buffer.alloc(count * EVENT.length)
}

/** Of each whole event in `bytes`, whether its line has become active: the kernel's edges are those of the state. */
export function* edgesOf(bytes: Buffer): Generator<boolean> {
  for (let at = 0; at + EVENT.length <= bytes.length; at += EVENT.length)
    yield bytes.readUInt32LE(at + EVENT.id) === EVENT_RISING_EDGE
}

/** `set` as the kernel's 64 bits. */
function bits(set: number): bigint {
  return BigInt(set >>> 0)
}

/** A `char[GPIO_MAX_NAME_SIZE]`, which ends at its zero. */
function textAt(bytes: Buffer, at: number): string {
  const field = bytes.subarray(at, at + NAME_BYTES)
  const end = field.indexOf(0)
  return field.toString('utf8', 0, end < 0 ? NAME_BYTES : end)
}

// Offsets and lengths, bytes, under the kernel's names of structs and fields.
/** `GPIO_MAX_NAME_SIZE` */
const NAME_BYTES = 32
const CHIP_INFO = { name: 0, label: 32, lines: 64, length: 68 }
const LINE_INFO = { consumer: 32, offset: 64, flags: 72, length: 256 }
const LINE_REQUEST = { offsets: 0, consumer: 256, config: 288, numLines: 560, fd: 588, length: 592 }
const LINE_CONFIG = { flags: 0, numAttrs: 8, attrs: 32, length: 272 }
/** `struct gpio_v2_line_config_attribute` */
const ATTRIBUTE = { id: 0, value: 8, mask: 16, length: 24 }
const LINE_VALUES = { bits: 0, mask: 8, length: 16 }
const EVENT = { id: 8, length: 48 }
/** `enum gpio_v2_line_attr_id` */
const ATTRIBUTE_FLAGS = 1
const ATTRIBUTE_OUTPUT_VALUES = 2
/** `enum gpio_v2_line_event_id` */
const EVENT_RISING_EDGE = 1
const ALL_LINES = 0xffff_ffff_ffff_ffffn
