// Calls that are too short to be timed one by one.

/** Of one call, over a batch of them. */
export function microsecondsOf(call: () => void): number {
  const start = process.hrtime.bigint()
  for (let n = 0; n < BATCH; n++) call()
  return Number(process.hrtime.bigint() - start) / 1000 / BATCH
}

/** Bytes that one call allocates, on the heap and in buffers. In a batch with a collection: less, even below 0. */
export function allocatedBytesOf(call: () => void): number {
  const before = process.memoryUsage()
  for (let n = 0; n < BATCH; n++) call()
  const after = process.memoryUsage()
  return (after.heapUsed - before.heapUsed + after.arrayBuffers - before.arrayBuffers) / BATCH
}

/** The least that any use of `bytes` costs. */
export function lookAtEach(bytes: Uint8Array): void {
  for (const byte of bytes) total = (total + byte) | 0
}

/** What the calls of `lookAtEach` came to: without a use the compiler would leave them out. */
let total = 0

const BATCH = 500
