// What goes wrong on purpose.

import type { Device, SpiDevice } from './devices.ts'

/**
 * `nack`: the next `times` accesses are not acknowledged. `stuck`: from the next access on the bus is held for `ms`;
 * shorter than the adapter's time limit, that is a stretched clock. `short`: the next read ends after `bytes`, and the
 * caller is told so. `floating`: the next read is answered up to `bytes`, the rest is FF.
 */
export type Fault =
  | { readonly kind: 'nack'; readonly times: number; readonly on?: 'read' | 'write' }
  | { readonly kind: 'stuck'; readonly ms: number }
  | { readonly kind: 'short' | 'floating'; readonly bytes: number }

/** The scripts of all devices of a rig, each a queue. */
export class Faults {
  readonly #queues = new WeakMap<Device, Fault[]>()
  /** Whose reset line is low. */
  readonly #held = new WeakSet<object>()

  add(device: Device, ...faults: Fault[]): void {
    this.#queues.set(device, [...(this.#queues.get(device) ?? []), ...faults])
  }

  /** The fault of `device` that this access meets; it is used up. */
  take(device: Device, direction: 'read' | 'write'): Fault | undefined {
    if (this.#held.has(device)) return { kind: 'nack', times: 1 }
    const queue = this.#queues.get(device) ?? []
    const [next] = queue
    if (next === undefined) return undefined
    if (next.kind !== 'nack' && next.kind !== 'stuck' && direction === 'write') return undefined
    if (next.kind !== 'nack') {
      queue.shift()
      return next
    }
    if (next.on !== undefined && next.on !== direction) return undefined
    if (next.times > 1) queue[0] = { ...next, times: next.times - 1 }
    else queue.shift()
    return next
  }

  /** A reset line fell or rose. While it is low, nothing is acknowledged. */
  setReset(device: Device | SpiDevice, is: 'held' | 'released'): void {
    if (is === 'released') {
      this.#held.delete(device)
      return
    }
    this.#held.add(device)
    device.reset?.()
  }

  isHeld(device: object): boolean {
    return this.#held.has(device)
  }
}
