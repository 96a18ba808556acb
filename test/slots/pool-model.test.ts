// Two hundred clients and four members that fall silent, are pulled and come back, while administrators and clients of
// single members take their share. What must always hold.

import assert from 'node:assert/strict'
import test from 'node:test'
import { codeOf } from '../../src/base/errors.ts'
import { ElementError, LinkError } from '../../src/drivers/errors.ts'
import type { Sen } from '../../src/slots/identity.ts'
import { Inventory } from '../../src/slots/inventory.ts'
import type { Lease } from '../../src/slots/lease.ts'
import type { PoolLine } from '../../src/slots/pool-line.ts'
import type { Slot } from '../../src/slots/slot.ts'
import { hex } from '../support/hex-fields.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { Random } from '../support/random.ts'
import { arrivalOf, atrNamed, ScriptedElement } from '../support/scripted-element.ts'
import { slotEnvironment } from '../support/slot-environment.ts'

const CLIENTS = 200
const MEMBERS = ['a', 'b', 'c', 'd']
const LARGE_RECORD_BYTES = 600

for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
  test(`pool: serves ${CLIENTS} clients by its rules while members come and go, with seed ${seed}`, async () => {
    const model = new Model(seed, 'flaky')
    await model.run()
    assert.ok(model.outcomes.get('served')! > CLIENTS / 3, JSON.stringify([...model.outcomes]))
    assert.ok(model.waits > CLIENTS / 10, `${model.waits} have waited`)
  })

  test(`pool: serves all of ${CLIENTS} patient clients in order of arrival, with seed ${seed}`, async () => {
    const model = new Model(seed, 'sound')
    await model.run()
    assert.deepEqual([...model.outcomes], [['served', CLIENTS]])
    assert.ok(model.waits > CLIENTS / 2, `${model.waits} have waited`)
    assert.deepEqual(
      model.grantOrder,
      [...model.grantOrder].sort((a, b) => a - b),
    )
  })
}

class Model {
  /** `served`, or the code of an error -> how often. */
  readonly outcomes = new Map<string, number>()
  readonly grantOrder: number[] = []
  waits = 0
  readonly #random: Random
  readonly #clock = new ManualClock()
  readonly #inventory: Inventory
  readonly #pool: PoolLine
  readonly #kind: 'flaky' | 'sound'
  readonly #elements = new Map<string, ScriptedElement>()
  readonly #holders = new Map<Slot, string>()
  readonly #clients = new Map<string, AbortController>()
  readonly #arrivals: Promise<void>[] = []
  /** Thrown errors are part of the play and would be lost: what is broken is written down. */
  readonly #broken: string[] = []

