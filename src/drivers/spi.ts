// The driver of elements on SPI controllers: one element a configuration entry, one chip select for each.

import { Turn } from '../base/turn.ts'
import { dialectOf } from './dialects.ts'
import type { Driver, OpenDriver } from './driver.ts'
import type { GpioKind } from './gpio.ts'
import { Lines, type Wiring } from './lines.ts'
import type { Link } from './link.ts'
import { SpiAdapter } from './spi-adapter.ts'
import { SpiSelect } from './spi-select.ts'
import { type BusCounts, callsOn, noBusCounts } from './wire-counts.ts'
import { WireElement } from './wire-element.ts'

export interface SpiConfig {
  readonly seid: string
  readonly aliases: readonly string[]
  readonly sen?: string | undefined
  readonly aid?: Uint8Array | undefined
  readonly maxRecordBytes: number
  /** B and C of /dev/spidevB.C. */
  readonly bus: number
  readonly chipSelect: number
  /** What the wires stand; an element that stands less is asked slower. */
  readonly clockHz: number
  readonly framing: 'gp' | 'nxp'
  readonly wiring: Wiring
  readonly gpio: GpioKind
}

/**
 * Reports the element at once; whether it is there shows when it is reset.
 * @throws LinkError link.closed when an addon is not installed, or a GPIO line cannot be had
 */
export const openSpi: OpenDriver<SpiConfig> = async (config, environment) => {
  const { clock } = environment
  const { seid, aliases, sen, aid, maxRecordBytes, bus, chipSelect, clockHz } = config
  const accesses = await SpiAdapter.open(bus, chipSelect)
  const dialect = dialectOf(config.framing, 'spi')
  const controller = controllerOf(bus)
  const select = new SpiSelect({ accesses, ...controller, clock, clockHz, timing: dialect.timing })
  const wired = await new Lines(config.gpio, clock)
    .wire(linkTo(select, seid), config.wiring)
    .catch(async (error: unknown) => {
      await select.close()
      throw error
    })
  const element = new WireElement({ name: seid, link: wired.link, clock, dialect })
  const medium = `spi-${bus}`
  environment.onArrive({ element, seid, aliases, sen, aid, maxRecordBytes, medium })
  const driver: Driver = {
    kind: 'spi',
    wires: [{ seid, medium, bus: controller.counts, t1: dialect.framing.counts }],
    calls: () => callsOn(medium, controller.counts),
    async [Symbol.asyncDispose]() {
      await wired[Symbol.asyncDispose]()
      await select.close()
    },
  }
  return driver
}

function linkTo(select: SpiSelect, name: string): Link {
  return {
    name,
    isRefusable: false,
    adjust: (timing) => select.adjust(timing),
    write: (bytes) => select.write(bytes),
    read: (into) => select.read(into),
    reset: () => Promise.resolve('none'),
  }
}

interface Controller {
  readonly turn: Turn
  readonly counts: BusCounts
}

/** It holds nothing that had to be given back, so it may outlive its users. */
function controllerOf(bus: number): Controller {
  const controller = controllers.get(bus) ?? { turn: new Turn(), counts: noBusCounts() }
  controllers.set(bus, controller)
  return controller
}

const controllers = new Map<number, Controller>()
