import assert from 'node:assert/strict'
import test from 'node:test'
import { PATTERN_OF_PRESS, PATTERN_OF_STATE, type Pattern, phaseOf } from '../../src/panel/led.ts'
import { WAVEFORMS } from '../support/led-waveforms.ts'

/** The changes of `pattern` until `endMs`, from instant to instant as it tells them. */
function waveformOf(pattern: Pattern, endMs: number): [number, boolean][] {
  const changes: [number, boolean][] = []
  for (let elapsedMs = 0; elapsedMs <= endMs; ) {
    const { isOn, untilMs } = phaseOf(pattern, elapsedMs)
    changes.push([elapsedMs, isOn])
    elapsedMs = untilMs
  }
  return changes
}

for (const [state, expected] of Object.entries(WAVEFORMS)) {
  test(`panel: the LED of a slot that is ${state} has its waveform`, () => {
    const pattern = PATTERN_OF_STATE[state as keyof typeof WAVEFORMS]
    // An LED that is not lit at first has no change to tell of.
    const all: [number, boolean][] = state === 'absent' ? [[0, false]] : [...expected]
    assert.deepEqual(waveformOf(pattern, 2000), all)
  })
}

test('panel: the level is right at each limit of a phase, and one millisecond before it', () => {
  const level = (elapsedMs: number): boolean => phaseOf(PATTERN_OF_STATE.quarantined, elapsedMs).isOn
  assert.deepEqual([0, 99, 100, 249, 250, 349, 350, 999, 1000].map(level), [
    ...[true, true, false, false, true, true, false, false, true],
  ])
})

test('panel: a phase that is looked at late ends when it would have ended', () => {
  assert.deepEqual(phaseOf(PATTERN_OF_STATE.mute, 1499.5), { isOn: true, untilMs: 1500 })
  assert.deepEqual(phaseOf(PATTERN_OF_STATE.mute, 1500.25), { isOn: false, untilMs: 2000 })
})

test('panel: patterns that do not blink never change', () => {
  for (const pattern of [PATTERN_OF_STATE.absent, PATTERN_OF_STATE.ready]) {
    assert.equal(phaseOf(pattern, 0).untilMs, Infinity)
    assert.equal(phaseOf(pattern, 1e9).untilMs, Infinity)
  }
})

test('panel: a press that would do something else looks different', () => {
  assert.equal(new Set(Object.values(PATTERN_OF_PRESS)).size, 3)
})
