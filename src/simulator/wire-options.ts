// What a simulated chip at a wire is made of and told to do.

import type { Clock } from '../base/clock.ts'
import type { CardAnswer } from './card.ts'
import type { Faults } from './faults.ts'
import type { LatencyProfile } from './latency.ts'
import type { Framing } from './wire-dialect.ts'
import type { Edc } from './wire-edc.ts'
import type { BusParameters } from './wire-parameters.ts'

/** What answers the APDUs: a `Card`, or anything that can pass for one. */
export interface ApduCard {
  reset(): Uint8Array
  process(apdu: Uint8Array): CardAnswer
}

export interface WireCardOptions {
  readonly framing: Framing
  readonly medium: 'i2c' | 'spi'
  readonly card: ApduCard
  readonly clock: Clock
  /** How long a command takes: by kind of work, or by a rule of the test's, in milliseconds. */
  readonly latency: LatencyProfile | ((command: Uint8Array) => number)
  /** What the bus sees of a chip that computes. On SPI nothing can be refused, so there it is bytes in any case. */
  readonly busy: 'nack' | 'zero-bytes'
  readonly faults?: Faults | undefined

  readonly edc?: Edc | undefined
  readonly nad?: { readonly host: number; readonly card: number } | undefined
  /** What the card takes in one block; after S(CIP) only, in dialect gp. */
  readonly ifsc?: number | undefined
  /** What the host takes in one block as long as it says nothing. */
  readonly ifsd?: number | undefined
  readonly bwtMs?: number | undefined
  /** What S(CIP) or S(get ATR) answer, where it differs from a common part. */
  readonly parameters?: Partial<Omit<BusParameters, 'medium' | 'bwtMs' | 'ifsc'>> | undefined
  /** The same as raw INF, right or wrong. */
  readonly selfDescription?: Uint8Array | undefined

  /** After so much computation the card asks for more time; default: three quarters of BWT. */
  readonly wtxEveryMs?: number | undefined
  /** What it asks for; default 1. */
  readonly wtxMultiplier?: number | undefined
  /** Once after each reset, before its first answer, the card asks to be sent this much in one block. */
  readonly asksIfsc?: number | undefined
  /** Once after each reset the card aborts a chain of two or more blocks, in place of this block of it. */
  readonly aborts?: { readonly chain: 'command' | 'response'; readonly atBlock: number } | undefined
  /** Whether a last block that is full is followed by one without bytes; default: never. */
  readonly endsEmpty?: ((response: Uint8Array) => boolean) | undefined

  /** What SPI shows when there is nothing; default 00. */
  readonly idleByte?: 0x00 | 0xff | undefined
  /** How many such bytes come before each block, counted from 0; default none. */
  readonly leadBytes?: ((block: number) => number) | undefined
  /** Most bytes in one SPI access: what is over is lost, or reads as idle bytes. */
  readonly sealBytes?: number | undefined
}
