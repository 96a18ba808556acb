// Driver kind -> driver. Each is imported when the configuration first asks for it.

import type { SlotConfig } from '../../config/config.ts'
import type { Driver, DriverEnvironment } from '../../drivers/driver.ts'

/** Opens the driver for one entry of the configuration. */
export async function openDriver(slot: SlotConfig, environment: DriverEnvironment): Promise<Driver> {
  const { openSimulator } = await import('../../simulator/driver.ts')
  return openSimulator(slot, environment)
}
