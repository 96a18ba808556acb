// What a chip says about itself when asked over its bus: CIP of GlobalPlatform T=1', ATR of NXP T=1 over I2C.

/** Figures of the chip and its bus; what is absent is that of a common part. */
export interface BusParameters {
  /** Issuer of the protocol stack, 3 or 4 bytes (gp), 5 bytes (nxp). */
  readonly issuer: Uint8Array
  readonly medium: 'i2c' | 'spi'
  readonly config: number
  /** Power-up time. */
  readonly pwtMs: number
  readonly maxClockKhz: number
  /** Idle time after which the chip may sleep. */
  readonly pstMs: number
  /** Least interval of polls, in the dialect's unit: 100 us (gp), 1 ms (nxp). */
  readonly pollInterval: number
  /** Least gap between two accesses. */
  readonly gapUs: number
  /** Most bytes in one SPI access. */
  readonly sealBytes: number
  readonly wakeUpUs: number
  readonly bwtMs: number
  readonly ifsc: number
  readonly historicalBytes: Uint8Array
}

/** INF of the answer to S(CIP): fields of which each has its length before it (GPC_SPE_172, by way of its users). */
export function cipOf(parameters: BusParameters): Uint8Array {
  const { issuer, medium, bwtMs, ifsc, historicalBytes } = parameters
  const physical = medium === 'i2c' ? i2cOf(parameters) : spiOf(parameters)
  return Uint8Array.of(
    ...[CIP_VERSION, issuer.length, ...issuer],
    ...[medium === 'spi' ? PHYSICAL_SPI : PHYSICAL_I2C, physical.length, ...physical],
    ...[LINK_LAYER_BYTES, ...word(bwtMs), ...word(ifsc)],
    ...[historicalBytes.length, ...historicalBytes],
  )
}

/** INF of the answer to S(get ATR) and to S(interface soft reset) of NXP T=1 over I2C (UM11225). */
export function nxpAtrOf(parameters: BusParameters): Uint8Array {
  const { issuer, config, maxClockKhz, pollInterval, gapUs, wakeUpUs, bwtMs, ifsc, historicalBytes } =
    parameters
  const physical = [
    ...[...word(maxClockKhz), config, pollInterval, 0, 0, 0],
    ...[...word(gapUs), ...word(wakeUpUs)],
  ]
  return Uint8Array.of(
    ...[NXP_VERSION, ...issuer, LINK_LAYER_BYTES, ...word(bwtMs), ...word(ifsc)],
    ...[PHYSICAL_I2C, physical.length, ...physical, historicalBytes.length, ...historicalBytes],
  )
}

/**
 * The historical bytes of an ATR, a view borrowed from it; empty when it has none or ends too early
 * (ISO/IEC 7816-3 section 8.2).
 */
export function historicalBytesOf(atr: Uint8Array): Uint8Array {
  const [, t0 = 0] = atr
  let offset = 2
  let indicator = t0 >> 4
  while (indicator !== 0) {
    // TA, TB and TC come one after the other, then TD, which says what follows.
    const before = (indicator & 1) + ((indicator >> 1) & 1) + ((indicator >> 2) & 1)
    const td = (indicator & 8) === 0 ? 0 : (atr[offset + before] ?? 0)
    offset += before + (indicator >> 3)
    indicator = td >> 4
  }
  return atr.subarray(offset, offset + (t0 & 0x0f))
}

function i2cOf({ config, pwtMs, maxClockKhz, pstMs, pollInterval, gapUs }: BusParameters): number[] {
  return [config, pwtMs, ...word(maxClockKhz), pstMs, pollInterval, ...word(gapUs)]
}

function spiOf(parameters: BusParameters): number[] {
  return [...i2cOf(parameters), ...word(parameters.sealBytes), ...word(parameters.wakeUpUs)]
}

function word(value: number): number[] {
  return [value >> 8, value & 0xff]
}

const CIP_VERSION = 0x01
const NXP_VERSION = 0x00
const PHYSICAL_SPI = 0x01
const PHYSICAL_I2C = 0x02
const LINK_LAYER_BYTES = 4
