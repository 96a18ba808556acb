// The check bytes that end a block: five ways in use, computed bit by bit.

/**
 * lrc: exclusive or. The others are the CRC of ISO/IEC 13239, reflected, preset FFFF: x25 with a final inversion, mcrf
 * without one, low or high byte first.
 */
export type Edc = 'lrc' | 'x25lo' | 'x25hi' | 'mcrflo' | 'mcrfhi'

/** How many bytes `edc` takes. */
export function edcBytesOf(edc: Edc): 1 | 2 {
  return edc === 'lrc' ? 1 : 2
}

/** The check bytes over `bytes`, a fresh array. */
export function edcOf(edc: Edc, bytes: Uint8Array): Uint8Array {
  if (edc === 'lrc') return Uint8Array.of(bytes.reduce((sum, byte) => sum ^ byte, 0))
  const register = crcRegisterOf(bytes)
  const crc = edc === 'x25lo' || edc === 'x25hi' ? register ^ ALL_ONES : register
  const [high, low] = [crc >> 8, crc & 0xff]
  return edc === 'x25lo' || edc === 'mcrflo' ? Uint8Array.of(low, high) : Uint8Array.of(high, low)
}

function crcRegisterOf(bytes: Uint8Array): number {
  let register = ALL_ONES
  for (const byte of bytes) {
    register ^= byte
    for (let bit = 0; bit < 8; bit++) {
      register = (register & 1) === 0 ? register >> 1 : (register >> 1) ^ REFLECTED_POLYNOMIAL
    }
  }
  return register
}

const ALL_ONES = 0xffff
// x^16 + x^12 + x^5 + 1, lowest power in the highest bit.
const REFLECTED_POLYNOMIAL = 0x8408
