// Application identifiers (ISO/IEC 7816-4, 12.2.3): 5 to 16 bytes.

import { bytesOfHex } from '../base/hex.ts'

/** The AID that `digits` spell, or undefined when they spell none. */
export function aidOf(digits: string): Uint8Array | undefined {
  const bytes = bytesOfHex(digits)
  return bytes !== undefined && bytes.length >= 5 && bytes.length <= 16 ? bytes : undefined
}

/** Issuer security domains where elements have them, the most likely first. */
export const ISSUER_DOMAIN_AIDS = [
  'A000000151000000',
  'A000000003000000',
  'A0000001510000',
  'A000000018434D00',
].map((digits) => bytesOfHex(digits) ?? new Uint8Array(0))
