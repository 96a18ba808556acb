import assert from 'node:assert/strict'
import test from 'node:test'
import { PanelBench, seidOf } from '../support/panel-bench.ts'
import { Random } from '../support/random.ts'

const ASKED: readonly (readonly [number, readonly string[]])[] = [
  [19, []],
  [20, ['nudge']],
  [2_999, ['nudge']],
  [3_000, ['evict by the button']],
  [9_999, ['evict by the button']],
  [10_000, ['toggle by the button']],
  [59_999, ['toggle by the button']],
  [60_000, []],
]

for (const [heldMs, asked] of ASKED) {
  test(`panel: a press of ${heldMs} ms asks its slot for ${asked[0] ?? 'nothing'}, and no other slot`, async () => {
    const bench = new PanelBench(4)
    bench.open()
    await bench.press(3, heldMs)
    assert.deepEqual(
      bench.slots.map((slot) => slot.asked),
      [[], [], asked, []],
    )
  })
}

test('panel: a press is logged and published with what came of it', async () => {
  const bench = new PanelBench(2)
  bench.open()
  await bench.press(2, 100)
  await bench.press(2, 12_345)
  assert.deepEqual(bench.pressed, [
    { kind: 'pressed', slot: 2, seid: seidOf(2), heldMs: 100, outcome: 'done' },
    { kind: 'pressed', slot: 2, seid: seidOf(2), heldMs: 12_345, outcome: 'toggled' },
  ])
  assert.deepEqual(bench.log.lines, [
    { level: 'info', event: 'button.pressed', fields: { seid: seidOf(2), heldMs: 100, outcome: 'done' } },
    {
      level: 'info',
      event: 'button.pressed',
      fields: { seid: seidOf(2), heldMs: 12_345, outcome: 'toggled' },
    },
  ])
})

test('panel: a stuck button is a warning, and nothing is published', async () => {
  const bench = new PanelBench(1)
  bench.open()
  await bench.press(1, 70_000)
  assert.deepEqual(bench.log.lines, [
    { level: 'warn', event: 'button.stuck', fields: { seid: seidOf(1), heldMs: 60_000 } },
  ])
  assert.deepEqual(bench.pressed, [])
})

test('panel: a press where there is no element is logged only', async () => {
  const bench = new PanelBench(1)
  bench.slots[0]!.state = 'absent'
  const stranger = new PanelBench(1).buttons[0]!
  bench.open([...bench.entries(), { seid: 'stranger', button: stranger }])
  await bench.press(1, 100)
  stranger.edge(true)
  await bench.clock.advanceBy(200)
  stranger.edge(false)
  await bench.clock.advanceBy(20)
  assert.deepEqual(
    bench.log.of('button.pressed').map(({ fields }) => fields),
    [
      { seid: seidOf(1), heldMs: 100, outcome: 'no element' },
      { seid: 'stranger', heldMs: 200, outcome: 'no element' },
    ],
  )
  assert.deepEqual([bench.pressed, bench.slots[0]!.asked], [[], []])
})

test('panel: a press while the one before still works is busy, on that slot only', async () => {
  const bench = new PanelBench(2)
  bench.open()
  const finish = bench.slots[0]!.hold()
  await bench.press(1, 100)
  await bench.press(1, 10_000)
  await bench.press(2, 100)
  finish('reset')
  await bench.press(1, 3_000)
  assert.deepEqual(
    bench.pressed.map(({ slot, heldMs, outcome }) => [slot, heldMs, outcome]),
    [
      [1, 10_000, 'busy'],
      [2, 100, 'done'],
      [1, 100, 'reset'],
      [1, 3_000, 'reset'],
    ],
  )
  assert.deepEqual(bench.slots[0]!.asked, ['nudge', 'evict by the button'])
  assert.equal(bench.log.of('button.pressed').length, 4)
})

test('panel: what an action throws is its outcome, and the next press acts again', async () => {
  const bench = new PanelBench(1)
  bench.open()
  const slot = bench.slots[0]!
  const failures = [
    () => Promise.reject(new Error('mute')),
    () => {
      throw new Error('bug')
    },
  ]
  for (const work of failures) {
    slot.work = work
    await bench.press(1, 100)
  }
  assert.deepEqual(
    bench.pressed.map(({ outcome }) => outcome),
    ['failed: mute', 'failed: bug'],
  )
})

test('panel: a button that is pressed at the start does nothing until it was let go once', async () => {
  const bench = new PanelBench(1)
  bench.buttons[0]!.edge(true)
  bench.open()
  await bench.clock.advanceTo(70_000)
  bench.buttons[0]!.edge(false)
  await bench.clock.advanceBy(100)
  assert.deepEqual([bench.log.lines, bench.slots[0]!.asked], [[], []])
  await bench.press(1, 100)
  assert.deepEqual(bench.slots[0]!.asked, ['nudge'])
})

interface Edge {
  readonly instant: number
  readonly id: number
  readonly isActive: boolean
}

/** Presses of one button, with contacts that bounce, and what is to be asked of the slot. */
function pressesOf(id: number, random: Random): { edges: Edge[]; asked: string[] } {
  const edges: Edge[] = []
  const asked: string[] = []
  let instant = 0
  const settle = (isActive: boolean): number => {
    for (let bounces = random.int(6); bounces > 0; bounces--) {
      edges.push({ instant, id, isActive })
      instant += random.int(20)
      edges.push({ instant, id, isActive: !isActive })
      instant += random.int(20)
    }
    edges.push({ instant, id, isActive })
    return instant
  }
  for (let press = 0; press < 12; press++) {
    instant += 20 + random.int(3_000)
    const downAt = settle(true)
    const longestMs = random.pick([40, 3_000, 10_000, 60_000, 90_000])
    instant += 20 + random.int(longestMs)
    // A stuck button is told at 60 s, before the contacts bounce again.
    const isStuck = instant - downAt >= 60_000
    const heldMs = settle(false) - downAt
    if (isStuck || heldMs >= 60_000) continue
    if (heldMs < 3_000) asked.push('nudge')
    else asked.push(heldMs < 10_000 ? 'evict by the button' : 'toggle by the button')
  }
  return { edges, asked }
}

test('panel: what is asked of four slots is what the presses of their buttons say, and nothing else', async () => {
  for (let run = 0; run < 40; run++) {
    const random = new Random(0x627574, run)
    const bench = new PanelBench(4)
    bench.open()
    const plans = bench.slots.map(({ id }) => pressesOf(id, random))
    const edges = plans.flatMap((plan) => plan.edges).sort((a, b) => a.instant - b.instant)
    for (const { instant, id, isActive } of edges) {
      await bench.clock.advanceTo(instant)
      bench.buttons[id - 1]!.edge(isActive)
    }
    await bench.clock.advanceBy(20)
    assert.deepEqual(
      bench.slots.map((slot) => slot.asked),
      plans.map((plan) => plan.asked),
      `run ${run}`,
    )
    assert.equal(bench.pressed.length, plans.flatMap((plan) => plan.asked).length)
    assert.equal(bench.clock.pending, 0)
  }
})
