import assert from 'node:assert/strict'
import test from 'node:test'
import { type Pollable, Poller } from '../../src/slots/poller.ts'
import { ManualClock } from '../support/manual-clock.ts'

interface Visit {
  readonly name: string
  readonly at: number
  readonly depth: 'touch' | 'atr'
}

/** Slots by name and medium; a look takes `tookMs`. */
function bench(slots: Readonly<Record<string, string>>, { pollMs = 5_000, tookMs = 10 } = {}) {
  const clock = new ManualClock()
  const visits: Visit[] = []
  const running = new Map<string, number>()
  const pollable = Object.entries(slots).map(
    ([name, medium]): Pollable => ({
      medium,
      inspect: async (depth) => {
        visits.push({ name, at: clock.now(), depth })
        assert.equal(running.get(medium) ?? 0, 0, `two looks at once on ${medium}`)
        running.set(medium, 1)
        await new Promise<void>((resolve) => clock.at(clock.now() + tookMs, resolve))
        running.set(medium, 0)
        return 'it answers'
      },
    }),
  )
  const present: Pollable[] = [...pollable]
  const crashed = (error: unknown): never => assert.fail(String(error))
  const poller = new Poller({ clock, slots: () => present, pollMs, crashed })
  return { clock, visits, present, pollable, poller }
}

test('poller: looks at each slot once an interval, and at its ATR every twelfth time', async () => {
  const { clock, visits } = bench({ a: '1', b: '2', c: '3' })
  await clock.advanceTo(1_000 + 12 * 5_200)
  for (const name of ['a', 'b', 'c']) {
    const own = visits.filter((visit) => visit.name === name)
    assert.ok(own.length === 12 || own.length === 13, `${own.length} looks at ${name}`)
    const gaps = own.slice(1).map(({ at }, n) => at - (own[n]?.at ?? 0))
    assert.ok(
      gaps.every((gap) => gap === 5_000),
      gaps.join(' '),
    )
    const atrs = own.slice(0, 12).filter(({ depth }) => depth === 'atr')
    assert.equal(atrs.length, 1)
  }
})

test('poller: spreads the looks at many slots over the interval', async () => {
  const slots = Object.fromEntries(Array.from({ length: 64 }, (_, n) => [`${n}`, `${n}`]))
  const { clock, visits } = bench(slots)
  await clock.advanceTo(60_000)
  const perHalfSecond = new Map<number, number>()
  for (const { at } of visits.filter(({ at }) => at >= 10_000 && at < 55_000)) {
    const bin = Math.floor(at / 500)
    perHalfSecond.set(bin, (perHalfSecond.get(bin) ?? 0) + 1)
  }
  const counts = [...perHalfSecond.values()]
  assert.ok(Math.max(...counts) <= 10, `${counts.join(' ')} looks in half a second`)
  const atrs = visits.filter(({ depth, at }) => depth === 'atr' && at >= 2_000 && at < 58_000)
  assert.ok(atrs.length >= 50, `${atrs.length} ATRs`)
})

test('poller: never looks at two slots of one bus at once, and leaves none of them out', async () => {
  const slots = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`${n}`, n < 10 ? 'i2c-1' : 'i2c-2']))
  const { clock, visits } = bench(slots, { tookMs: 800 })
  await clock.advanceTo(60_000)
  const counts = Object.keys(slots).map((name) => visits.filter((visit) => visit.name === name).length)
  assert.ok(Math.min(...counts) >= 5, counts.join(' '))
  assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, counts.join(' '))
})

test('poller: a look that never ends stops those on its bus only', async () => {
  const { clock, visits, pollable } = bench({ a: 'one', b: 'one', c: 'two' })
  pollable[0]!.inspect = () => new Promise(() => undefined)
  await clock.advanceTo(60_000)
  assert.equal(visits.filter(({ name }) => name === 'c').length, 12)
  assert.ok(visits.filter(({ name }) => name === 'b').length <= 1)
})

test('poller: a slot that comes later is looked at within an interval', async () => {
  const { clock, visits, present, pollable } = bench({ a: '1', b: '2' })
  const late = present.pop()!
  assert.equal(late, pollable[1])
  await clock.advanceTo(30_000)
  present.push(late)
  await clock.advanceTo(36_100)
  assert.ok(visits.some(({ name }) => name === 'b'))
})

test('poller: stops for good when it is told to', async () => {
  const { clock, visits, poller } = bench({ a: '1' })
  await clock.advanceTo(20_000)
  const { length } = visits
  poller[Symbol.dispose]()
  await clock.advanceTo(60_000)
  assert.equal(visits.length, length)
  assert.equal(clock.pending, 0)
})
