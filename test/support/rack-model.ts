// A rack of sixteen slots under two hundred clients, with everything that can go wrong. What must always hold is checked
// all the time; a run is repeated by its random numbers.

import assert from 'node:assert/strict'
import { codeOf } from '../../src/base/errors.ts'
import { Events } from '../../src/base/events.ts'
import { LeaseError } from '../../src/slots/errors.ts'
import type { SlotEvent } from '../../src/slots/events.ts'
import type { Sen } from '../../src/slots/identity.ts'
import { Inventory } from '../../src/slots/inventory.ts'
import type { Lease } from '../../src/slots/lease.ts'
import { Poller } from '../../src/slots/poller.ts'
import type { Slot } from '../../src/slots/slot.ts'
import type { SlotState } from '../../src/slots/state.ts'
import { ManualClock } from './manual-clock.ts'
import { RackElement, type Referee } from './rack-element.ts'
import type { Random } from './random.ts'
import { arrivalOf } from './scripted-element.ts'
import { slotEnvironment } from './slot-environment.ts'
import { type Request, TurnRules } from './turn-rules.ts'

const SLOTS = 16
const CLIENTS = 200
const ADDRESSES = 40
const QUEUE_LENGTH = 12
const POOLS = [
  { sen: 'pool-a', members: ['s0', 's1', 's2', 's3'] },
  { sen: 'pool-b', members: ['s4', 's5'] },
]
/** What a client may be told. */
const EXPECTED = new Set([
  ...['lease.busy', 'lease.queue-full', 'lease.expired', 'lease.revoked', 'client.gave-up'],
  ...['element.absent', 'element.mute', 'element.gone', 'link.timeout', 'link.stuck'],
])

export class RackModel implements Referee {
  /** Leases, refusals and ends of leases. */
  decisions = 0
  illness = 1
  readonly #random: Random
  readonly #clock = new ManualClock()
  readonly #limit: number
  readonly #inventory: Inventory
  readonly #poller: Poller
  readonly #elements = new Map<string, RackElement>()
  /** By SEID: who holds the slot. */
  readonly #holders = new Map<string, number>()
  readonly #turns: TurnRules
  readonly #states = new Map<string, SlotState>()
  /** Set aside by an operator, and not released. */
  readonly #aside = new Set<string>()
  readonly #broken: string[] = []
  #isOver = false

