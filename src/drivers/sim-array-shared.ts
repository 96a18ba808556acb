// SIM arrays that are in use, one entry a host and port: all who name the same one share its inventory, the number of
// its connections, and what was learnt of it.

import type { DriverEnvironment } from './driver.ts'
import type { ArrayAccess } from './sim-array-element.ts'
import { ArrayInventory } from './sim-array-inventory.ts'
import type { ArrayAddress } from './sim-array-link.ts'
import { ArraySeats } from './sim-array-seats.ts'
import type { ArrayContent } from './sim-array-text.ts'
import { ArrayWays } from './sim-array-ways.ts'

/** Who wants to know what an array has. */
export interface ArrayWatcher {
  onContent(content: ArrayContent): void
  onLoss(cause: string): void
}

export class SharedArray {
  readonly access: ArrayAccess
  readonly #inventory: ArrayInventory
  readonly #opened: Promise<void>
  readonly #watchers = new Set<ArrayWatcher>()
  #tellLast: ((watcher: ArrayWatcher) => void) | undefined

  constructor(address: ArrayAddress, maxConnections: number, { clock, log }: DriverEnvironment) {
    const inventory = new ArrayInventory({
      address,
      clock,
      onContent: (content) => this.#tell((watcher) => watcher.onContent(content)),
      onLoss: (cause) => this.#tell((watcher) => watcher.onLoss(cause)),
    })
    this.#inventory = inventory
    const poke = (): void => inventory.poke()
    this.access = {
      address,
      clock,
      log,
      poke,
      seats: new ArraySeats(maxConnections, clock),
      ways: new ArrayWays(),
    }
    this.#opened = inventory.open()
  }

  /** Tells `watcher` what the array has, and of every change; resolves when it was told for the first time. */
  async watch(watcher: ArrayWatcher): Promise<void> {
    this.#tellLast?.(watcher)
    this.#watchers.add(watcher)
    await this.#opened
  }

  unwatch(watcher: ArrayWatcher): void {
    this.#watchers.delete(watcher)
  }

  close(): Promise<void> {
    return this.#inventory.close()
  }

  #tell(what: (watcher: ArrayWatcher) => void): void {
    this.#tellLast = what
    for (const watcher of this.#watchers) what(watcher)
  }
}

/** The array at this address, found by the first and let go by the last who shares it. */
export function shareArray(
  { host, port, maxConnections }: ArrayAddress & { readonly maxConnections: number },
  environment: DriverEnvironment,
): { array: SharedArray; release: () => Promise<void> } {
  const key = `${host}:${port}`
  const shared = arrays.get(key) ?? {
    array: new SharedArray({ host, port }, maxConnections, environment),
    users: 0,
  }
  arrays.set(key, shared)
  shared.users++
  const release = async (): Promise<void> => {
    shared.users--
    if (shared.users > 0) return
    arrays.delete(key)
    await shared.array.close()
  }
  return { array: shared.array, release }
}

const arrays = new Map<string, { array: SharedArray; users: number }>()
