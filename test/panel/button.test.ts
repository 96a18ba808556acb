import assert from 'node:assert/strict'
import test from 'node:test'
import { Button, type Press } from '../../src/panel/button.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { Random } from '../support/random.ts'

/** A button on a clock, asked again whenever it wants to be. */
class Bench {
  readonly clock = new ManualClock()
  readonly presses: Press[] = []
  readonly button: Button

  constructor(isActive = false) {
    this.button = new Button(isActive)
  }

  edge(isActive: boolean): void {
    this.#note(this.button.edge(isActive, this.clock.now()))
  }

  async advanceTo(instant: number): Promise<void> {
    for (;;) {
      const next = this.button.nextAfter(this.clock.now())
      if (next > instant) break
      await this.clock.advanceTo(next)
      this.#note(this.button.timeout(this.clock.now()))
    }
    await this.clock.advanceTo(instant)
  }

  advanceBy(milliseconds: number): Promise<void> {
    return this.advanceTo(this.clock.now() + milliseconds)
  }

  async press(heldMs: number): Promise<void> {
    this.edge(true)
    await this.advanceBy(heldMs)
    this.edge(false)
    await this.advanceBy(20)
  }

  #note(press: Press | undefined): void {
    if (press !== undefined) this.presses.push(press)
  }
}

const LIMITS: readonly (readonly [number, Press['kind'] | undefined])[] = [
  [1, undefined],
  [19, undefined],
  [20, 'short'],
  [21, 'short'],
  [2_999, 'short'],
  [3_000, 'long'],
  [3_001, 'long'],
  [9_999, 'long'],
  [10_000, 'very-long'],
  [10_001, 'very-long'],
  [59_999, 'very-long'],
  [60_000, 'stuck'],
  [60_001, 'stuck'],
]

function claimOf(kind: Press['kind'] | undefined): string {
  if (kind === undefined) return 'makes no press'
  return kind === 'stuck' ? 'is stuck' : `makes a ${kind} press`
}

for (const [heldMs, kind] of LIMITS) {
  test(`panel: a button held for ${heldMs} ms ${claimOf(kind)}`, async () => {
    const bench = new Bench()
    await bench.press(heldMs)
    const told = kind === 'stuck' ? 60_000 : heldMs
    assert.deepEqual(bench.presses, kind === undefined ? [] : [{ kind, heldMs: told }])
    assert.equal(bench.button.nextAfter(bench.clock.now()), Infinity)
  })

  test(`panel: a button held for ${heldMs} ms ${claimOf(kind)}, with timers that are all late`, () => {
    const button = new Button(false)
    const told = [button.edge(true, 0), button.edge(false, heldMs), button.timeout(heldMs + 500)]
    assert.deepEqual(
      told.filter((press) => press !== undefined).map((press) => press.kind),
      kind === undefined ? [] : [kind],
    )
  })
}

test('panel: a press counts 20 ms after it was let go, not before', async () => {
  const bench = new Bench()
  bench.edge(true)
  await bench.advanceTo(100)
  bench.edge(false)
  await bench.advanceTo(119)
  assert.equal(bench.presses.length, 0)
  await bench.advanceTo(120)
  assert.deepEqual(bench.presses, [{ kind: 'short', heldMs: 100 }])
})

test('panel: a contact that opens for 19 ms is still held, for 20 ms it is not', async () => {
  for (const [openMs, count] of [
    [19, 1],
    [20, 2],
  ] as const) {
    const bench = new Bench()
    bench.edge(true)
    await bench.advanceBy(1000)
    bench.edge(false)
    await bench.advanceBy(openMs)
    await bench.press(1000)
    assert.equal(bench.presses.length, count)
  }
})

