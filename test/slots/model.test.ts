// Many clients, one slot, an element that comes, goes, falls silent and is slow: the rules that must always hold.

import assert from 'node:assert/strict'
import test from 'node:test'
import { silentLog } from '../../src/base/log.ts'
import type { ResetKind } from '../../src/drivers/driver.ts'
import { ElementError, LinkError } from '../../src/drivers/errors.ts'
import { LeaseError } from '../../src/slots/errors.ts'
import type { Seid, SlotId } from '../../src/slots/identity.ts'
import { Slot } from '../../src/slots/slot.ts'
import { hex } from '../support/hex-fields.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { Random } from '../support/random.ts'
import { arrivalOf, atrNamed, ScriptedElement } from '../support/scripted-element.ts'

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8]
const STEPS = 2_500
const QUEUE_LENGTH = 3
const EXPECTED_ERRORS = [
  'client gave up',
  'lease.queue-full',
  'lease.expired',
  'lease.revoked',
  'element.absent',
  'element.mute',
  'element.gone',
  'link.timeout',
]

for (const seed of SEEDS) {
  test(`slot: keeps its rules over ${STEPS} random steps with seed ${seed}`, async () => {
    const model = new Model(seed)
    for (let step = 0; step < STEPS; step++) await model.step()
    await model.drain()
    assert.ok(model.grants > STEPS / 20, `only ${model.grants} leases granted`)
    assert.ok(model.refusals.size >= 6, `only ${[...model.refusals].join()} seen`)
  })
}

class Model {
  grants = 0
  readonly refusals = new Set<string>()
  readonly #random: Random
  readonly #clock = new ManualClock()
  readonly #slot: Slot
  /** Who has a lease: its number. */
  #holder: number | undefined
  /** The element in the slot. */
  #present: ModelElement | undefined
  /** Clients that asked and have not ended. */
  readonly #clients = new Map<number, Promise<void>>()
  readonly #controllers = new Map<number, AbortController>()
  readonly #arrivals: Promise<void>[] = []
  readonly #broken: string[] = []
  #clientCount = 0

  constructor(seed: number) {
    this.#random = new Random(seed)
    const environment = { clock: this.#clock, log: silentLog, queueLength: QUEUE_LENGTH }
    this.#slot = new Slot({ id: 1 as SlotId, seid: 'sim1' as Seid, aliases: [] }, environment)
  }

  async step(): Promise<void> {
    const roll = this.#random.int(20)
    if (roll < 9) this.#startClient()
    else if (roll < 11) this.#giveUp()
    else if (roll === 11) this.#pullOrPlug()
    else if (roll === 12 && this.#random.oneIn(4))
      this.#slot.revoke(new LeaseError('lease.revoked', 'by an operator'))
    if (this.#random.oneIn(2)) await this.#clock.advanceBy(this.#random.int(30))
    assert.ok(this.#slot.waiting <= QUEUE_LENGTH + 1, `${this.#slot.waiting} wait`)
  }

  /** Lets everything come to its end: nobody may be left behind. */
  async drain(): Promise<void> {
    await this.#clock.advanceBy(1_000_000)
    assert.deepEqual([...this.#clients.keys()], [], 'clients that never got an answer')
    await Promise.all(this.#arrivals)
    assert.deepEqual(this.#broken, [])
    assert.equal(this.#holder, undefined)
    assert.equal(this.#slot.holder, undefined)
    assert.equal(this.#slot.waiting, 0)
    assert.equal(this.#clock.pending, 0)
  }

  #startClient(): void {
    const number = ++this.#clientCount
    const controller = new AbortController()
    this.#controllers.set(number, controller)
    const served = this.#serve(number, controller.signal).finally(() => {
      this.#clients.delete(number)
      this.#controllers.delete(number)
    })
    this.#clients.set(number, served)
  }

  async #serve(number: number, signal: AbortSignal): Promise<void> {
    try {
      const deadline = this.#clock.now() + this.#random.int(200)
      const lease = await this.#slot.acquire({ holder: `client ${number}`, deadline }, signal)
      assert.equal(this.#holder, undefined, 'two holders')
      this.#holder = number
      this.grants++
      // A lease may be taken away in the very moment in which it is granted.
      const isUsable = !lease.revoked.aborted
      assert.ok(
        !isUsable || this.#present?.isClean === true,
        'a lease on an element that is not freshly reset',
      )
      try {
        for (let count = this.#random.int(4); count > 0; count--) {
          await lease.transmit(hex('00 D8 00 00'), new Uint8Array(258), Infinity)
        }
      } finally {
        this.#holder = undefined
        await lease[Symbol.asyncDispose]()
      }
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
      if (!EXPECTED_ERRORS.includes(code)) throw error
      this.refusals.add(code)
    }
  }

  #giveUp(): void {
    const numbers = [...this.#controllers.keys()]
    if (numbers.length === 0) return
    this.#controllers.get(this.#random.pick(numbers))?.abort(new GaveUp())
  }

  #pullOrPlug(): void {
    if (this.#present !== undefined) {
      this.#present.isPulled = true
      this.#present = undefined
      this.#slot.detach('pulled')
      return
    }
    const element = new ModelElement(
      this.#random,
      this.#clock,
      () => this.#holder !== undefined,
      this.#broken,
    )
    this.#present = element
    this.#arrivals.push(this.#slot.attach(arrivalOf(element.card)))
  }
}

class ModelElement {
  readonly card = new ScriptedElement('sim1')
  isPulled = false
  /** Reset, and no command since. */
  isClean = false
  #needsCold = true

  /** @param broken  receives the rules that were broken: thrown errors are part of the play, and would be lost */
  constructor(random: Random, clock: ManualClock, isHeld: () => boolean, broken: string[]) {
    const check = (holds: boolean, rule: string): void => {
      if (!holds) broken.push(rule)
    }
    const pause = (): Promise<void> =>
      new Promise((resolve) => clock.at(clock.now() + random.int(20), () => resolve()))
    this.card.onReset = async (kind: ResetKind) => {
      check(!isHeld(), 'a reset within a lease')
      check(kind === 'cold' || !this.#needsCold, 'a warm reset after a failure')
      await pause()
      const isMute = this.#isGone() || random.oneIn(6)
      this.#needsCold = isMute
      this.isClean = !isMute
      if (isMute) throw new ElementError('element.mute', 'no answer to reset')
      return atrNamed('key1.com')
    }
    this.card.onTransmit = async () => {
      check(isHeld(), 'a command outside of a lease')
      check(!this.isPulled, 'a command to an element that is gone')
      this.isClean = false
      await pause()
      if (this.#isGone() || random.oneIn(10)) {
        this.#needsCold = true
        throw new LinkError('link.timeout', 'no answer')
      }
      return hex('90 00')
    }
  }

  #isGone(): boolean {
    return this.isPulled
  }
}

class GaveUp extends Error {
  readonly code = 'client gave up'
}
