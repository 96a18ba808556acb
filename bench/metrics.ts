// What it costs to be watched by Prometheus: a scrape, and each APDU.

import { createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { systemClock } from '../src/base/clock.ts'
import type { SlotEvent } from '../src/slots/events.ts'
import type { Seid, SlotId } from '../src/slots/identity.ts'
import type * as inventories from '../src/slots/inventory.ts'
import type * as modules from '../src/status/metrics/metrics.ts'
import { slotEnvironment } from '../test/support/slot-environment.ts'
import { built } from './built.ts'
import { InstantElement } from './instant-element.ts'
import { type Benchmark, median, type Pace, type Row, rowOf } from './row.ts'

const NAMES = {
  scrape: 'metrics: one scrape of 1,000 slots',
  block: 'metrics: longest hold of the event loop in such a scrape',
  apdu: 'metrics: cost of one APDU',
} as const

export const metrics: Benchmark = {
  name: 'metrics',
  rows: Object.values(NAMES),
  async run(pace) {
    return [...(await scrape(pace)), await apdu(pace)]
  },
}

/** Over HTTP, each on a connection of its own; in turns with as many bytes that are there already. */
async function scrape(pace: Pace): Promise<Row[]> {
  const watched = await watchedOf(1_000)
  const { body } = await watched.page()
  const server = createServer((request, response) => {
    if (request.url === '/bytes') response.end(body)
    else watched.page().then(({ body }) => response.end(body), response.destroy.bind(response))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const [scrapes, floors, blocks]: [number[], number[], number[]] = [[], [], []]
  for (let turn = 0; turn < SCRAPES[pace]; turn++) {
    floors.push(await fetchMs(port, '/bytes'))
    scrapes.push(await fetchMs(port, '/metrics'))
    blocks.push(await longestHoldMs(() => watched.page()))
  }
  server.close()
  const warm = (samples: number[]): number[] => samples.slice(Math.floor(samples.length / 5))
  const remark = `${Math.round(body.length / 1024)} KiB; reference: node:http sends as many that are there already`
  return [
    rowOf({
      ...{ name: NAMES.scrape, unit: 'ms', samples: warm(scrapes) },
      ...{ reference: median(warm(floors)), remark },
    }),
    rowOf({ name: NAMES.block, unit: 'ms', samples: warm(blocks), remark: 'aim: under 20 ms' }),
  ]
}

/** What is counted when a command is over. */
async function apdu(pace: Pace): Promise<Row> {
  const watched = await watchedOf(1)
  const holders = ['tls-se 192.0.2.7:1', 'racs alice 192.0.2.7:2']
  const events = holders.map(
    (holder, n): SlotEvent => ({
      ...{ kind: 'commanded', slot: 1 as SlotId, seid: 'sim1' as Seid, driver: 'simulator' },
      ...{ holder, outcome: 'answered', durationMs: 3 + n * 40 },
    }),
  )
  const samples: number[] = []
  for (let batch = 0; batch < BATCHES[pace]; batch++) {
    const startedAt = performance.now()
    for (let n = 0; n < BATCH / events.length; n++) for (const event of events) watched.onSlot(event)
    samples.push(((performance.now() - startedAt) * 1000) / BATCH)
  }
  const remark = `each sample the mean of ${BATCH}; aim: under 2 us`
  return rowOf({ name: NAMES.apdu, unit: 'us', samples: samples.slice(samples.length / 5), remark })
}

/** Of an inventory with `count` slots. */
async function watchedOf(count: number): Promise<modules.Metrics> {
  const { Metrics } = await built<typeof modules>('status/metrics/metrics.js')
  const { Inventory } = await built<typeof inventories>('slots/inventory.js')
  const inventory = new Inventory(slotEnvironment({ clock: systemClock }))
  for (let n = 1; n <= count; n++) {
    const arrival = { element: new InstantElement(), seid: `sim${n}`, aliases: [], maxRecordBytes: 1024 }
    await inventory.arrive(arrival, 'simulator')
  }
  return new Metrics({
    ...{ version: 'bench', stateDir: import.meta.dirname, expiries: () => [], wires: () => [] },
    report: () => inventory.slots.map((slot) => slot.report),
    connections: () => ({ tls_se: 0, racs: 0 }),
  })
}

function fetchMs(port: number, path: string): Promise<number> {
  const startedAt = performance.now()
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      response.on('end', () => resolve(performance.now() - startedAt)).resume()
    }).on('error', reject)
  })
}

/** How long nothing else could run, at most, until `work` was done. */
async function longestHoldMs(work: () => Promise<unknown>): Promise<number> {
  let [longestMs, lastAt, isOver] = [0, performance.now(), false]
  const watch = (): void => {
    const now = performance.now()
    longestMs = Math.max(longestMs, now - lastAt)
    lastAt = now
    if (!isOver) setImmediate(watch)
  }
  setImmediate(watch)
  await work()
  isOver = true
  await new Promise((resolve) => setImmediate(resolve))
  return longestMs
}

const SCRAPES = { full: 100, quick: 10 }
const BATCH = 10_000
const BATCHES = { full: 200, quick: 20 }
