// The answer to reset: `TS T0 [TA1] [TB1] [TC1] [TD1] ... T1..TK [TCK]` (ISO/IEC 7816-3, answer to reset).

import { ApduError } from './errors.ts'
import { type InterfaceLevel, type InterfaceParameters, parametersOf } from './interface-bytes.ts'

/** An ATR that was checked once: every byte has its place. */
export interface Atr extends InterfaceParameters {
  readonly convention: 'direct' | 'inverse'
  /** Interface bytes by level, level 1 first. A level that T0 or a TD announces without bytes is there too. */
  readonly levels: readonly InterfaceLevel[]
  /** T1..TK, 0..15 bytes, a view borrowed from the input. */
  readonly historicalBytes: Uint8Array
  /** The check byte, or undefined when T=0 alone is announced and there is none. */
  readonly tck: number | undefined
}

/** The longest ATR: TS and 32 bytes. */
export const MAX_ATR_BYTES = 33

/**
 * The parsed ATR. Reserved parameter values are accepted, see `InterfaceParameters`; a TD that announces no
 * further interface bytes is valid and ends them.
 * @param bytes  the whole ATR from TS on; borrowed as long as `historicalBytes` is used
 * @throws ApduError atr.malformed when TS is unknown, a byte is missing or left over, or TCK is wrong
 */
export function parseAtr(bytes: Uint8Array): Atr {
  if (bytes.length > MAX_ATR_BYTES) throw malformed(`${bytes.length} bytes, at most ${MAX_ATR_BYTES} allowed`)
  const convention = conventionOf(byteAt(bytes, 0, 'TS'))
  const t0 = byteAt(bytes, 1, 'T0')
  const { levels, end } = levelsOf(bytes, t0)
  const historicalEnd = end + (t0 & 0x0f)
  if (historicalEnd > bytes.length) {
    throw malformed(`${bytes.length - end} of ${t0 & 0x0f} historical bytes, from offset ${end}`)
  }
  const hasTck = levels.some(({ protocol }) => protocol !== undefined && protocol !== 0)
  const tck = hasTck ? byteAt(bytes, historicalEnd, 'TCK') : undefined
  const extra = bytes.length - historicalEnd - (hasTck ? 1 : 0)
  if (extra > 0) throw malformed(`${extra} bytes too many at the end`)
  if (tck !== undefined) checkTck(bytes, tck)
  const historicalBytes = bytes.subarray(end, historicalEnd)
  return { convention, levels, historicalBytes, tck, ...parametersOf(levels) }
}

/**
 * The secure element name in `atr`: its historical bytes, 0..15 of them, borrowed from the parsed ATR.
 * TLS-SE applets put their name there; of any other element these bytes are a name by accident.
 */
export function senOf(atr: Atr): Uint8Array {
  return atr.historicalBytes
}

function conventionOf(ts: number): Atr['convention'] {
  if (ts === 0x3b) return 'direct'
  if (ts === 0x3f) return 'inverse'
  throw malformed(`TS is ${hex(ts)}, not 3B or 3F`)
}

function levelsOf(bytes: Uint8Array, t0: number): { levels: InterfaceLevel[]; end: number } {
  const levels: InterfaceLevel[] = []
  let end = 2
  let announced = t0 >> 4
  let protocol: number | undefined
  for (;;) {
    const number = levels.length + 1
    const take = (name: string, bit: number): number | undefined =>
      (announced & bit) === 0 ? undefined : byteAt(bytes, end++, `${name}${number}`)
    const level = { protocol, ta: take('TA', 1), tb: take('TB', 2), tc: take('TC', 4), td: take('TD', 8) }
    levels.push(level)
    if (level.td === undefined) return { levels, end }
    announced = level.td >> 4
    protocol = level.td & 0x0f
  }
}

function checkTck(bytes: Uint8Array, tck: number): void {
  let sum = 0
  for (let offset = 1; offset < bytes.length; offset++) sum ^= bytes[offset] ?? 0
  if (sum !== 0) throw malformed(`TCK is ${hex(tck)}, should be ${hex(tck ^ sum)}`)
}

function byteAt(bytes: Uint8Array, offset: number, name: string): number {
  const byte = bytes[offset]
  if (byte === undefined) throw malformed(`ends before ${name}, at offset ${offset}`)
  return byte
}

function malformed(reason: string): ApduError {
  return new ApduError('atr.malformed', `ATR: ${reason}`)
}

function hex(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, '0')
}
