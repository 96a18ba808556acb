// The gateway's own adapter of spi-device on what the steps say. An error of the way to the element is its code and text.

import { LinkError } from '../../../dist/drivers/errors.js'
import { SpiAdapter } from '../../../dist/drivers/spi-adapter.js'
import { bytesOf, runSteps } from './steps.js'

let current

await runSteps({
  open: (bus, select) =>
    told(async () => {
      current = await SpiAdapter.open(bus, select)
    }),
  write: (hex, clockHz) => told(() => current.write(bytesOf(hex), clockHz)),
  /** Reads into the middle of a buffer of 55; its whole. */
  read: (length, clockHz) => {
    const whole = new Uint8Array(length + 4).fill(0x55)
    return told(() => current.read(whole.subarray(2, 2 + length), clockHz).then(() => whole))
  },
  close: () => current.close(),
})

async function told(call) {
  try {
    return await call()
  } catch (error) {
    if (!(error instanceof LinkError)) throw error
    return `${error.code} ${error.message}`
  }
}
