// Hexadecimal text of bytes: upper case out, either case in.

/** Upper-case hex of `bytes`, two digits each, no separator. */
export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex').toUpperCase()
}

/** Two upper-case digits. @param byte  0..255 */
export function hexOfByte(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, '0')
}

/** A status word as people write it, four upper-case digits: `6D16`. */
export function hexOfSw(sw: number): string {
  return sw.toString(16).toUpperCase().padStart(4, '0')
}

/**
 * The bytes that `text` spells, or undefined unless it is an even number of hex digits and nothing else.
 * An empty text is zero bytes. The result is a fresh array.
 */
export function bytesOfHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9A-Fa-f]*$/.test(text)) return undefined
  return new Uint8Array(Buffer.from(text, 'hex'))
}
