// The ports between the gateway and whatever carries APDUs to a secure element.

import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { WireCounts } from './wire-counts.ts'

/** cold: power off and on again; warm: reset line only, the power stays. */
export type ResetKind = 'cold' | 'warm'

/**
 * One secure element behind some link. Calls never overlap: whoever holds the element's lease awaits each one
 * before the next. Deadlines are absolute instants of the driver's clock; a call that cannot finish by its
 * deadline rejects, and the element must then be reset before it is used again.
 */
export interface SecureElement {
  /** For people and logs: `sim1`, `i2c-1-48`. */
  readonly name: string
  /**
   * Where to build a command so that the driver can frame it in place: APDU bytes start at offset 0.
   * Headroom and tailroom, where a driver needs any, lie outside this view in the same ArrayBuffer.
   * At least `APDU_SCRATCH_BYTES` long.
   */
  readonly scratch: Uint8Array
  /**
   * Resets the element.
   * @returns the raw ATR, a fresh array owned by the caller
   * @throws ElementError element.mute when nothing answers, element.absent when there is no card;
   *         LinkError when the way to it failed
   */
  reset(kind: ResetKind, deadline: number): Promise<Uint8Array>
  /**
   * Sends one command APDU and receives its response.
   * @param command   borrowed until the promise settles; best a prefix of `scratch`
   * @param response  receives data and status word; owned by the caller, at least `RESPONSE_BYTES` long
   * @returns the response length in bytes, at least 2
   * @throws ElementError, LinkError, T1Error, ApduError; never because of a status word
   */
  transmit(command: Uint8Array, response: Uint8Array, deadline: number): Promise<number>
  /** Removes power, where the hardware can; else the element is left reset. */
  powerOff(): Promise<void>
  /**
   * Looks whether the element still answers, by the cheapest means there is; its state stays as it is. Only while it is
   * freshly reset and no command has been sent. Absent when the driver is told by others that an element has gone.
   * @throws ElementError, LinkError, T1Error when it does not answer by the deadline; it must then be reset
   */
  check?(deadline: number): Promise<void>
}

/** What a driver says about an element that it found. */
export interface Arrival {
  readonly element: SecureElement
  /** Unique identifier on this gateway, stable over restarts. */
  readonly seid: string
  /** Further SEIDs of the same element. */
  readonly aliases: readonly string[]
  /** A configured name that overrides the one in the ATR. */
  readonly sen?: string | undefined
  /** AID of the TLS-SE application, to be selected before a session; the default-selected one when absent. */
  readonly aid?: Uint8Array | undefined
  /** The largest TLS record the element takes, its 5-byte header included. */
  readonly maxRecordBytes: number
  /** What it shares with others, who must not be looked at at the same time: a bus. Its own when undefined. */
  readonly medium?: string | undefined
}

export interface DriverEnvironment {
  readonly clock: Clock
  readonly log: Log
  /** The element is there and may be used from now on. */
  onArrive(arrival: Arrival): void
  /** The element is gone; calls in flight on it reject by themselves. */
  onLeave(element: SecureElement, cause: string): void
}

/** A call into the system that nobody can cancel: it returns, or it does not. */
export interface RunningCall {
  /** For people: `i2c-1`, `reset in the reader of sim1`. */
  readonly what: string
  /** An instant of the driver's clock. */
  readonly since: number
  /** No sound system takes longer. */
  readonly limitMs: number
}

/** One kind of link, open: it has reported its elements by `onArrive`, and will report changes until closed. */
export interface Driver extends AsyncDisposable {
  readonly kind: string
  /** Of each element at the end of wires of ours; the objects are kept up to date. */
  readonly wires?: readonly WireCounts[]
  /** What is under way, at most one for each queue: a bus, a reader. */
  calls?(): readonly RunningCall[]
}

/** How a driver of some kind is opened; `config` is its validated table from the configuration file. */
export type OpenDriver<Config> = (config: Config, environment: DriverEnvironment) => Promise<Driver>

/** CLA INS P1 P2 Lc, 255 data bytes, Le: the longest short APDU. */
export const APDU_SCRATCH_BYTES = 5 + 255 + 1

/** 256 data bytes and the status word: the longest short response. */
export const RESPONSE_BYTES = 256 + 2
