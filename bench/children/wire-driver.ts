// Our driver of I2C elements, without a gateway around it.

import type * as clocks from '../../src/base/clock.ts'
import type * as logs from '../../src/base/log.ts'
import { RESPONSE_BYTES, type SecureElement } from '../../src/drivers/driver.ts'
import type * as drivers from '../../src/drivers/i2c.ts'
import { built } from '../built.ts'
import { drive, type Stretch } from '../wire-lanes.ts'
import { obey } from './orders.ts'

export type DriverOrder =
  /** Opens an element at each address, warmed up. */
  | { readonly open: { readonly bus: number; readonly addresses: readonly number[] } }
  /** Commands on the first `elements`, all at the same time. */
  | { readonly task: DriverTask }

export interface DriverTask extends Stretch {
  /** INS: the driver learns separately how long each takes. */
  readonly instruction: number
  readonly commandBytes: number
  readonly elements: number
}

const { systemClock: clock } = await built<typeof clocks>('base/clock.js')
const { silentLog } = await built<typeof logs>('base/log.js')
const { openI2c } = await built<typeof drivers>('drivers/i2c.js')
const open: SecureElement[] = []

obey(async (order: DriverOrder) => {
  if ('task' in order) {
    const { elements, ...task } = order.task
    return drive(
      open.slice(0, elements).map((element) => tripOf(element, task)),
      task,
    )
  }
  for (const address of order.open.addresses) await openAt(order.open.bus, address)
  const trips = open.map((element) => tripOf(element, { instruction: 0, commandBytes: 5 }))
  return drive(trips, { warmUp: WARM_UP, seconds: 0 })
})

async function openAt(bus: number, address: number): Promise<void> {
  await openI2c(
    {
      seid: `chip-${address}`,
      aliases: [],
      maxRecordBytes: 512,
      bus,
      address,
      framing: 'nxp',
      wiring: {},
      gpio: 'cdev',
    },
    { clock, log: silentLog, onArrive: ({ element }) => open.push(element), onLeave: () => undefined },
  )
  await open.at(-1)?.reset('cold', clock.now() + PATIENCE_MS)
}

function tripOf(
  element: SecureElement,
  { instruction, commandBytes }: Pick<DriverTask, 'instruction' | 'commandBytes'>,
): () => Promise<void> {
  const command = element.scratch.subarray(0, commandBytes)
  command.fill(0x5a).set([0x00, instruction, 0x00, 0x00, commandBytes - 5])
  const response = new Uint8Array(RESPONSE_BYTES)
  return async () => {
    const length = await element.transmit(command, response, clock.now() + PATIENCE_MS)
    if (length !== 2 || response[0] !== 0x90) throw new Error(`${element.name}: ${length} bytes`)
  }
}

const WARM_UP = 10
const PATIENCE_MS = 2_000
