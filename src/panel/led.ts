// What the LED of a slot shows, and how it blinks. Pure.

import { InternalError } from '../base/errors.ts'
import type { SlotState } from '../slots/state.ts'
import type { PressKind } from './button.ts'

/** Milliseconds on and off by turns, on first, from the start again after the last. */
export type Pattern = readonly number[]

/** A moment of a pattern. */
export interface Phase {
  readonly isOn: boolean
  /** Milliseconds from the start of the pattern to its next change; Infinity when there is none. */
  readonly untilMs: number
}

/**
 * Where `pattern` is after a time.
 * @param elapsedMs  since it started, not negative
 */
export function phaseOf(pattern: Pattern, elapsedMs: number): Phase {
  const cycleMs = pattern.reduce((sum, durationMs) => sum + durationMs, 0)
  let restMs = elapsedMs % cycleMs
  let isOn = true
  for (const durationMs of pattern) {
    if (restMs < durationMs) return { isOn, untilMs: elapsedMs - restMs + durationMs }
    restMs -= durationMs
    isOn = !isOn
  }
  throw new InternalError(`no phase of the pattern ${pattern.join(' ')} after ${elapsedMs} ms`)
}

const OFF: Pattern = [0, Infinity]
const ON: Pattern = [Infinity]
const SLOW_BLINK: Pattern = [500, 500]
const FAST_BLINK: Pattern = [125, 125]
const DOUBLE_BLINK: Pattern = [100, 150, 100, 650]

/** What the LED shows while nobody touches the button. */
export const PATTERN_OF_STATE: Readonly<Record<SlotState, Pattern>> = {
  absent: OFF,
  mute: SLOW_BLINK,
  ready: ON,
  leased: FAST_BLINK,
  quarantined: DOUBLE_BLINK,
}

/** While a button is held: what letting go of it now would be. */
export const PATTERN_OF_PRESS: Readonly<Record<PressKind, Pattern>> = {
  short: ON,
  long: FAST_BLINK,
  'very-long': DOUBLE_BLINK,
}
