// The port between framing and whatever moves bytes to one element and back.

import type { ResetKind } from './driver.ts'

/** done: all bytes went; busy: the element did not acknowledge, for it computes, sleeps or is not there. */
export type Outcome = 'done' | 'busy'

/** What an element demands of whoever talks to it over a wire; until it has said so, what its dialect assumes. */
export interface WireTiming {
  /** From the end of one access to the start of the next, microseconds (RWGT, SEGT). */
  readonly gapUs: number
  /** From one question whether it is done to the next, microseconds (MPOT). */
  readonly pollIntervalUs: number
  /** Most bytes of one access while SPI's select is low (SEAL). */
  readonly maxAccessBytes: number
  /** What its clock input stands. */
  readonly maxClockHz: number
  /** From the end of a reset to the first access (PWT). */
  readonly powerUpMs: number
}

/** The way to one element. Calls never overlap; each is one turn on the bus and takes its wire time, not longer. */
export interface Link {
  /** For people and logs: `i2c-1-48`. */
  readonly name: string
  /** Whether an element that computes refuses an access by itself, at no cost to its work: it may then be asked often. */
  readonly isRefusable: boolean
  /** What the element demands from now on; whoever calls keeps to `gapUs` between calls. */
  adjust(timing: WireTiming): void
  /**
   * One write transfer.
   * @param bytes  borrowed until the promise settles
   * @throws LinkError link.stuck when the bus is, link.closed; what was written may then have arrived or not
   */
  write(bytes: Uint8Array): Promise<Outcome>
  /**
   * One read transfer that fills `into`, a buffer of the caller.
   * @throws as `write`
   */
  read(into: Uint8Array): Promise<Outcome>
  /**
   * Takes the element through a reset, as far as lines and power switches allow.
   * @returns 'none' when there is no line: the element is then as it was
   */
  reset(kind: ResetKind): Promise<'reset' | 'none'>
  /**
   * Takes the element off a bus that it shares, where that can be done, until the next access.
   * @throws LinkError link.stuck, link.nack
   */
  detach?(): Promise<void>
  /**
   * Where a data-ready line is configured: resolves when the element has raised it, or else at `until`, an instant
   * of the driver's clock.
   */
  ready?(until: number): Promise<void>
}
