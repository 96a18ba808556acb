// Puts the gateway together from its configuration, and takes it apart again.

import { type Clock, sleepUntil, systemClock } from '../../base/clock.ts'
import { messageOf } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'
import type { Config } from '../../config/config.ts'
import { ConfigError } from '../../config/errors.ts'
import { stateDirOf } from '../../config/state-dir.ts'
import type { Driver } from '../../drivers/driver.ts'
import { Inventory } from '../../slots/inventory.ts'
import { TlsSeServer } from '../../tlsse/server.ts'
import { openDriver } from './catalog.ts'
import { checkOpenFiles } from './limits.ts'
import { holderOf } from './port-holder.ts'

/** A gateway that runs. */
export interface Gateway {
  /** Plane -> `address:port`. */
  readonly addresses: { readonly tlsSe: string }
  /** Ends all sessions, resets the elements, closes the drivers. Resolves within `DRAIN_MS`, come what may. */
  close(): Promise<void>
}

/**
 * Opens the drivers, waits a moment for the elements that are there, and listens.
 * @throws ConfigError when an address cannot be bound
 */
export async function startGateway(config: Config, log: Log): Promise<Gateway> {
  const clock = systemClock
  checkOpenFiles(config.tlsSe.maxConnections, log)
  const inventory = new Inventory({ clock, log, queueLength: config.tlsSe.queueLength })
  const drivers = await openDrivers(config, { clock, log, inventory })
  const tlsSe = await listen(config, { clock, log, inventory })
  return {
    addresses: { tlsSe: tlsSe.address },
    async close() {
      inventory.revokeAll('the gateway is stopping')
      const drained = tlsSe
        .close()
        .then(() => Promise.all(drivers.map((driver) => driver[Symbol.asyncDispose]())))
      const isDrained = await Promise.race([
        drained.then(() => true),
        sleepUntil(clock, clock.now() + DRAIN_MS).then(() => false),
      ])
      if (!isDrained) log.warn('gateway.drain-expired', { connections: tlsSe.connections })
    },
  }
}

async function openDrivers(
  { gateway, slots }: Config,
  { clock, log, inventory }: { clock: Clock; log: Log; inventory: Inventory },
): Promise<Driver[]> {
  const stateDir = stateDirOf(gateway.stateDir, process.env)
  const arrivals: Promise<void>[] = []
  const environment = {
    clock,
    log,
    onArrive: (arrival: Parameters<Inventory['arrive']>[0]) => {
      const arrived = inventory.arrive(arrival)
      arrivals.push(arrived.catch((error: unknown) => log.error('slot.crashed', { cause: messageOf(error) })))
    },
    onLeave: (element: Parameters<Inventory['leave']>[0], cause: string) => inventory.leave(element, cause),
  }
  const drivers = await Promise.all(slots.map((slot) => openDriver(slot, stateDir, environment)))
  // An element that is slow or mute must not keep the others off the network.
  await Promise.race([Promise.all(arrivals), sleepUntil(clock, clock.now() + ARRIVAL_GRACE_MS)])
  return drivers
}

async function listen(
  config: Config,
  environment: { clock: Clock; log: Log; inventory: Inventory },
): Promise<TlsSeServer> {
  try {
    return await TlsSeServer.listen(config.tlsSe, environment)
  } catch (error) {
    const { host, port } = config.tlsSe
    const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
    const holder = taken ? ` held by ${holderOf(port) ?? 'a process of another user'}` : ''
    const message = `tls_se.listen: cannot bind ${host}:${port}${holder}`
    throw new ConfigError('config.invalid', message, { cause: error })
  }
}

/** How long the first elements may take before the planes listen without them. */
const ARRIVAL_GRACE_MS = 250

/** How long the end may take. */
const DRAIN_MS = 5_000
