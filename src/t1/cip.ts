// What an element says about its link: the answer to S(CIP) of GlobalPlatform T=1', and the ATR of NXP T=1oI2C. The
// two say nearly the same in different places and units.

import { ByteReader } from '../base/byte-reader.ts'
import { T1Error } from './errors.ts'

/** Common to all links. */
export interface DataLinkParameters {
  readonly bwtMs: number
  /** At least 1; may be more than the dialect can have. */
  readonly ifscBytes: number
}

export interface I2cParameters {
  readonly kind: 'i2c'
  /** Meaning of its bits not published. */
  readonly configByte: number
  readonly powerUpMs: number
  readonly maxClockHz: number
  /** Idle time after which the element may sleep. */
  readonly idleToSleepMs: number
  readonly minPollIntervalUs: number
  /** From STOP to the next START. */
  readonly readWriteGapUs: number
}

export interface SpiParameters {
  readonly kind: 'spi'
  readonly configByte: number
  readonly powerUpMs: number
  readonly maxClockHz: number
  readonly idleToSleepMs: number
  readonly minPollIntervalUs: number
  /** Between two accesses. The unit is assumed: one implementation's comment says ms, its default fits only us. */
  readonly segmentGapUs: number
  /** The longest access, while CS is low. */
  readonly maxAccessBytes: number
  /** From sleep to the first access; unit assumed as above. */
  readonly wakeUpUs: number
}

/** The answer to S(CIP). Arrays are views borrowed from the input. */
export interface CommunicationParameters {
  readonly protocolVersion: number
  /** Issuer identification number, 3 or 4 bytes. */
  readonly iin: Uint8Array
  readonly link: I2cParameters | SpiParameters
  readonly dataLink: DataLinkParameters
  readonly historicalBytes: Uint8Array
}

/** The ATR of NXP T=1oI2C. Arrays are views borrowed from the input. */
export interface NxpAtr {
  readonly protocolVersion: number
  /** 5 bytes. */
  readonly vendorId: Uint8Array
  readonly dataLink: DataLinkParameters
  readonly link: NxpLinkParameters
  readonly historicalBytes: Uint8Array
}

export interface NxpLinkParameters {
  readonly configByte: number
  readonly maxClockHz: number
  readonly minPollIntervalUs: number
  readonly segmentGapUs: number
  /** Unit assumed: it was seen as 0 only. */
  readonly wakeUpUs: number
}

/**
 * Reads `PVER | IIN | PLID | PLP | DLLP | HB`, each but PVER and PLID with its length in front.
 * @param inf  INF of S(CIP response), borrowed as long as the result is used
 * @throws T1Error t1.malformed
 * Source: GPC_SPE_172, through implementations of it; bytes that longer fields have at their end are ignored.
 */
export function communicationParametersOf(inf: Uint8Array): CommunicationParameters {
  return whole('S(CIP)', inf, (reader) => {
    const protocolVersion = reader.u8()
    const iin = reader.vector8()
    if (iin.length < 3 || iin.length > 4) throw new RangeError(`IIN of ${iin.length} bytes`)
    const linkId = reader.u8()
    const link = linkOf(linkId, new ByteReader(reader.vector8()))
    const dataLink = dataLinkOf(new ByteReader(reader.vector8()))
    return { protocolVersion, iin, link, dataLink, historicalBytes: reader.vector8() }
  })
}

/**
 * Reads `PVER | VID | DLLP | PLID | PLP | HB`, each but PVER, VID and PLID with its length in front.
 * @param inf  INF of the response to an interface reset or S(get ATR), borrowed as long as the result is used
 * @throws T1Error t1.malformed
 * Source: UM11225, ATR.
 */
export function nxpAtrOf(inf: Uint8Array): NxpAtr {
  return whole('ATR', inf, (reader) => {
    const protocolVersion = reader.u8()
    const vendorId = reader.take(VENDOR_ID_BYTES)
    const dataLink = dataLinkOf(new ByteReader(reader.vector8()))
    const linkId = reader.u8()
    if (linkId !== LINK_I2C) throw new RangeError(`physical layer ${linkId}`)
    const link = nxpLinkOf(new ByteReader(reader.vector8()))
    return { protocolVersion, vendorId, dataLink, link, historicalBytes: reader.vector8() }
  })
}

function whole<T>(what: string, inf: Uint8Array, read: (reader: ByteReader) => T): T {
  const reader = new ByteReader(inf)
  try {
    const result = read(reader)
    if (reader.remaining > 0) throw new RangeError(`${reader.remaining} bytes too many`)
    return result
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw new T1Error('t1.malformed', `${what} of ${inf.length} bytes`, { cause })
  }
}

function dataLinkOf(reader: ByteReader): DataLinkParameters {
  const bwtMs = reader.u16()
  const ifscBytes = reader.u16()
  if (bwtMs === 0 || ifscBytes === 0) throw new RangeError(`BWT ${bwtMs} ms, IFSC ${ifscBytes}`)
  return { bwtMs, ifscBytes }
}

function linkOf(id: number, reader: ByteReader): I2cParameters | SpiParameters {
  if (id !== LINK_SPI && id !== LINK_I2C) throw new RangeError(`physical layer ${id}`)
  const common = {
    configByte: reader.u8(),
    powerUpMs: reader.u8(),
    maxClockHz: reader.u16() * 1000,
    idleToSleepMs: reader.u8(),
    minPollIntervalUs: reader.u8() * 100,
  }
  if (id === LINK_I2C) return { kind: 'i2c', ...common, readWriteGapUs: reader.u16() }
  const segmentGapUs = reader.u16()
  return { kind: 'spi', ...common, segmentGapUs, maxAccessBytes: reader.u16(), wakeUpUs: reader.u16() }
}

function nxpLinkOf(reader: ByteReader): NxpLinkParameters {
  const maxClockHz = reader.u16() * 1000
  const configByte = reader.u8()
  const minPollIntervalUs = reader.u8() * 1000
  reader.take(NXP_RESERVED_BYTES)
  return { configByte, maxClockHz, minPollIntervalUs, segmentGapUs: reader.u16(), wakeUpUs: reader.u16() }
}

const LINK_SPI = 0x01
const LINK_I2C = 0x02
const VENDOR_ID_BYTES = 5
const NXP_RESERVED_BYTES = 3
