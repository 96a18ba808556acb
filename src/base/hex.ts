// Hexadecimal text of bytes: upper case out, either case in.

/** Upper-case hex of `bytes`, two digits each, no separator. */
export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex').toUpperCase()
}

/**
 * The bytes that `text` spells, or undefined unless it is an even number of hex digits and nothing else.
 * An empty text is zero bytes. The result is a fresh array.
 */
export function bytesOfHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9A-Fa-f]*$/.test(text)) return undefined
  return new Uint8Array(Buffer.from(text, 'hex'))
}
