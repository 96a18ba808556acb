// The driver of elements on I2C buses: one element a configuration entry, one bus for all that share it.

import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import { dialectOf, type FramingName } from './dialects.ts'
import type { Arrival, Driver, OpenDriver, RunningCall } from './driver.ts'
import type { GpioKind, LineAddress } from './gpio.ts'
import { I2cAdapter } from './i2c-adapter.ts'
import { I2cBus, type Place, type Segment } from './i2c-bus.ts'
import { type DecoderOutput, Lines, type Pulse, type Wiring } from './lines.ts'
import type { Link } from './link.ts'
import { SharedPool } from './shared.ts'
import { callsOn } from './wire-counts.ts'
import { WireElement } from './wire-element.ts'

/** `reset` takes the multiplexer through a reset. */
export interface MuxSegment extends Segment {
  readonly reset?: LineAddress | DecoderOutput | undefined
}

export interface I2cConfig {
  readonly seid: string
  readonly aliases: readonly string[]
  readonly sen?: string | undefined
  readonly aid?: Uint8Array | undefined
  readonly maxRecordBytes: number
  /** N of /dev/i2c-N. */
  readonly bus: number
  readonly address: number
  readonly segment?: MuxSegment | undefined
  readonly framing: FramingName
  /** What the bus runs at; undefined: not known. */
  readonly clockHz?: number | undefined
  readonly wiring: Wiring
  readonly gpio: GpioKind
}

/**
 * Reports the element at once; whether it is there shows when it is reset.
 * @throws LinkError link.closed when an addon is not installed, or a GPIO line cannot be had
 */
export const openI2c: OpenDriver<I2cConfig> = async (config, environment) => {
  const { clock, log } = environment
  const { seid, aliases, sen, aid, maxRecordBytes } = config
  const place: Place = { address: config.address, segment: config.segment }
  const lines = new Lines(config.gpio, clock)
  const medium = `i2c-${config.bus}`
  const dialect = dialectOf(config.framing, 'i2c')
  const owned: (() => Promise<void>)[] = []
  const giveBack = async (): Promise<void> => {
    for (const release of owned.reverse()) await release()
  }
  try {
    const bus = await buses.take(String(config.bus), () => openBus(config.bus, clock, log))
    owned.push(bus.release)
    if (config.segment !== undefined)
      owned.push(await takeMuxReset(bus.value, config.segment, { ...config, lines }))
    const wired = await lines.wire(linkTo(bus.value, place, { ...config, log }), config.wiring)
    owned.push(async () => wired[Symbol.asyncDispose]())
    const element = new WireElement({ name: seid, link: wired.link, clock, dialect })
    const arrival: Arrival = { element, seid, aliases, sen, aid, maxRecordBytes, medium }
    bus.value.join({
      place,
      onLost: (cause) => environment.onLeave(element, cause),
      onFound: () => environment.onArrive(arrival),
    })
    environment.onArrive(arrival)
    const wires = [{ seid, medium, bus: bus.value.counts, t1: dialect.framing.counts }]
    const calls = (): readonly RunningCall[] => callsOn(medium, bus.value.counts)
    const driver: Driver = { kind: 'i2c', wires, calls, [Symbol.asyncDispose]: giveBack }
    return driver
  } catch (error) {
    await giveBack()
    throw error
  }
}

function linkTo(bus: I2cBus, place: Place, { seid, clockHz, log }: I2cConfig & { log: Log }): Link {
  return {
    name: seid,
    isRefusable: true,
    adjust({ maxClockHz }) {
      if (clockHz !== undefined && clockHz > maxClockHz) {
        log.warn('element.overclocked', { seid, clockHz, maxClockHz })
      }
    },
    write: (bytes) => bus.write(place, bytes),
    read: (into) => bus.read(place, into),
    reset: () => Promise.resolve('none'),
    detach: () => bus.detach(place),
  }
}

/** The line that resets a multiplexer, if it has one, belongs to all elements behind it. @returns gives it back */
async function takeMuxReset(
  bus: I2cBus,
  { mux, reset }: MuxSegment,
  { bus: number, lines }: { bus: number; lines: Lines },
): Promise<() => Promise<void>> {
  if (reset === undefined) return () => Promise.resolve()
  const { value, release } = await muxResets.take(`${number}.${mux}`, () => lines.pulse(reset))
  bus.onStuckReset(mux, () => lines.reset(value))
  return release
}

async function openBus(number: number, clock: Clock, log: Log): Promise<I2cBus> {
  return new I2cBus({ adapter: await I2cAdapter.open(number), clock, log: log.child({ bus: number }) })
}

const buses = new SharedPool<I2cBus>((bus) => bus.close())
const muxResets = new SharedPool<Pulse>(async (pulse) => pulse[Symbol.asyncDispose]())
