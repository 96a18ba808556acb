// Protocol control bytes of T=1 (ISO/IEC 7816-3 section 11.3.2), and the size that S(IFS) speaks of.

import type { WireDialect } from './wire-dialect.ts'

export const PCB_MORE = 0x20
export const PCB_RESPONSE = 0x20
/** Bits of an I-block that are 0. */
export const I_RESERVED = 0x1f
export const R = 0x80
export const R_EDC = 0x01
export const R_OTHER = 0x02
/** Bits of an R-block that are 0; the two low ones say what was wrong. */
export const R_RESERVED = 0x2c
export const S_RESYNCH = 0xc0
export const S_IFS = 0xc1
export const S_ABORT = 0xc2
export const S_WTX = 0xc3

export function isR(pcb: number): boolean {
  return (pcb & 0xc0) === R
}

/** The size in `inf`, or undefined when none is allowed: one byte up to FE; two beyond, where LEN has two bytes. */
export function ifsOf({ lenBytes, maxInfBytes }: WireDialect, inf: Uint8Array): number | undefined {
  const [first = 0, second = 0] = inf
  if (inf.length === 1) return first === 0 || first > MAX_ONE_BYTE_IFS ? undefined : first
  const size = (first << 8) | second
  return inf.length === 2 && lenBytes === 2 && size > MAX_ONE_BYTE_IFS && size <= maxInfBytes
    ? size
    : undefined
}

/** INF of S(IFS) for `size`. */
export function infOfIfs(size: number): Uint8Array {
  return size > MAX_ONE_BYTE_IFS ? Uint8Array.of(size >> 8, size & 0xff) : Uint8Array.of(size)
}

const MAX_ONE_BYTE_IFS = 0xfe
