// The driver of cards in SIM arrays: one configuration an array, or a part of one; whatever talks to the same array
// shares its inventory and its connections.

import type { Log } from '../base/log.ts'
import type { Driver, DriverEnvironment, OpenDriver } from './driver.ts'
import { SimArrayElement } from './sim-array-element.ts'
import { type SharedArray, shareArray } from './sim-array-shared.ts'
import type { ArrayContent } from './sim-array-text.ts'

export interface SimArraySlot {
  /** board * 100 + slot, as the array counts: 101 is the first slot of board 1. */
  readonly number: number
  readonly seid: string
  readonly aliases: readonly string[]
  readonly sen?: string | undefined
  readonly aid?: Uint8Array | undefined
  readonly maxRecordBytes: number
}

export interface SimArrayConfig {
  readonly host: string
  /** SIM_ARRAY_PORT, unless the array was set up otherwise. */
  readonly port: number
  /** The most connections for elements at a time; one more is for the inventory. Who shares an array: the first one's holds. */
  readonly maxConnections: number
  /** Empty: every slot that the array names, as `slotOf` describes it. */
  readonly slots: readonly SimArraySlot[]
  /** Describes a slot that was not listed; `number` is the array's. Only asked when `slots` is empty. */
  slotOf(number: number): SimArraySlot
}

/** The port of the reference configuration. */
export const SIM_ARRAY_PORT = 2310

/** What an array is asked for at most, unless configured. */
export const SIM_ARRAY_MAX_CONNECTIONS = 16

/**
 * Reports the cards in the array's slots as they come and go; while the array cannot be reached there are none. Opens
 * once the array has been asked for the first time, whether it answered or not.
 */
export const openSimArray: OpenDriver<SimArrayConfig> = async (config, environment) => {
  const { array, release } = shareArray(config, environment)
  const slots = new Slots(config, environment, array)
  await array.watch(slots)
  const driver: Driver = {
    kind: 'sim-array',
    async [Symbol.asyncDispose]() {
      array.unwatch(slots)
      await slots.close()
      await release()
    },
  }
  return driver
}

/** A card that is reported, and the flag that its group had when it was last looked at. */
interface Occupant {
  readonly element: SimArrayElement
  flag: string
}

/** The slots of one configuration. */
class Slots {
  readonly #config: SimArrayConfig
  readonly #environment: DriverEnvironment
  readonly #array: SharedArray
  readonly #log: Log
  readonly #occupants = new Map<number, Occupant>()
  /** Elements that have left and still have work to end. */
  readonly #leaving = new Set<Promise<void>>()

  constructor(config: SimArrayConfig, environment: DriverEnvironment, array: SharedArray) {
    this.#config = config
    this.#environment = environment
    this.#array = array
    this.#log = environment.log.child({ host: config.host, port: config.port })
  }

  onContent({ slots }: ArrayContent): void {
    for (const number of [...this.#occupants.keys()]) {
      if (slots.get(number)?.isOccupied !== true)
        this.#leave(number, `the array has no card in slot ${number}`)
    }
    for (const slot of this.#wanted(slots.keys())) {
      const content = slots.get(slot.number)
      if (content?.isOccupied !== true) continue
      const occupant = this.#occupants.get(slot.number)
      if (occupant === undefined) {
        this.#arrive(slot, content.flag)
        continue
      }
      if (occupant.flag !== content.flag) occupant.element.suspect()
      else occupant.element.review()
      occupant.flag = content.flag
    }
  }

  onLoss(cause: string): void {
    this.#log.warn('array.lost', { cause })
    for (const number of [...this.#occupants.keys()]) this.#leave(number, cause)
  }

  async close(): Promise<void> {
    for (const { element } of this.#occupants.values()) this.#retire(element, 'the gateway closes')
    this.#occupants.clear()
    await Promise.all(this.#leaving)
  }

  #wanted(numbers: Iterable<number>): readonly SimArraySlot[] {
    if (this.#config.slots.length > 0) return this.#config.slots
    return Array.from(numbers, (number) => this.#config.slotOf(number))
  }

  #arrive(slot: SimArraySlot, flag: string): void {
    const { number, seid, aliases, sen, aid, maxRecordBytes } = slot
    const element = new SimArrayElement({
      name: seid,
      slot: number,
      access: this.#array.access,
      onReplaced: (replaced, cause) => {
        if (this.#occupants.get(number)?.element !== replaced) return
        const latest = this.#occupants.get(number)?.flag ?? flag
        this.#leave(number, cause)
        this.#arrive(slot, latest)
      },
    })
    this.#occupants.set(number, { element, flag })
    const medium = `array ${this.#config.host}:${this.#config.port}`
    this.#environment.onArrive({ element, seid, aliases, sen, aid, maxRecordBytes, medium })
  }

  #leave(number: number, cause: string): void {
    const occupant = this.#occupants.get(number)
    if (occupant === undefined) return
    this.#occupants.delete(number)
    this.#environment.onLeave(occupant.element, cause)
    this.#retire(occupant.element, cause)
  }

  #retire(element: SimArrayElement, cause: string): void {
    const retired = element.retire(cause).finally(() => this.#leaving.delete(retired))
    this.#leaving.add(retired)
  }
}
