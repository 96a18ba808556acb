// The port between framing and whatever moves bytes to one element and back.

import type { ResetKind } from './driver.ts'

/** done: all bytes went; busy: the element did not acknowledge, for it computes, sleeps or is not there. */
export type Outcome = 'done' | 'busy'

/** The way to one element. Calls never overlap; each is one turn on the bus and takes its wire time, not longer. */
export interface Link {
  /** For people and logs: `i2c-1-48`. */
  readonly name: string
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
}