  constructor(random: Random) {
    this.#random = random
    this.#turns = new TurnRules(this.#clock, this.broken)
    this.#limit = random.pick([60, 600, 1_000_000])
    const [clock, events] = [this.#clock, new Events<SlotEvent>()]
    const settings = { clock, events, queueLength: QUEUE_LENGTH, maxResetsPerMinute: this.#limit }
    this.#inventory = new Inventory(slotEnvironment(settings), undefined, POOLS)
    events.subscribe((event) => this.#onEvent(event))
    const crashed = (error: unknown): void => this.broken(`the poller: ${String(error)}`)
    this.#poller = new Poller({ clock, slots: () => this.#inventory.slots, pollMs: 2_000, crashed })
  }

  /** Runs until `decisions` have been made, then heals everything and waits for the end. */
  async run(decisions: number): Promise<void> {
    for (let n = 0; n < SLOTS; n++) this.#plug(`s${n}`)
    const loops = [
      this.#operate(),
      this.#swap(),
      ...Array.from({ length: CLIENTS }, (_, n) => this.#serve(n)),
    ]
    while (this.decisions < decisions && this.#broken.length === 0) await this.#advance(5)
    this.#isOver = true
    this.illness = 0
    await this.#finish(Promise.all(loops))
    this.#poller[Symbol.dispose]()
    // A look that is under way.
    await this.#clock.advanceBy(10_000)
    this.#checkEnd()
    assert.deepEqual(this.#broken, [])
  }

  readonly broken = (rule: string): void => {
    this.#broken.push(`${Math.round(this.#clock.now())} ms: ${rule}`)
  }

  readonly isHolder = (client: number): boolean => [...this.#holders.values()].includes(client)

  async #advance(milliseconds: number): Promise<void> {
    await this.#clock.advanceBy(milliseconds)
    this.#turns.checkLines(QUEUE_LENGTH)
    for (const { name, resets } of this.#elements.values()) {
      if (resets.length > this.#limit * 1.1 + 2) this.broken(`${name}: ${resets.length} resets in a minute`)
    }
  }

  async #finish(loops: Promise<unknown>): Promise<void> {
    let running = 1
    loops.then(
      () => running--,
      (error: unknown) => this.broken(String(error)),
    )
    // As long as the longest quarantine and what comes before it.
    for (let n = 0; n < 1_300; n++) {
      for (const slot of this.#inventory.slots) {
        if (slot.state === 'quarantined' && running > 0) this.#release(slot).catch(() => undefined)
      }
      await this.#clock.advanceBy(500)
    }
    if (running > 0) this.broken('somebody has never got an answer')
  }

  #checkEnd(): void {
    for (const slot of this.#inventory.slots) {
      const { seid, state, holder, waiting, isEmpty } = slot
      if (!isEmpty && state !== 'ready') this.broken(`${seid} ends as ${state}: ${slot.report.cause}`)
      if (holder !== undefined || waiting > 0)
        this.broken(`${seid} is held by ${holder}, and ${waiting} wait`)
    }
    if (this.#clock.pending > 0) this.broken(`${this.#clock.pending} timers are left`)
  }

  #onEvent(event: SlotEvent): void {
    if (event.kind !== 'changed') return
    const { seid, from, to } = event
    const before = this.#states.get(seid) ?? 'absent'
    if (from !== before || from === to) this.broken(`${seid} went from ${from} to ${to}, and was ${before}`)
    if (to === 'absent') this.#aside.delete(seid)
    else if (this.#aside.has(seid) && to !== 'quarantined')
      this.broken(`${seid} left the quarantine by itself`)
    this.#states.set(seid, to)
  }

  /** A client: asks for something, uses it, goes, comes back. One in ten has one address and no pause. */
  async #serve(client: number): Promise<void> {
    const isGreedy = client % 10 === 0
    const address = isGreedy ? 'greedy' : `address ${client % ADDRESSES}`
    while (!this.#isOver) {
      if (!isGreedy) await this.#pause(3_000)
      const slot = this.#random.pick(this.#inventory.slots)
      await this.#visit(client, address, isGreedy ? this.#inventory.slots.at(-1)! : slot)
      await this.#pause(2)
    }
  }

  async #visit(client: number, address: string, slot: Slot): Promise<void> {
    const giving = new AbortController()
    const asked = { client, address, since: this.#clock.now() }
    try {
      const lease = await this.#ask(asked, slot, giving)
      await this.#use(lease, client, giving.signal)
    } catch (error) {
      const code = error instanceof GaveUp ? 'client.gave-up' : codeOf(error)
      if (!EXPECTED.has(code)) this.broken(`client ${client} was told ${String(error)}`)
      this.decisions++
    }
  }

  async #ask(
    asked: Omit<Request, 'priority' | 'isPatient'>,
    slot: Slot,
    giving: AbortController,
  ): Promise<Lease> {
    const { client, address, since } = asked
    const roll = this.#random.int(20)
    const deadline = since + this.#random.int(12_000)
    if (this.#random.oneIn(12))
      this.#clock.at(since + this.#random.int(4_000), () => giving.abort(new GaveUp()))
    const pool = this.#inventory.pool(this.#random.pick(POOLS).sen as Sen)
    const wish = { holder: `client ${client}`, address, deadline }
    if (roll < 3 && pool !== undefined) {
      return this.#granted(asked, await pool.acquire(wish, 300, giving.signal), deadline)
    }
    const priority = roll < 5 ? 'operator' : 'service'
    const isPatient = roll >= 7 || roll === 3
    // Who only tries stands for himself.
    const who = isPatient ? address : wish.holder
    const request = { ...asked, address: who, priority, isPatient } as const
    this.#turns.asked(slot.seid, request)
    const got = isPatient
      ? slot.acquire({ ...wish, priority }, giving.signal)
      : slot.tryAcquire(wish.holder, giving.signal, priority)
    // In the same turn as the answer, so that nobody is taken for one who still waits.
    const lease = await got.finally(() => this.#turns.answered(slot.seid, request))
    this.#turns.checkTurn(slot.seid, request)
    return this.#granted(asked, lease, isPatient ? deadline : Infinity)
  }

  #granted({ client }: Pick<Request, 'client'>, lease: Lease, deadline: number): Lease {
    const { seid } = lease.slot
    this.decisions++
    if (this.#clock.now() > deadline) this.broken(`${seid}: granted after the deadline`)
    if (lease.revoked.aborted) return lease
    if (this.#holders.has(seid)) this.broken(`${seid} has two holders`)
    this.#holders.set(seid, client)
    lease.revoked.addEventListener('abort', () => this.#leave(seid, client))
    return lease
  }

  #leave(seid: string, client: number): void {
    if (this.#holders.get(seid) !== client) return
    this.#holders.delete(seid)
    this.decisions++
  }

  async #use(lease: Lease, client: number, signal: AbortSignal): Promise<void> {
    try {
      for (let count = this.#random.int(5); count > 0 && !signal.aborted; count--) {
        if (this.#random.oneIn(8)) await lease.reset(this.#random.pick(['cold', 'warm']))
        await this.#command(lease, client, count)
        if (this.#random.oneIn(4)) await this.#pause(100)
      }
    } finally {
      this.#leave(lease.slot.seid, client)
      // Who has lost his lease need not even know: it ends without him.
      if (!lease.revoked.aborted || this.#random.oneIn(2)) await lease[Symbol.asyncDispose]()
    }
  }

  async #command(lease: Lease, client: number, count: number): Promise<void> {
    const command = lease.scratch.subarray(0, 8)
    const view = new DataView(command.buffer, command.byteOffset)
    view.setUint32(0, client)
    view.setUint32(4, count)
    const response = new Uint8Array(258)
    const length = await lease.transmit(command, response, this.#clock.now() + 1_000)
    const answer = new DataView(response.buffer)
    if (length !== 8 || answer.getUint32(0) !== client || answer.getUint32(4) !== count) {
      this.broken(`client ${client} has the answer of ${answer.getUint32(0)}`)
    }
  }

  /** People and programs that act on slots without holding them. */
  async #operate(): Promise<void> {
    while (!this.#isOver) {
      await this.#pause(300)
      const slot = this.#random.pick(this.#inventory.slots)
      const roll = this.#random.int(6)
      if (roll === 0) slot.revoke(new LeaseError('lease.revoked', 'by an operator'))
      else if (roll === 1) await slot.evict('the button')
      else if (roll === 2) await slot.nudge()
      else if (roll === 3 && !slot.isEmpty) {
        slot.setAside('an operator')
        this.#aside.add(slot.seid)
      } else if (slot.state === 'quarantined') await this.#release(slot)
    }
  }

  #release(slot: Slot): Promise<void> {
    this.#aside.delete(slot.seid)
    return slot.release('an operator')
  }

  /** Cards that come, go, and are another one without a word. */
  async #swap(): Promise<void> {
    while (!this.#isOver) {
      await this.#pause(1_500)
      const { seid, isEmpty } = this.#random.pick(this.#inventory.slots)
      const element = this.#elements.get(seid)
      if (element === undefined || isEmpty) this.#plug(seid)
      else if (this.#random.oneIn(2)) element.sen = `${seid}-${this.#random.int(100)}`
      else {
        this.#elements.delete(seid)
        this.#holders.delete(seid)
        this.#inventory.leave(element, 'pulled')
      }
    }
  }

  #plug(seid: string): void {
    const element = new RackElement(seid, [this.#random, this.#clock], this)
    this.#elements.set(seid, element)
    this.#inventory
      .arrive(arrivalOf(element, { medium: `bus ${seid.length}` }), 'simulator')
      .catch((error: unknown) => this.broken(String(error)))
  }

  #pause(mostMs: number): Promise<void> {
    const until = this.#clock.now() + this.#random.int(mostMs)
    return new Promise((resolve) => this.#clock.at(until, resolve))
  }
}

class GaveUp extends Error {}
