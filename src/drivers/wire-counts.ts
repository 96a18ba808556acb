// What has happened on the wires of elements, counted for whoever watches the gateway.

import type { T1Counts } from '../t1/tally.ts'
import type { RunningCall } from './driver.ts'

/** What a bus has done since it was opened; counts only grow. */
export interface BusCounts {
  /** Milliseconds during which nobody else could have it. */
  busyMs: number
  transfers: number
  /** Transfers that failed: not those that an element refused because it computes. */
  errors: number
  /** Since when the present transfer runs, an instant of the driver's clock; undefined while there is none. */
  busySince: number | undefined
}

/** The wire of one element. */
export interface WireCounts {
  readonly seid: string
  /** The bus, as `Arrival.medium` names it. */
  readonly medium: string
  /** Of all elements on that bus together. */
  readonly bus: Readonly<BusCounts>
  /** Undefined for a framing that counts nothing. */
  readonly t1: Readonly<T1Counts> | undefined
}

/** Of a bus that has done nothing yet. */
export function noBusCounts(): BusCounts {
  return { busyMs: 0, transfers: 0, errors: 0, busySince: undefined }
}

/** The transfer under way on the bus that is called `medium`. */
export function callsOn(medium: string, { busySince }: Readonly<BusCounts>): RunningCall[] {
  return busySince === undefined ? [] : [{ what: medium, since: busySince, limitMs: TRANSFER_LIMIT_MS }]
}

/** The kernel gives up a transfer after a second; a turn may be a few of them, and a recovery. */
const TRANSFER_LIMIT_MS = 30_000
