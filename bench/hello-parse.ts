// ClientHello to slot: collecting, parsing, routing, among 64 slots.

import type * as clock from '../src/base/clock.ts'
import type * as inventories from '../src/slots/inventory.ts'
import type * as hellos from '../src/tlsse/client-hello.ts'
import type * as routes from '../src/tlsse/route.ts'
import { slotEnvironment } from '../test/support/slot-environment.ts'
import { lookAtEach, microsecondsOf } from './batch.ts'
import { built } from './built.ts'
import { helloRecordFor } from './hello.ts'
import { InstantElement } from './instant-element.ts'
import { type Benchmark, median, rowOf } from './row.ts'

const NAME = 'hello parsed and routed'

export const hello: Benchmark = {
  name: 'hello',
  rows: [NAME],
  async run(pace) {
    const { HelloCollector, parseClientHello } = await built<typeof hellos>('tlsse/client-hello.js')
    const { routeOf } = await built<typeof routes>('tlsse/route.js')
    const inventory = await inventoryOf(SLOTS)
    const record = await helloRecordFor(`key${SLOTS}.com`)
    const route = (): void => {
      const message = new HelloCollector().add(record) ?? record
      routeOf(parseClientHello(message), message.length, inventory)
    }
    const [samples, passes]: [number[], number[]] = [[], []]
    for (let batch = 0; batch < BATCHES[pace]; batch++) {
      samples.push(microsecondsOf(route))
      passes.push(microsecondsOf(() => lookAtEach(record)))
    }
    const subject = `${record.length}-byte record of Node's client, last of ${SLOTS} names`
    const remark = `${subject}; reference: one look at each byte`
    return [rowOf({ name: NAME, unit: 'us', samples, reference: median(passes), remark })]
  },
}

async function inventoryOf(slots: number): Promise<inventories.Inventory> {
  const { systemClock } = await built<typeof clock>('base/clock.js')
  const { Inventory } = await built<typeof inventories>('slots/inventory.js')
  const inventory = new Inventory(slotEnvironment({ clock: systemClock, queueLength: 8 }))
  for (let n = 1; n <= slots; n++) {
    const arrival = { element: new InstantElement(), seid: `sim${n}`, sen: `key${n}.com`, aliases: [] }
    await inventory.arrive({ ...arrival, maxRecordBytes: 512 }, 'simulator')
  }
  return inventory
}

const SLOTS = 64
const BATCHES = { full: 400, quick: 50 }
