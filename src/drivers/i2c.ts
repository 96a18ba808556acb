// The driver of elements on I2C buses: one element a configuration entry, one bus for all that share it.

import type { Log } from '../base/log.ts'
import { dialectOf, type FramingName } from './dialects.ts'
import type { Driver, OpenDriver } from './driver.ts'
import { I2cAdapter } from './i2c-adapter.ts'
import { I2cBus, type Place, type Segment } from './i2c-bus.ts'
import type { Link } from './link.ts'
import { WireElement } from './wire-element.ts'

export interface I2cConfig {
  readonly seid: string
  readonly aliases: readonly string[]
  readonly sen?: string | undefined
  readonly aid?: Uint8Array | undefined
  readonly maxRecordBytes: number
  /** N of /dev/i2c-N. */
  readonly bus: number
  readonly address: number
  readonly segment?: Segment | undefined
  readonly framing: FramingName
}

/**
 * Reports the element at once; whether it is there shows when it is reset.
 * @throws LinkError link.closed when the addon is not installed
 */
export const openI2c: OpenDriver<I2cConfig> = async (config, environment) => {
  const { clock, log } = environment
  const { seid, aliases, sen, aid, maxRecordBytes, address, segment } = config
  const shared = await shareBus(config.bus, log)
  const link = linkTo(shared.bus, { address, segment }, seid)
  const element = new WireElement({ name: seid, link, clock, dialect: dialectOf(config.framing, 'i2c') })
  environment.onArrive({ element, seid, aliases, sen, aid, maxRecordBytes })
  const driver: Driver = { kind: 'i2c', [Symbol.asyncDispose]: () => shared.release() }
  return driver
}

function linkTo(bus: I2cBus, place: Place, name: string): Link {
  return {
    name,
    isRefusable: true,
    adjust: () => undefined,
    write: (bytes) => bus.write(place, bytes),
    read: (into) => bus.read(place, into),
    // No line is configured: a dialect resets the element by a block, where it has one.
    reset: () => Promise.resolve('none'),
  }
}

/** The bus with this number, opened by the first and closed by the last who shares it. */
async function shareBus(number: number, log: Log): Promise<{ bus: I2cBus; release: () => Promise<void> }> {
  const opened = buses.get(number) ?? { bus: openBus(number, log), users: 0 }
  buses.set(number, opened)
  opened.users++
  const release = async (): Promise<void> => {
    opened.users--
    if (opened.users > 0) return
    buses.delete(number)
    await (await opened.bus).close()
  }
  try {
    return { bus: await opened.bus, release }
  } catch (error) {
    buses.delete(number)
    throw error
  }
}

async function openBus(number: number, log: Log): Promise<I2cBus> {
  return new I2cBus(await I2cAdapter.open(number), log.child({ bus: number }))
}

const buses = new Map<number, { bus: Promise<I2cBus>; users: number }>()
