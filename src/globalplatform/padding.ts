// Padding of GlobalPlatform and ISO/IEC 9797-1 method 2: 80, then 00 up to the block; always at least the 80.

/** A fresh array, a multiple of `blockBytes`. */
export function padded(message: Uint8Array, blockBytes: number): Uint8Array {
  const length = message.length + blockBytes - (message.length % blockBytes)
  const result = new Uint8Array(length)
  result.set(message)
  result[message.length] = 0x80
  return result
}

/** What `padded` was given, a view borrowed from `message`; undefined when it is not padded so. */
export function unpadded(message: Uint8Array): Uint8Array | undefined {
  let end = message.length
  while (end > 0 && message[end - 1] === 0) end--
  return end > 0 && message[end - 1] === 0x80 ? message.subarray(0, end - 1) : undefined
}
