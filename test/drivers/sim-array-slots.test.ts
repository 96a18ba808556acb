import assert from 'node:assert/strict'
import test from 'node:test'
import { silentLog } from '../../src/base/log.ts'
import { openSimArray } from '../../src/drivers/sim-array.ts'
import { Card } from '../../src/simulator/card.ts'
import { Inventory } from '../../src/slots/inventory.ts'
import { slotOf } from '../support/array-bench.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { listen } from '../support/simulated-array.ts'
import { slotEnvironment } from '../support/slot-environment.ts'
import { until } from '../support/until.ts'

const cardOf = (sen: string): Card => new Card({ applet: 'keystore', protocol: 't0', sen })

test('sim array: slots learn their names from the cards, also after one was swapped and while they are many', async () => {
  await using array = await listen()
  const numbers = Array.from({ length: 16 }, (_, index) => 101 + index)
  for (const number of numbers) array.insert(number, cardOf(`key${number}.com`))
  const clock = new ManualClock()
  const inventory = new Inventory(slotEnvironment({ clock, queueLength: 4 }))
  const arrivals: Promise<void>[] = []
  const environment = {
    ...{ clock, log: silentLog },
    onArrive: (arrival: Parameters<Inventory['arrive']>[0]) =>
      arrivals.push(inventory.arrive(arrival, 'sim-array')),
    onLeave: (...leaving: Parameters<Inventory['leave']>) => inventory.leave(...leaving),
  }
  const config = { host: '127.0.0.1', port: array.port, maxConnections: 3, slots: [], slotOf }
  await using driver = await openSimArray(config, environment)
  assert.equal(driver.kind, 'sim-array')
  await Promise.all(arrivals)
  assert.deepEqual(
    inventory.slots.map(({ seid, sen, state }) => [seid, sen, state]),
    numbers.map((number) => [`array-${number}`, `key${number}.com`, 'ready']),
  )

  const lease = await inventory.slots[1]?.tryAcquire('test', new AbortController().signal)
  array.insert(101, cardOf('other.com'))
  await clock.advanceBy(2000)
  await until(() => arrivals.length === 17)
  await Promise.all(arrivals)
  assert.deepEqual([inventory.slots[0]?.seid, inventory.slots[0]?.sen], ['array-101', 'other.com'])
  assert.equal(inventory.slots.length, 16)
  assert.equal(lease?.revoked.aborted, false)
  await lease[Symbol.asyncDispose]()
  assert.deepEqual(new Set(inventory.slots.map(({ state }) => state)), new Set(['ready']))
})
