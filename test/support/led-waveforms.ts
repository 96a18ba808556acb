import type { SlotState } from '../../src/slots/state.ts'

/** Changes of the LED of a slot within its first 2 s in a state: instant, and whether it is lit from then on. */
export const WAVEFORMS: Readonly<Record<SlotState, readonly [number, boolean][]>> = {
  absent: [],
  mute: [
    [0, true],
    [500, false],
    [1000, true],
    [1500, false],
    [2000, true],
  ],
  ready: [[0, true]],
  leased: Array.from({ length: 17 }, (_, i) => [i * 125, i % 2 === 0]),
  quarantined: [
    [0, true],
    [100, false],
    [250, true],
    [350, false],
    [1000, true],
    [1100, false],
    [1250, true],
    [1350, false],
    [2000, true],
  ],
}
