// What tells the four ways apart in which a chip at a bus frames what it says, as data.

import type { Edc } from './wire-edc.ts'

/** iso: T=1; nxp: T=1 over I2C; gp: T=1' of GlobalPlatform; bridge: frames of a microcontroller before a card. */
export type Framing = 'iso' | 'nxp' | 'gp' | 'bridge'

/** What an S-block of a dialect's own asks of the card. */
export type Service = 'cip' | 'release' | 'reset' | 'end-session' | 'atr' | 'reset-atr' | 'power-down'

export interface WireDialect {
  readonly hostNad: number
  readonly cardNad: number
  readonly lenBytes: 1 | 2
  readonly maxInfBytes: number
  readonly edc: Edc
  /** What the host may send before anything was agreed on. */
  readonly firstIfsc: number
  /** What the card may send before the host said more. */
  readonly firstIfsd: number
  /** By the PCB of the request. */
  readonly services: ReadonlyMap<number, Service>
}

export const WIRE_DIALECTS: Readonly<Record<Framing, WireDialect>> = {
  iso: {
    hostNad: 0x00,
    cardNad: 0x00,
    lenBytes: 1,
    maxInfBytes: 254,
    edc: 'lrc',
    // ISO/IEC 7816-3: 32 unless the ATR, or S(IFS), says otherwise.
    firstIfsc: 32,
    firstIfsd: 32,
    services: new Map(),
  },
  nxp: {
    hostNad: 0x5a,
    cardNad: 0xa5,
    lenBytes: 1,
    maxInfBytes: 254,
    edc: 'x25lo',
    firstIfsc: 254,
    firstIfsd: 254,
    services: new Map([
      [0xc5, 'end-session'],
      [0xc6, 'reset'],
      [0xc7, 'atr'],
      [0xcf, 'reset-atr'],
      [0xdf, 'power-down'],
    ]),
  },
  gp: {
    hostNad: 0x21,
    cardNad: 0x12,
    lenBytes: 2,
    maxInfBytes: 4089,
    edc: 'x25hi',
    // Until S(CIP).
    firstIfsc: 8,
    // Assumed: S(IFS) is optional in this dialect, so what the host takes has to be more than 8.
    firstIfsd: 254,
    services: new Map([
      [0xc4, 'cip'],
      [0xc6, 'release'],
      [0xcf, 'reset'],
      // NXP's own: cold reset and deep power down.
      [0xde, 'reset'],
      [0xdf, 'power-down'],
    ]),
  },
  bridge: {
    hostNad: 0x5a,
    cardNad: 0xa5,
    lenBytes: 1,
    maxInfBytes: 255,
    edc: 'x25lo',
    firstIfsc: 255,
    firstIfsd: 255,
    services: new Map(),
  },
}
