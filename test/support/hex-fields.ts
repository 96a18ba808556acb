import assert from 'node:assert/strict'
import { bytesOfHex } from '../../src/base/hex.ts'

/** The bytes of a hex literal that is spaced by field, with `|` between groups: `'00 A4 | 04 00'`. */
export function hex(literal: string): Uint8Array {
  const bytes = bytesOfHex(literal.replace(/[\s|]/g, ''))
  assert.ok(bytes !== undefined, `not hex: ${literal}`)
  return bytes
}
