// The CRC of atoms in ID EEPROMs. Pure.

/** CRC-16/ARC: polynomial 0x8005 (0xA001 reflected), lowest bit first, begins with 0; "123456789" -> BB3D. */
export function crc16(bytes: Uint8Array): number {
  let crc = 0
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ REFLECTED_POLYNOMIAL : crc >>> 1
  }
  return crc
}

const REFLECTED_POLYNOMIAL = 0xa001
