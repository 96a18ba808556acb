// Elements on I2C buses, by the gateway's own driver, on what the steps say. What an element fails with is its code.

import { systemClock as clock } from '../../../dist/base/clock.js'
import { CodedError } from '../../../dist/base/errors.js'
import { silentLog } from '../../../dist/base/log.js'
import { RESPONSE_BYTES } from '../../../dist/drivers/driver.js'
import { openI2c } from '../../../dist/drivers/i2c.js'
import { bytesOf, runSteps } from './steps.js'

const PATIENCE_MS = 5000
const elements = new Map()

await runSteps({
  /** What the driver says is shared with others. */
  open: async (bus, address, framing) => {
    const common = { aliases: [], maxRecordBytes: 512, wiring: {}, gpio: 'cdev' }
    let medium = ''
    const onArrive = (arrival) => {
      elements.set(address, arrival.element)
      medium = arrival.medium
    }
    const environment = { clock, log: silentLog, onArrive, onLeave: () => undefined }
    await openI2c({ ...common, seid: `chip-${address}`, bus, address, framing }, environment)
    return medium
  },
  reset: (address) => told(() => elements.get(address).reset('cold', clock.now() + PATIENCE_MS)),
  transmit: (address, hex) =>
    told(async () => {
      const response = new Uint8Array(RESPONSE_BYTES)
      const deadline = clock.now() + PATIENCE_MS
      return response.subarray(0, await elements.get(address).transmit(bytesOf(hex), response, deadline))
    }),
  check: (address, withinMs) => told(() => elements.get(address).check(clock.now() + withinMs)),
})

async function told(call) {
  try {
    return await call()
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    return error.code
  }
}
