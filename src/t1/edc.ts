// Error detection codes of T=1 blocks. ISO/IEC 7816-3 has one LRC and one CRC; implementations of the CRC differ in
// its final XOR and in the order of its bytes, so there are four.

export type EdcName = 'lrc' | 'x25lo' | 'x25hi' | 'mcrfhi' | 'mcrflo'

/** One way to protect a block. The state of a running computation is a number; nothing is allocated. */
export interface Edc {
  readonly name: EdcName
  /** Width on the wire. */
  readonly bytes: 1 | 2
  /** The state before the first byte of a block. */
  readonly initial: number
  /** The state after `bytes[start..end)`. */
  update(state: number, bytes: Uint8Array, start: number, end: number): number
  /** Writes the code of everything that went into `state`. */
  write(state: number, into: Uint8Array, offset: number): void
  /** Whether the code at `offset` is the one of everything that went into `state`. */
  matches(state: number, bytes: Uint8Array, offset: number): boolean
}

/** XOR of all bytes before it. */
const lrc: Edc = {
  name: 'lrc',
  bytes: 1,
  initial: 0,
  update: updateLrc,
  write(state, into, offset) {
    into[offset] = state
  },
  matches: (state, bytes, offset) => bytes[offset] === state,
}

function crc(name: EdcName, xorOut: number, first: 'high' | 'low'): Edc {
  const high = first === 'high' ? 0 : 1
  const low = 1 - high
  return {
    name,
    bytes: 2,
    initial: CRC_INITIAL,
    update: updateCrc,
    write(state, into, offset) {
      into[offset + high] = (state ^ xorOut) >> 8
      into[offset + low] = (state ^ xorOut) & 0xff
    },
    matches: (state, bytes, offset) =>
      bytes[offset + high] === (state ^ xorOut) >> 8 && bytes[offset + low] === ((state ^ xorOut) & 0xff),
  }
}

function updateLrc(state: number, bytes: Uint8Array, start: number, end: number): number {
  let sum = state
  for (let offset = start; offset < end; offset++) sum ^= bytes[offset] ?? 0
  return sum
}

function updateCrc(state: number, bytes: Uint8Array, start: number, end: number): number {
  let register = state
  for (let offset = start; offset < end; offset++) {
    register = (register >> 8) ^ (CRC_TABLE[(register ^ (bytes[offset] ?? 0)) & 0xff] ?? 0)
  }
  return register
}

function crcTable(): Uint16Array {
  return Uint16Array.from({ length: 256 }, (_, byte) => {
    let register = byte
    for (let bit = 0; bit < 8; bit++) register = (register >> 1) ^ (register & 1 ? CRC_POLYNOMIAL : 0)
    return register
  })
}

/** 1021 of ISO/IEC 13239, bits reversed. */
const CRC_POLYNOMIAL = 0x8408
const CRC_INITIAL = 0xffff
const CRC_TABLE = crcTable()

/** All of them, by name. */
export const EDC: Readonly<Record<EdcName, Edc>> = {
  lrc,
  /** Low byte first, as in X.25: NXP T=1oI2C, the reference bridge. */
  x25lo: crc('x25lo', 0xffff, 'low'),
  /** High byte first: GlobalPlatform T=1'. */
  x25hi: crc('x25hi', 0xffff, 'high'),
  /** No final XOR, high byte first: what readers send to ISO cards that ask for a CRC. */
  mcrfhi: crc('mcrfhi', 0, 'high'),
  /** No final XOR, low byte first: not seen anywhere yet. */
  mcrflo: crc('mcrflo', 0, 'low'),
}
