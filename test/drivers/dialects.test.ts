// What an element says of its wire, as its link is told.

import assert from 'node:assert/strict'
import test from 'node:test'
import { dialectOf } from '../../src/drivers/dialects.ts'
import type { Link, WireTiming } from '../../src/drivers/link.ts'
import { WireElement } from '../../src/drivers/wire-element.ts'
import { wireCardOf } from '../../src/simulator/wire-card.ts'
import { JumpingClock } from '../support/jumping-clock.ts'
import { roteCard } from '../support/wire-bench.ts'

// Then the bound of the standard holds, and where there is none what the operator has set.
for (const [framing, maxClockHz] of [
  ['nxp', Infinity],
  ['gp', 1_000_000],
] as const) {
  test(`wire: over ${framing} a clock of 0 is one that the element has not said`, async () => {
    const clock = new JumpingClock()
    const card = wireCardOf({
      ...{ framing, medium: 'spi', busy: 'zero-bytes', card: roteCard(), latency: () => 0, clock },
      parameters: { maxClockKhz: 0 },
    })
    const told: WireTiming[] = []
    const link: Link = {
      name: 'chip',
      isRefusable: false,
      adjust: (timing) => void told.push(timing),
      write: (bytes) => Promise.resolve(card.write(bytes) ? 'done' : 'busy'),
      read(into) {
        into.set(card.read(into.length) ?? [])
        return Promise.resolve('done')
      },
      reset: () => Promise.resolve('none'),
    }
    const element = new WireElement({ name: 'chip', link, clock, dialect: dialectOf(framing, 'spi') })
    const before = told.length
    await element.reset('cold', 60_000)
    assert.ok(told.length > before + 1)
    assert.equal(told.at(-1)?.maxClockHz, maxClockHz)
  })
}
