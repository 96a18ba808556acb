// ClientHello to slot: collecting, parsing, routing, among 64 slots.

import { systemClock } from '../src/base/clock.ts'
import { silentLog } from '../src/base/log.ts'
import { Inventory } from '../src/slots/inventory.ts'
import { HelloCollector, parseClientHello } from '../src/tlsse/client-hello.ts'
import { routeOf } from '../src/tlsse/route.ts'
import { helloRecordFor } from './hello.ts'
import { InstantElement } from './instant-element.ts'
import { type Benchmark, median, percentile } from './row.ts'

export const hello: Benchmark = {
  name: 'hello',
  async run() {
    const inventory = new Inventory({ clock: systemClock, log: silentLog, queueLength: 8 })
    for (let n = 1; n <= SLOTS; n++) {
      const arrival = { element: new InstantElement(), seid: `sim${n}`, sen: `key${n}.com`, aliases: [] }
      await inventory.arrive({ ...arrival, maxRecordBytes: 512 })
    }
    const record = await helloRecordFor(`key${SLOTS}.com`)
    const samples: number[] = []
    for (let batch = 0; batch < BATCHES; batch++) {
      const start = process.hrtime.bigint()
      for (let n = 0; n < BATCH; n++) {
        const message = new HelloCollector().add(record) ?? record
        routeOf(parseClientHello(message), message.length, inventory)
      }
      samples.push(Number(process.hrtime.bigint() - start) / 1000 / BATCH)
    }
    const value = median(samples)
    const remark = `${record.length}-byte record of Node's client, last of ${SLOTS} names`
    return [
      {
        name: 'ClientHello parsed and routed',
        unit: 'us',
        value,
        p50: value,
        p99: percentile(samples, 0.99),
        remark,
      },
    ]
  },
}

const SLOTS = 64
const BATCHES = 200
const BATCH = 500
