// What SCP02 and SCP03 do alike for whoever sends commands: wrap them, unwrap their answers.

/** A command before it is wrapped; its class is 80. */
export interface PlainCommand {
  readonly ins: number
  readonly p1: number
  readonly p2: number
  /** As much as there is room for, see `Protection`. */
  readonly data?: Uint8Array | undefined
}

/** Data and status word, in clear and verified as far as the level goes. */
export interface PlainAnswer {
  readonly data: Uint8Array
  readonly sw: number
}

/** Security levels: P1 of EXTERNAL AUTHENTICATE (GlobalPlatform Card Specification 2.3.1, table 10-1). */
export const SECURITY_LEVELS = [0x00, 0x01, 0x03, 0x11, 0x13, 0x33] as const

export type SecurityLevel = (typeof SECURITY_LEVELS)[number]

/** Bits of a security level. */
export const LEVEL = { mac: 0x01, encryption: 0x02, responseMac: 0x10, responseEncryption: 0x20 } as const

/** A command that is ready to be sent, and what understands its answer. */
export interface Wrapped {
  readonly apdu: Uint8Array
  /** @throws GlobalPlatformError gp.wrong-mac, gp.malformed; nothing may follow then */
  unwrap(data: Uint8Array, sw: number): PlainAnswer
}

/** One open secure channel: keys, counters and chaining values. Commands and answers go through it in order. */
export interface Protection {
  readonly protocol: 'SCP02' | 'SCP03'
  readonly level: SecurityLevel
  /** The most data bytes of one command before wrapping, when it may have `lc` after. */
  roomIn(lc: number): number
  /** EXTERNAL AUTHENTICATE; to be sent before anything else. A fresh array, as all that follow. */
  authenticate(): Uint8Array
  /**
   * The next command. Several may be wrapped before the first is answered.
   * @throws GlobalPlatformError gp.request when there are more data than a short APDU has room for
   */
  wrap(command: PlainCommand): Wrapped
  /** The data of a key for PUT KEY: type, length, secret, without its check value. */
  keyData(key: Uint8Array): Uint8Array
}

/** A command APDU with Le = 00. @param data  with MAC, at most 255 bytes */
export function apduOf(cla: number, { ins, p1, p2 }: PlainCommand, data: Uint8Array): Uint8Array {
  const lc = data.length === 0 ? [] : [data.length]
  return Uint8Array.of(cla, ins, p1, p2, ...lc, ...data, LE_ANY)
}

export const CLA_PLAIN = 0x80
/** With secure messaging of GlobalPlatform. */
export const CLA_SECURE = 0x84
export const INS_EXTERNAL_AUTHENTICATE = 0x82
export const MAC_BYTES = 8
/** Of short APDUs. */
export const MAX_LC = 255
const LE_ANY = 0x00
