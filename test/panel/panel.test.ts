import assert from 'node:assert/strict'
import test from 'node:test'
import type { SlotState } from '../../src/slots/state.ts'
import { WAVEFORMS } from '../support/led-waveforms.ts'
import { settle } from '../support/manual-clock.ts'
import { PanelBench, seidOf } from '../support/panel-bench.ts'

for (const [state, waveform] of Object.entries(WAVEFORMS)) {
  test(`panel: the LED of a slot that becomes ${state} has its waveform, and is not set without need`, async () => {
    const bench = new PanelBench(1)
    bench.slots[0]!.state = 'absent'
    bench.open()
    if (state !== 'absent') bench.turn(1, state as SlotState)
    await bench.clock.advanceTo(2000)
    assert.deepEqual(bench.leds[0]!.levels, waveform)
  })
}

test('panel: the LED shows at the start what the slot is by then, and nothing for one that never was', async () => {
  const bench = new PanelBench(1)
  bench.slots[0]!.state = 'mute'
  const stranger = { seid: 'stranger', led: new PanelBench(1).leds[0] }
  bench.open([...bench.entries(), stranger])
  await bench.clock.advanceTo(500)
  assert.deepEqual(bench.leds[0]!.levels, WAVEFORMS.mute.slice(0, 2))
  assert.deepEqual(stranger.led!.levels, [])
})

test('panel: a state that comes in the middle of a cycle starts its own pattern at once', async () => {
  const bench = new PanelBench(1)
  bench.open()
  bench.turn(1, 'mute')
  await bench.clock.advanceTo(700)
  bench.turn(1, 'quarantined')
  await bench.clock.advanceTo(960)
  bench.turn(1, 'ready')
  await bench.clock.advanceTo(5000)
  assert.deepEqual(bench.leds[0]!.levels, [
    [0, true],
    [500, false],
    [700, true],
    [800, false],
    [950, true],
  ])
})

test('panel: no timer is pending while no LED blinks, and one however many do', async () => {
  const bench = new PanelBench(8)
  bench.open()
  assert.equal(bench.clock.pending, 0)
  for (const state of ['mute', 'leased', 'quarantined'] as const) {
    for (let id = 1; id <= 8; id++) bench.turn(id, state)
    await bench.clock.advanceBy(333)
    assert.equal(bench.clock.pending, 1)
  }
  for (let id = 1; id <= 8; id++) bench.turn(id, id % 2 === 0 ? 'ready' : 'absent')
  assert.equal(bench.clock.pending, 0)
  await bench.press(1, 100)
  assert.equal(bench.clock.pending, 0)
})

test('panel: a slot without an LED wakes nobody, whatever its state', () => {
  const bench = new PanelBench(1)
  bench.open([{ seid: seidOf(1), button: bench.buttons[0] }])
  bench.turn(1, 'leased')
  assert.equal(bench.clock.pending, 0)
})

test('panel: while a button is held the LED shows what letting go would do, then the state again', async () => {
  const bench = new PanelBench(1)
  bench.open()
  bench.turn(1, 'mute')
  const led = bench.leds[0]!
  await bench.clock.advanceTo(600)
  bench.buttons[0]!.edge(true)
  await bench.clock.advanceTo(619)
  assert.equal(led.isLit, false)
  await bench.clock.advanceTo(3_599)
  assert.deepEqual(led.levels.slice(2), [[620, true]])
  await bench.clock.advanceTo(3_900)
  assert.deepEqual(led.levels.slice(3), [
    [3_725, false],
    [3_850, true],
  ])
  await bench.clock.advanceTo(10_590)
  const before = led.levels.length
  await bench.clock.advanceTo(11_650)
  assert.deepEqual(led.levels.slice(before), [
    [10_600, true],
    [10_700, false],
    [10_850, true],
    [10_950, false],
    [11_600, true],
  ])
  bench.buttons[0]!.edge(false)
  await bench.clock.advanceTo(12_700)
  // Let go at 11 650, which counts at 11 670: the slow blink starts with "on".
  assert.deepEqual(led.levels.slice(before + 5), [
    [12_170, false],
    [12_670, true],
  ])
})

