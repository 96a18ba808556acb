// All slots of the gateway, and how elements come to them and go.

import type { Arrival, SecureElement } from '../drivers/driver.ts'
import { type Binding, type BindingStore, MemoryBindings } from './binding.ts'
import { LeaseError, NameError } from './errors.ts'
import { type Seid, type Sen, type SlotId, seidOf } from './identity.ts'
import type { Contender } from './lease-queue.ts'
import type { PoolConfig } from './pool.ts'
import { PoolLine } from './pool-line.ts'
import { Slot } from './slot.ts'
import type { Onlookers, SlotEnvironment } from './surroundings.ts'

export class Inventory implements Onlookers {
  readonly #environment: SlotEnvironment
  readonly #slots: Slot[] = []
  readonly #bySeid = new Map<string, Slot>()
  readonly #byElement = new Map<SecureElement, Slot>()
  readonly #bindings: BindingStore
  /** By name. */
  readonly #pools: ReadonlyMap<string, PoolLine>
  /** One binding after the other: what was free when it was asked must still be free when it is taken. */
  #lastBinding: Promise<void> = Promise.resolve()

  constructor(
    environment: SlotEnvironment,
    bindings: BindingStore = new MemoryBindings(),
    pools: readonly PoolConfig[] = [],
  ) {
    this.#environment = environment
    this.#bindings = bindings
    this.#pools = new Map(pools.map((pool) => [pool.sen, new PoolLine(pool, environment)]))
  }

  /** Every slot, in order of first arrival. */
  get slots(): readonly Slot[] {
    return this.#slots
  }

  /** The slots that this name leads to now: none, one, or several when the name is ambiguous. */
  bySen(sen: Sen): Slot[] {
    return this.#slots.filter((slot) => slot.sen === sen && slot.isRouted)
  }

  /** The pool of this name, which goes before elements of that name. */
  pool(sen: Sen): PoolLine | undefined {
    return this.#pools.get(sen)
  }

  /** The slot with this SEID or alias. */
  bySeid(seid: string): Slot | undefined {
    return this.#bySeid.get(seid)
  }

  /**
   * Takes in an element that a driver of kind `driver` found; resolves when it is ready, or set down as mute. One that comes
   * back under its old SEID gets its old slot. One whose SEID is taken or unusable is refused, in the log.
   */
  async arrive(arrival: Arrival, driver: string): Promise<void> {
    const slot = this.#slotFor(arrival, driver)
    if (slot === undefined) return
    this.#byElement.set(arrival.element, slot)
    await slot.attach(arrival)
    const { sen } = slot
    if (sen === undefined || [...this.#pools.values()].some((pool) => pool.takesAllNamed(sen))) return
    const namesakes = this.bySen(sen)
    if (namesakes.length > 1) {
      const seids = namesakes.map((namesake) => namesake.seid)
      this.#environment.log.warn('slot.name-duplicated', { sen, seids })
    }
  }

  /** The element is gone; its slot stays, empty. */
  leave(element: SecureElement, cause: string): void {
    this.#byElement.get(element)?.detach(cause)
    this.#byElement.delete(element)
  }

  /**
   * Binds an element to a name and an application, for good; undefined frees it.
   * @throws NameError when another element has the name; the system's error when it cannot be kept
   */
  async bind(slot: Slot, binding: Binding | undefined): Promise<void> {
    const bound = this.#lastBinding.then(async () => {
      const sen = binding === undefined ? slot.nativeSen : binding.sen
      const other = this.#namesake(slot, sen ?? undefined)
      if (other !== undefined) throw new NameError(other)
      await this.#bindings.set(slot.seid, binding)
      slot.bind(binding)
    })
    this.#lastBinding = bound.catch(() => undefined)
    await bound
    this.#environment.log.info('slot.bound', { seid: slot.seid, sen: slot.sen, aid: binding?.aid })
  }

  #namesake(slot: Slot, sen: Sen | undefined): Seid | undefined {
    if (sen === undefined) return undefined
    const present = this.#slots.find((other) => other !== slot && other.sen === sen)
    if (present !== undefined) return present.seid
    const bound = this.#bindings.holderOf(sen)
    return bound === slot.seid ? undefined : bound
  }

  /** Takes every slot from its holder and sends away everybody who waits. */
  revokeAll(reason: string): void {
    const error = new LeaseError('lease.revoked', reason)
    for (const pool of this.#pools.values()) pool.dismiss(error)
    for (const slot of this.#slots) {
      slot.dismiss(error)
      slot.revoke(error)
    }
  }

  changed(slot: Slot): void {
    for (const pool of this.#pools.values()) pool.update(slot)
    for (const pool of this.#pools.values()) pool.serve()
  }

  contenders(slot: Slot): readonly Contender[] {
    return [...this.#pools.values()].flatMap((pool) => pool.contenders(slot))
  }

  #slotFor(arrival: Arrival, driver: string): Slot | undefined {
    const { seid, aliases, element } = arrival
    const known = this.bySeid(seid)
    if (known?.isEmpty === true) return known
    const cause = this.#problemWith([seid, ...aliases])
    if (cause !== undefined) {
      this.#environment.log.error('slot.refused', { seid, element: element.name, cause })
      return undefined
    }
    const id = (this.#slots.length + 1) as SlotId
    const identity = { id, seid: seid as Seid, aliases: aliases as Seid[], driver }
    const slot = new Slot(identity, this.#environment, this)
    slot.bind(this.#bindings.get(slot.seid))
    this.#slots.push(slot)
    for (const name of [slot.seid, ...slot.aliases]) this.#bySeid.set(name, slot)
    return slot
  }

  /** Why these cannot be the SEIDs of a new slot. */
  #problemWith(seids: readonly string[]): string | undefined {
    for (const [index, text] of seids.entries()) {
      if (seidOf(text) === undefined) return `'${text}' is no SEID: 1 to 63 printable characters, no blank`
      if (seids.indexOf(text) !== index) return `'${text}' is there twice`
      const other = this.bySeid(text)
      if (other !== undefined) return `'${text}' already belongs to slot ${other.id}`
    }
    return undefined
  }
}
