// An answer to reset for an element of which only the name is known.

/**
 * T=1 alone, so that tools send whole APDUs, and the name as historical bytes, where TLS-SE elements have it
 * (ISO/IEC 7816-3, answer to reset).
 * @param name  latin1; its first 15 characters are used
 */
export function atrAround(name: string): Uint8Array {
  const historical = Buffer.from(name, 'latin1').subarray(0, MAX_HISTORICAL_BYTES)
  const checked = [T0_HAS_TD1 | historical.length, TD1_T1, ...historical]
  return Uint8Array.of(
    TS_DIRECT,
    ...checked,
    checked.reduce((sum, byte) => sum ^ byte, 0),
  )
}

const TS_DIRECT = 0x3b
const T0_HAS_TD1 = 0x80
const TD1_T1 = 0x01
const MAX_HISTORICAL_BYTES = 15
