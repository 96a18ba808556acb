// Driver kind -> driver. Each is imported when the configuration first asks for it.

import { resolve } from 'node:path'
import type { SlotConfig } from '../../config/slots.ts'
import type { Driver, DriverEnvironment } from '../../drivers/driver.ts'

/** What a driver may need of the gateway besides its own table. */
export interface Surroundings {
  readonly stateDir: string
  readonly gpio: 'cdev' | 'onoff'
}

/** Opens the driver for one entry of the configuration; its relative paths start at the state directory. */
export async function openDriver(
  slot: SlotConfig,
  { stateDir, gpio }: Surroundings,
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
      return openI2c({ ...slot, gpio }, environment)
    }
    case 'spi': {
      const { openSpi } = await import('../../drivers/spi.ts')
      return openSpi({ ...slot, gpio }, environment)
    }
    case 'pcsc': {
      const { openPcsc } = await import('../../drivers/pcsc.ts')
      return openPcsc(slot, environment)
    }
    case 'sim-array': {
      const { openSimArray } = await import('../../drivers/sim-array.ts')
      return openSimArray(slot, environment)
    }
    default:
      return slot satisfies never
  }
}