test('panel: a state that comes while the button is held shows when it was let go', async () => {
  const bench = new PanelBench(1)
  bench.open()
  bench.buttons[0]!.edge(true)
  await bench.clock.advanceTo(100)
  bench.turn(1, 'absent')
  await bench.clock.advanceTo(200)
  assert.equal(bench.leds[0]!.isLit, true)
  bench.buttons[0]!.edge(false)
  await bench.clock.advanceTo(220)
  assert.equal(bench.leds[0]!.isLit, false)
})

test('panel: an LED whose chip is gone is told once and left alone, the others go on', async () => {
  const bench = new PanelBench(2)
  bench.open()
  bench.leds[0]!.isGone = true
  bench.turn(1, 'leased')
  bench.turn(2, 'leased')
  await bench.clock.advanceTo(1000)
  assert.deepEqual(
    bench.log.of('panel.line-lost').map(({ level, fields }) => [level, fields['seid'], fields['line']]),
    [['warn', seidOf(1), 'led']],
  )
  assert.equal(bench.leds[0]!.failures, 1)
  assert.deepEqual(bench.leds[1]!.levels, WAVEFORMS.leased.slice(0, 9))
  await bench.press(1, 50)
  assert.deepEqual(bench.slots[0]!.asked, ['nudge'])
  bench.turn(2, 'ready')
  assert.equal(bench.clock.pending, 0)
})

test('panel: a button whose chip is gone is told once, its LED and the other buttons go on', async () => {
  const bench = new PanelBench(2)
  bench.buttons[0]!.isGone = true
  bench.open()
  await bench.press(1, 50)
  await bench.press(2, 50)
  assert.deepEqual([bench.slots[0]!.asked, bench.slots[1]!.asked], [[], ['nudge']])
  assert.deepEqual(
    bench.log.of('panel.line-lost').map(({ fields }) => [fields['seid'], fields['line'], fields['code']]),
    [[seidOf(1), 'button', 'link.closed']],
  )
  assert.deepEqual(bench.leds[0]!.levels, [[0, true]])
})

test('panel: disposal switches the LEDs off, gives all lines back, and hears of nothing any more', async () => {
  const bench = new PanelBench(3)
  const panel = bench.open()
  bench.turn(1, 'mute')
  bench.turn(2, 'absent')
  await bench.clock.advanceTo(100)
  // Held: this press is never to count.
  bench.buttons[0]!.edge(true)
  await bench.clock.advanceTo(150)
  await panel[Symbol.asyncDispose]()
  assert.equal(bench.clock.pending, 0)
  assert.ok(bench.leds.every((led) => !led.isLit && led.isGivenBack))
  assert.ok(bench.buttons.every((button) => button.isGivenBack))
  bench.turn(3, 'leased')
  bench.buttons[0]!.edge(false)
  await bench.clock.advanceTo(1000)
  assert.equal(bench.clock.pending, 0)
  assert.deepEqual(bench.slots[0]!.asked, [])
})

test('panel: disposal gives all lines back though some of their chips are gone', async () => {
  const bench = new PanelBench(2)
  const panel = bench.open()
  for (const line of [bench.leds[0]!, bench.buttons[0]!]) line.isGone = true
  await panel[Symbol.asyncDispose]()
  assert.ok([...bench.leds, ...bench.buttons].every((line) => line.isGivenBack))
  assert.equal(bench.log.of('panel.line-lost').length, 2)
})

test('panel: disposal waits for the action of a press, whose outcome is still told', async () => {
  const bench = new PanelBench(1)
  const finish = bench.slots[0]!.hold()
  const panel = bench.open()
  await bench.press(1, 100)
  let isDone = false
  const disposed = panel[Symbol.asyncDispose]().then(() => (isDone = true))
  await settle()
  assert.equal(isDone, false)
  finish('reset')
  await disposed
  assert.equal(bench.pressed[0]?.outcome, 'reset')
})
