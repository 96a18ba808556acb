// The command APDU in its seven shapes (ISO/IEC 7816-3, cases of command APDUs):
//
//   1   CLA INS P1 P2
//   2S  CLA INS P1 P2 Le               2E  CLA INS P1 P2 00 Le1 Le2
//   3S  CLA INS P1 P2 Lc data          3E  CLA INS P1 P2 00 Lc1 Lc2 data
//   4S  CLA INS P1 P2 Lc data Le       4E  CLA INS P1 P2 00 Lc1 Lc2 data Le1 Le2

/** S is short, E is extended; 2 and 4 expect data back, 3 and 4 carry data. */
export type CommandCase = '1' | '2S' | '3S' | '4S' | '2E' | '3E' | '4E'

/** A command that was checked once. */
export interface Command {
  readonly case: CommandCase
  readonly cla: number
  readonly ins: number
  readonly p1: number
  readonly p2: number
  /** The command data, a view borrowed from the input; empty in cases 1 and 2. */
  readonly data: Uint8Array
  /** The most data bytes that may come back: 0 in cases 1 and 3, else 1..65536. */
  readonly ne: number
}

/** What `writeCommand` writes; `data` and `ne` are empty and 0 when left out. */
export interface CommandFields {
  readonly cla: number
  readonly ins: number
  readonly p1: number
  readonly p2: number
  readonly data?: Uint8Array
  readonly ne?: number
}

/** The longest command: header, extended Lc, 65535 data bytes, extended Le. */
export const MAX_COMMAND_BYTES = 4 + 3 + 0xffff + 2

/**
 * The command that `bytes` are, or undefined when their lengths contradict each other: nothing is guessed.
 * A zero Le is the maximum, 256 or 65536. Any class and instruction is accepted.
 * @param bytes  one whole C-APDU; borrowed as long as `data` is used
 */
export function commandOf(bytes: Uint8Array): Command | undefined {
  if (bytes.length < HEADER_BYTES) return undefined
  const body = bodyOf(bytes)
  if (body === undefined) return undefined
  const [cla = 0, ins = 0, p1 = 0, p2 = 0] = bytes
  const data = bytes.subarray(body.dataOffset, body.dataOffset + body.nc)
  return { case: body.case, cla, ins, p1, p2, data, ne: body.ne }
}

/**
 * Writes a command in its shortest form at the start of `into`; case 1 is 4 bytes.
 * @param into  owned by the caller; bytes behind the command stay as they are. Data that already lies where
 *   it belongs, at 5 (short) or 7 (extended), is not moved; data elsewhere in `into` is moved correctly.
 * @param fields  header bytes 0..255, at most 65535 data bytes, `ne` 0..65536 (0 asks for no data)
 * @returns the length of the command in bytes
 * @throws RangeError when a field is out of range or `into` is too short; `into` is then unchanged
 */
export function writeCommand(into: Uint8Array, fields: CommandFields): number {
  const { data = NO_DATA, ne = 0 } = fields
  const nc = data.length
  checkFields(fields, nc, ne)
  const isExtended = nc > MAX_SHORT_NC || ne > MAX_SHORT_NE
  const dataOffset = nc === 0 ? HEADER_BYTES : isExtended ? EXTENDED_DATA_OFFSET : SHORT_DATA_OFFSET
  const length = dataOffset + nc + leBytes(isExtended, nc, ne)
  if (length > into.length) throw new RangeError(`command of ${length} bytes, room for ${into.length}`)

  // Data first: where it overlaps, header and lengths would be written over it.
  const isInPlace = data.buffer === into.buffer && data.byteOffset === into.byteOffset + dataOffset
  if (nc > 0 && !isInPlace) into.set(data, dataOffset)
  into[0] = fields.cla
  into[1] = fields.ins
  into[2] = fields.p1
  into[3] = fields.p2
  const view = new DataView(into.buffer, into.byteOffset, length)
  if (isExtended) {
    view.setUint8(HEADER_BYTES, 0)
    if (nc > 0) view.setUint16(HEADER_BYTES + 1, nc)
    // 65536 is written as 0000: the conversion drops the high bit.
    if (ne > 0) view.setUint16(length - 2, ne)
  } else {
    if (nc > 0) view.setUint8(HEADER_BYTES, nc)
    if (ne > 0) view.setUint8(length - 1, ne)
  }
  return length
}

interface Body {
  case: CommandCase
  dataOffset: number
  nc: number
  ne: number
}

function bodyOf(bytes: Uint8Array): Body | undefined {
  const length = bytes.length - HEADER_BYTES
  if (length === 0) return { case: '1', dataOffset: HEADER_BYTES, nc: 0, ne: 0 }
  const first = bytes[HEADER_BYTES] ?? 0
  if (length === 1) return { case: '2S', dataOffset: HEADER_BYTES, nc: 0, ne: first || MAX_SHORT_NE }
  if (first === 0) return extendedBodyOf(bytes, length)
  if (length === 1 + first) return { case: '3S', dataOffset: SHORT_DATA_OFFSET, nc: first, ne: 0 }
  if (length !== 2 + first) return undefined
  return { case: '4S', dataOffset: SHORT_DATA_OFFSET, nc: first, ne: bytes.at(-1) || MAX_SHORT_NE }
}

function extendedBodyOf(bytes: Uint8Array, length: number): Body | undefined {
  if (length < 3) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const second = view.getUint16(HEADER_BYTES + 1)
  // Three bytes are an Le whatever their value: an Lc would need data behind it.
  if (length === 3) return { case: '2E', dataOffset: HEADER_BYTES, nc: 0, ne: second || MAX_EXTENDED_NE }
  if (second === 0) return undefined
  if (length === 3 + second) return { case: '3E', dataOffset: EXTENDED_DATA_OFFSET, nc: second, ne: 0 }
  if (length !== 5 + second) return undefined
  const ne = view.getUint16(bytes.length - 2) || MAX_EXTENDED_NE
  return { case: '4E', dataOffset: EXTENDED_DATA_OFFSET, nc: second, ne }
}

function leBytes(isExtended: boolean, nc: number, ne: number): number {
  if (ne === 0) return 0
  if (!isExtended) return 1
  // Without Lc the zero byte that marks the extended form belongs to Le.
  return nc === 0 ? 3 : 2
}

function checkFields(fields: CommandFields, nc: number, ne: number): void {
  for (const name of ['cla', 'ins', 'p1', 'p2'] as const) checkRange(name, fields[name], 0xff)
  checkRange('data length', nc, 0xffff)
  checkRange('ne', ne, MAX_EXTENDED_NE)
}

function checkRange(name: string, value: number, max: number): void {
  if (Number.isInteger(value) && value >= 0 && value <= max) return
  throw new RangeError(`${name} is ${value}, not within 0..${max}`)
}

const HEADER_BYTES = 4
const SHORT_DATA_OFFSET = 5
const EXTENDED_DATA_OFFSET = 7
const MAX_SHORT_NC = 255
const MAX_SHORT_NE = 256
const MAX_EXTENDED_NE = 65536
const NO_DATA = new Uint8Array(0)