  constructor(seed: number, kind: 'flaky' | 'sound') {
    this.#random = new Random(seed)
    this.#kind = kind
    const environment = slotEnvironment({ clock: this.#clock, queueLength: kind === 'sound' ? CLIENTS : 5 })
    this.#inventory = new Inventory(environment, undefined, [{ sen: 'signer', members: MEMBERS }])
    this.#pool = this.#inventory.pool('signer' as Sen) as PoolLine
  }

  async run(): Promise<void> {
    for (const name of MEMBERS) this.#plug(name)
    await this.#clock.advanceBy(100)
    for (let count = 0; count < CLIENTS; count++) {
      this.#start(count)
      if (this.#kind === 'flaky') this.#disturb()
      await this.#advance(this.#random.int(this.#kind === 'sound' ? 20 : 60))
    }
    for (const name of MEMBERS) if (!this.#elements.has(name)) this.#plug(name)
    for (let turn = 0; turn < 1_000 && this.#clients.size > 0; turn++) await this.#advance(60)
    await this.#advance(200)
    assert.deepEqual([...this.#clients.keys()], [], 'clients that never got an answer')
    await Promise.all(this.#arrivals)
    assert.deepEqual(this.#broken, [])
    assert.deepEqual([this.#pool.waiting, this.#clock.pending], [0, 0])
    assert.ok(this.#inventory.slots.every(({ holder, waiting }) => holder === undefined && waiting === 0))
  }

  /** Millisecond by millisecond, so that nothing is seen only when it is over. */
  async #advance(milliseconds: number): Promise<void> {
    for (let count = 0; count <= milliseconds; count++) {
      await this.#clock.advanceBy(1)
      const idle = this.#inventory.slots.find((slot) => slot.state === 'ready' && slot.waiting > 0)
      if (idle !== undefined) this.#broken.push(`${idle.seid} idles while ${idle.waiting} wait`)
      const members = this.#pool.members.filter(({ state }) => state === 'ready')
      const isLarge = members.some(({ maxRecordBytes }) => maxRecordBytes >= LARGE_RECORD_BYTES)
      if (isLarge && this.#pool.waiting > 0) this.#broken.push('a member that fits everybody idles')
    }
  }

  #start(count: number): void {
    const roll = this.#kind === 'sound' ? 0 : this.#random.int(20)
    const number = `client ${count}`
    const controller = new AbortController()
    this.#clients.set(number, controller)
    const asked = this.#ask(roll, number, controller.signal)
    const isServed = this.#use(asked, number, count)
    isServed
      .then(
        () => 'served',
        (error: unknown) => (controller.signal.aborted ? 'gave up' : codeOf(error)),
      )
      .then((outcome) => {
        if (outcome === 'internal.unreachable') this.#broken.push(`${number}: ${outcome}`)
        this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1)
        this.#clients.delete(number)
      })
      .catch((error: unknown) => this.#broken.push(String(error)))
  }

  #ask(roll: number, holder: string, signal: AbortSignal): Promise<Lease> {
    const deadline = this.#clock.now() + (this.#kind === 'sound' ? 1_000_000 : 200 + this.#random.int(2_000))
    const request = { holder, deadline }
    const [slot] = this.#inventory.slots
    if (roll === 1) return slot!.acquire(request, signal)
    if (roll === 2) return slot!.tryAcquire(holder, signal)
    const recordBytes = roll < 6 && roll > 2 ? LARGE_RECORD_BYTES : 300
    const lease = this.#pool.acquire(request, recordBytes, signal)
    if (this.#pool.waiting > 0) this.waits++
    return lease
  }

  async #use(asked: Promise<Lease>, number: string, count: number): Promise<void> {
    const lease = await asked
    const { slot } = lease
    this.grantOrder.push(count)
    const other = this.#holders.get(slot)
    if (other !== undefined) this.#broken.push(`${slot.seid} is held by ${other} and ${number}`)
    if (slot.holder !== number) this.#broken.push(`${slot.seid} says it is held by ${slot.holder}`)
    this.#holders.set(slot, number)
    try {
      for (let commands = this.#random.int(12); commands > 0; commands--) {
        await lease.transmit(hex('00 D8 00 00'), new Uint8Array(258), Infinity)
      }
    } finally {
      this.#holders.delete(slot)
      await lease[Symbol.asyncDispose]()
    }
  }

  #disturb(): void {
    const roll = this.#random.int(12)
    const name = this.#random.pick(MEMBERS)
    if (roll === 0) this.#pullOrPlug(name)
    if (roll === 1 && this.#clients.size > 0) {
      this.#random.pick([...this.#clients.values()]).abort(new LinkError('link.closed', 'gave up'))
    }
  }

  #pullOrPlug(name: string): void {
    const element = this.#elements.get(name)
    if (element === undefined) {
      this.#plug(name)
      return
    }
    this.#elements.delete(name)
    this.#inventory.leave(element, 'pulled')
  }

  #plug(name: string): void {
    const element = new ScriptedElement(name)
    const pause = (): Promise<void> =>
      new Promise((resolve) => this.#clock.at(this.#clock.now() + this.#random.int(30), resolve))
    const fails = (odds: number): boolean =>
      this.#elements.get(name) !== element || (this.#kind === 'flaky' && this.#random.oneIn(odds))
    element.onReset = async () => {
      await pause()
      if (fails(12)) throw new ElementError('element.mute', 'no answer to reset')
      return atrNamed(name)
    }
    element.onTransmit = async () => {
      await pause()
      if (fails(60)) throw new LinkError('link.timeout', 'no answer')
      return hex('90 00')
    }
    this.#elements.set(name, element)
    const maxRecordBytes = name === 'a' || name === 'c' ? LARGE_RECORD_BYTES : 512
    this.#arrivals.push(this.#inventory.arrive(arrivalOf(element, { maxRecordBytes }), 'simulator'))
  }
}