test('panel: a stuck button is told once, and its release does nothing', async () => {
  const bench = new Bench()
  bench.edge(true)
  await bench.advanceTo(59_999)
  assert.deepEqual(bench.presses, [])
  await bench.advanceTo(200_000)
  assert.deepEqual(bench.presses, [{ kind: 'stuck', heldMs: 60_000 }])
  bench.edge(false)
  await bench.advanceBy(1000)
  assert.equal(bench.presses.length, 1)
  await bench.press(50)
  assert.deepEqual(bench.presses[1], { kind: 'short', heldMs: 50 })
})

test('panel: a button let go just before 60 s is not stuck, though that counts only after', async () => {
  const bench = new Bench()
  bench.edge(true)
  await bench.advanceTo(59_990)
  bench.edge(false)
  await bench.advanceTo(60_100)
  assert.deepEqual(bench.presses, [{ kind: 'very-long', heldMs: 59_990 }])
})

test('panel: a contact that is open at 60 s for a moment only is stuck when it is closed again', async () => {
  const bench = new Bench()
  bench.edge(true)
  await bench.advanceTo(59_990)
  bench.edge(false)
  await bench.advanceTo(60_005)
  bench.edge(true)
  await bench.advanceTo(60_100)
  assert.deepEqual(bench.presses, [{ kind: 'stuck', heldMs: 60_005 }])
})

test('panel: a button that is pressed at the start does nothing until it was let go', async () => {
  const bench = new Bench(true)
  assert.equal(bench.button.nextAfter(0), Infinity)
  await bench.advanceTo(100_000)
  bench.edge(false)
  await bench.advanceBy(19)
  bench.edge(true)
  await bench.advanceBy(100)
  bench.edge(false)
  await bench.advanceBy(20)
  assert.deepEqual(bench.presses, [])
  await bench.press(100)
  assert.deepEqual(bench.presses, [{ kind: 'short', heldMs: 100 }])
})

test('panel: what letting go would be changes at each limit, and not while the contact is open', async () => {
  const bench = new Bench()
  bench.edge(true)
  const seen: [number, string | undefined][] = []
  for (const instant of [19, 20, 2_999, 3_000, 9_999, 10_000, 59_999, 60_000]) {
    await bench.advanceTo(instant)
    seen.push([instant, bench.button.kindAt(instant)])
  }
  assert.deepEqual(seen, [
    [19, undefined],
    [20, 'short'],
    [2_999, 'short'],
    [3_000, 'long'],
    [9_999, 'long'],
    [10_000, 'very-long'],
    [59_999, 'very-long'],
    [60_000, undefined],
  ])

  const other = new Bench()
  other.edge(true)
  await other.advanceTo(2_990)
  other.edge(false)
  await other.advanceTo(3_005)
  assert.equal(other.button.kindAt(3_005), 'short')
})

test('panel: an edge to the level that was (two edges seen as one) starts the 20 ms anew', async () => {
  const bench = new Bench()
  bench.edge(true)
  await bench.advanceTo(10)
  bench.edge(true)
  await bench.advanceTo(29)
  assert.equal(bench.button.kindAt(29), undefined)
  await bench.advanceTo(30)
  assert.equal(bench.button.kindAt(30), 'short')
})

test('panel: contacts that bounce make one press of each press', async () => {
  for (let run = 0; run < 200; run++) {
    const random = new Random(0x70616e, run)
    const bench = new Bench()
    const settle = async (isActive: boolean): Promise<void> => {
      for (let bounces = random.int(12); bounces > 0; bounces--) {
        bench.edge(isActive)
        await bench.advanceBy(random.int(20))
        bench.edge(!isActive)
        await bench.advanceBy(random.int(20))
      }
      bench.edge(isActive)
    }
    await settle(true)
    const downAt = bench.clock.now()
    await bench.advanceBy(20 + random.int(2_000))
    await settle(false)
    const heldMs = bench.clock.now() - downAt
    await bench.advanceBy(20)
    assert.deepEqual(bench.presses, [{ kind: 'short', heldMs }], `run ${run}`)
  }
})
