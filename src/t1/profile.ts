// The dialects of T=1 as data. What differs is the frame, the S-blocks and the numbers; the rules are the same.

import { EDC, type Edc } from './edc.ts'

export type SBlockName =
  | 'resynch'
  | 'ifs'
  | 'abort'
  | 'wtx'
  | 'cip'
  | 'release'
  | 'swr'
  | 'endSession'
  | 'chipReset'
  | 'getAtr'
  | 'interfaceReset'
  | 'coldReset'
  | 'powerDown'

export interface T1Limits {
  /** Further attempts after a block that was not received, each in a row (rule 7.4.2). */
  readonly retries: number
  /** S(RESYNCH request) that one APDU or request may cost, answered or not (rule 6.4). */
  readonly resyncs: number
  /** Blocks in a row, valid or not, that bring an exchange no further; then the link is resynchronised. */
  readonly maxStalls: number
  /** Waiting time extensions granted for one APDU, and the sum of the time that they grant. */
  readonly maxWtx: number
  readonly maxWtxMs: number
}

/** What a block looks like. */
export interface T1Frame {
  /** NAD of our blocks. */
  readonly nadOut: number
  /** Every NAD that a block of the card may have. */
  readonly nadIn: readonly number[]
  /** Width of LEN, big-endian. */
  readonly lengthBytes: 1 | 2
  readonly edc: Edc
  /** as-zero: the EDC is computed as if NAD were 00, whatever is sent. */
  readonly edcNad: 'as-sent' | 'as-zero'
  /** The most INF bytes that any block may have. */
  readonly maxInfBytes: number
}

export interface T1Profile extends T1Frame {
  readonly name: string
  /** The highest error code that an R-block may have in its two low bits. */
  readonly maxRError: 2 | 3
  /** What the card takes, and what it may send, until something else is agreed. */
  readonly defaultIfsc: number
  readonly defaultIfsd: number
  readonly defaultBwtMs: number
  /** PCB of the requests that the dialect has; a response has `PCB_S_RESPONSE` set in addition. */
  readonly sBlocks: Readonly<Partial<Record<SBlockName, number>>>
  /** Requests whose answer means that the card starts anew, with all parameters as by default. */
  readonly resettingSBlocks: readonly SBlockName[]
  readonly limits: T1Limits
}

/** The S-blocks of ISO/IEC 7816-3; PCBs of requests. */
const ISO_S_BLOCKS = { resynch: 0xc0, ifs: 0xc1, abort: 0xc2, wtx: 0xc3 } as const

/** ISO/IEC 7816-3 T=1 with LRC, no node addressing, as after an ATR that sets nothing. */
export const ISO_T1_LRC: T1Profile = {
  name: 'iso-t1-lrc',
  nadOut: 0x00,
  nadIn: [0x00],
  lengthBytes: 1,
  edc: EDC.lrc,
  edcNad: 'as-sent',
  maxInfBytes: 254,
  maxRError: 2,
  defaultIfsc: 32,
  defaultIfsd: 32,
  // BWI 4 at 3.58 MHz: 11 etu + 2^4 x 960 x 372 / f.
  defaultBwtMs: 1600,
  sBlocks: ISO_S_BLOCKS,
  resettingSBlocks: [],
  limits: { retries: 2, resyncs: 3, maxStalls: 16, maxWtx: 100, maxWtxMs: 120_000 },
}

/** The same with a CRC; which of the four a card means is not settled, this one is what readers send. */
export const ISO_T1_CRC: T1Profile = { ...ISO_T1_LRC, name: 'iso-t1-crc', edc: EDC.mcrfhi }

/** GlobalPlatform T=1' over SPI or I2C, as before S(CIP). */
export const GP_T1_PRIME: T1Profile = {
  ...ISO_T1_LRC,
  name: 'gp-t1prime',
  nadOut: 0x21,
  nadIn: [0x12],
  lengthBytes: 2,
  edc: EDC.x25hi,
  maxInfBytes: 4089,
  defaultIfsc: 8,
  // Nothing is written about IFSD before S(IFS); we can take any block.
  defaultIfsd: 4089,
  defaultBwtMs: 300,
  sBlocks: { ...ISO_S_BLOCKS, cip: 0xc4, release: 0xc6, swr: 0xcf },
  resettingSBlocks: ['swr'],
  limits: { retries: 2, resyncs: 3, maxStalls: 16, maxWtx: 100, maxWtxMs: 60_000 },
}

/** NXP T=1 over I2C (UM11225). C6 and CF mean other things here than in T=1'. */
export const NXP_T1_OVER_I2C: T1Profile = {
  ...ISO_T1_LRC,
  name: 'nxp-t1oi2c',
  nadOut: 0x5a,
  nadIn: [0xa5],
  edc: EDC.x25lo,
  // 83 and 93: the element missed the start of our frame.
  maxRError: 3,
  defaultIfsc: 254,
  defaultIfsd: 254,
  defaultBwtMs: 1000,
  sBlocks: {
    ...ISO_S_BLOCKS,
    ...{ endSession: 0xc5, chipReset: 0xc6, getAtr: 0xc7, interfaceReset: 0xcf },
    ...{ coldReset: 0xde, powerDown: 0xdf },
  },
  resettingSBlocks: ['chipReset', 'interfaceReset'],
  limits: { retries: 2, resyncs: 3, maxStalls: 16, maxWtx: 500, maxWtxMs: 60_000 },
}

/** NXP PN80T: LRC, computed as if NAD were 00. Only the direction towards the element was seen. */
export const NXP_PN80T: T1Profile = {
  ...ISO_T1_LRC,
  name: 'nxp-pn80t',
  nadOut: 0x5a,
  nadIn: [0xa5],
  edcNad: 'as-zero',
  defaultIfsc: 254,
  defaultIfsd: 254,
  defaultBwtMs: 1624,
  sBlocks: { ...ISO_S_BLOCKS, endSession: 0xc5 },
}
