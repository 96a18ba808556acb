// Driver kind -> driver. Each is imported when the configuration first asks for it.

import { resolve } from 'node:path'
import type { SlotConfig } from '../../config/slots.ts'
import type { Driver, DriverEnvironment } from '../../drivers/driver.ts'

/** Opens the driver for one entry of the configuration; its relative paths start at `stateDir`. */
export async function openDriver(
  slot: SlotConfig,
  stateDir: string,
  environment: DriverEnvironment,
): Promise<Driver> {
  switch (slot.driver) {
    case 'simulator': {
      const { openSimulator } = await import('../../simulator/driver.ts')
      const socket = slot.socket === undefined ? undefined : resolve(stateDir, slot.socket)
      return openSimulator({ ...slot, socket }, environment)
    }
    case 'i2c': {
      const { openI2c } = await import('../../drivers/i2c.ts')
      return openI2c(slot, environment)
    }
    default:
      return slot satisfies never
  }
}
