// What I2C can carry at best: every access takes its bits at the clock of the bus, and the bus does one at a time.

export const CLOCK_HZ = 400_000

/** Microseconds of an APDU of `commandBytes` that is answered by 9000, in the framing of NXP. */
export function wireUs(commandBytes: number): number {
  return (
    accessUs(PROLOGUE_BYTES + commandBytes + EDC_BYTES) +
    accessUs(PROLOGUE_BYTES) +
    accessUs(STATUS_BYTES + EDC_BYTES)
  )
}

/** APDUs a second of `elements` that share the bus and take `elementMs` for each. */
export function limitOf({ commandBytes, elementMs, elements }: WireCase): number {
  const ownUs = wireUs(commandBytes)
  return 1e6 * Math.min(elements / (ownUs + 1000 * elementMs), 1 / ownUs)
}

export interface WireCase {
  readonly commandBytes: number
  /** From the last bit of a command until the element has its answer. */
  readonly elementMs: number
  readonly elements: number
}

/** START, seven bits of address, direction, acknowledge and STOP are 11 bits, a byte is 9. */
function accessUs(bytes: number): number {
  return (1e6 * (11 + 9 * bytes)) / CLOCK_HZ
}

const PROLOGUE_BYTES = 3
const EDC_BYTES = 2
const STATUS_BYTES = 2
