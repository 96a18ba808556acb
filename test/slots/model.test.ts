// Many clients, one slot: those of the service plane wait their turn, those of the administration plane try for it,
// reset within their lease and stay long; an element that fails, falls silent and is pulled. What must always hold.

import assert from 'node:assert/strict'
import test from 'node:test'
import type { ResetKind } from '../../src/drivers/driver.ts'
import { ElementError, LinkError } from '../../src/drivers/errors.ts'
import { LeaseError } from '../../src/slots/errors.ts'
import type { Seid, SlotId } from '../../src/slots/identity.ts'
import type { Lease } from '../../src/slots/lease.ts'
import { Slot } from '../../src/slots/slot.ts'
import { hex } from '../support/hex-fields.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { Random } from '../support/random.ts'
import { arrivalOf, atrNamed, ScriptedElement } from '../support/scripted-element.ts'
import { slotEnvironment } from '../support/slot-environment.ts'

const STEPS = 2_000
const QUEUE_LENGTH = 3
const MAX_PAUSE_MS = 20
/** Warm, then cold after a warm one that failed: the end of a lease. Then its own, if that was no success. */
const MAX_RESETS = 3
const EXPECTED_ERRORS = [
  'client gave up',
  'lease.busy',
  'lease.queue-full',
  'lease.expired',
  'lease.revoked',
  'element.absent',
  'element.mute',
  'element.gone',
  'link.timeout',
]

for (const seed of [1, 2, 3, 4, 5, 6]) {
  test(`slot: keeps its rules over ${STEPS} random steps of waiting clients with seed ${seed}`, async () => {
    const model = new Model(seed, ['service'])
    for (let step = 0; step < STEPS; step++) await model.step()
    await model.drain()
    assert.ok(model.grants.service > STEPS / 20, `only ${model.grants.service} leases`)
    assert.deepEqual(missingIn(model.refusals), ['lease.busy'])
  })
}

for (const seed of [11, 12, 14, 15, 16, 17]) {
  test(`slot: keeps its rules between two planes over ${STEPS} random steps with seed ${seed}`, async () => {
    const model = new Model(seed, ['service', 'administration'])
    for (let step = 0; step < STEPS; step++) await model.step()
    await model.drain()
    for (const plane of ['service', 'administration'] as const) {
      assert.ok(model.grants[plane] > STEPS / 50, `only ${model.grants[plane]} leases for ${plane}`)
    }
    assert.ok(model.resets > STEPS / 50, `only ${model.resets} resets within a lease`)
    assert.deepEqual(missingIn(model.refusals), [])
  })
}

/** What a run should have met, and has not. */
function missingIn(refusals: ReadonlySet<string>): string[] {
  return EXPECTED_ERRORS.filter((code) => !refusals.has(code))
}

type Plane = 'service' | 'administration'

class Model {
  readonly grants = { service: 0, administration: 0 }
  readonly refusals = new Set<string>()
  resets = 0
  readonly #random: Random
  readonly #clock = new ManualClock()
  readonly #slot: Slot
  readonly #clients = new Map<number, AbortController>()
  readonly #arrivals: Promise<void>[] = []
  readonly #broken: string[] = []
  #holder: number | undefined
  #present: ModelElement | undefined
  #clientCount = 0

  readonly #planes: readonly Plane[]

  constructor(seed: number, planes: readonly Plane[]) {
    this.#random = new Random(seed)
    this.#planes = planes
    const environment = slotEnvironment({ clock: this.#clock, queueLength: QUEUE_LENGTH })
    this.#slot = new Slot(
      { id: 1 as SlotId, seid: 'sim1' as Seid, aliases: [], driver: 'simulator' },
      environment,
    )
  }

  async step(): Promise<void> {
    const roll = this.#random.int(24)
    if (roll < 10) this.#start(roll < 4 ? this.#planes[0] : this.#planes.at(-1))
    else if (roll === 10) this.#giveUp()
    else if (roll === 11 && this.#random.oneIn(2)) this.#pullOrPlug()
    else if (roll === 12 && this.#random.oneIn(6)) {
      this.#slot.revoke(new LeaseError('lease.revoked', 'by an operator'))
    }
    if (this.#random.oneIn(2)) await this.#clock.advanceBy(this.#random.int(40))
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

  #start(plane: Plane = 'service'): void {
    const number = ++this.#clientCount
    const controller = new AbortController()
    this.#clients.set(number, controller)
    this.#serve(plane, number, controller.signal)
      .catch((error: unknown) => this.#broken.push(String(error)))
      .finally(() => this.#clients.delete(number))
  }

  async #serve(plane: Plane, number: number, signal: AbortSignal): Promise<void> {
    try {
      const lease = await (plane === 'service' ? this.#wait(number, signal) : this.#try(number, signal))
      this.#check(this.#holder === undefined, 'two holders')
      this.#holder = number
      lease.revoked.addEventListener('abort', () => {
        if (this.#holder === number) this.#holder = undefined
      })
      if (lease.revoked.aborted) this.#holder = undefined
      this.grants[plane]++
      const isFresh = lease.revoked.aborted || (this.#present?.isClean === true && !lease.needsReset)
      this.#check(isFresh, 'a lease on an element that is not freshly reset')
      try {
        await this.#use(lease, plane)
      } finally {
        if (this.#holder === number) this.#holder = undefined
        await lease[Symbol.asyncDispose]()
      }
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
      if (!EXPECTED_ERRORS.includes(code)) throw error
      this.refusals.add(code)
    }
  }

  #wait(number: number, signal: AbortSignal): Promise<Lease> {
    const deadline = this.#clock.now() + this.#random.int(300)
    return this.#slot.acquire({ holder: `tls-se ${number}`, deadline }, signal)
  }

  /** Whatever comes of it, it comes soon: no command of anybody is waited for. */
  async #try(number: number, signal: AbortSignal): Promise<Lease> {
    const askedAt = this.#clock.now()
    const element = this.#present
    const commands = element?.commands
    try {
      return await this.#slot.tryAcquire(`racs ${number}`, signal)
    } finally {
      const waitedMs = this.#clock.now() - askedAt
      this.#check(waitedMs <= MAX_RESETS * MAX_PAUSE_MS, `tried for ${waitedMs} ms`)
      // Refused at once, another's command may still have begun before this line.
      const isAlone = waitedMs === 0 || element?.commands === commands
      this.#check(isAlone, 'tried for so long that commands went by')
    }
  }

  async #use(lease: Lease, plane: Plane): Promise<void> {
    const isPatient = plane === 'administration'
    for (let count = this.#random.int(isPatient ? 8 : 4); count > 0; count--) {
      try {
        if (isPatient && (lease.needsReset || this.#random.oneIn(3))) {
          await lease.reset(this.#random.pick(['cold', 'warm']))
          this.resets++
          this.#check(lease.revoked.aborted || this.#present?.isClean === true, 'a reset that left traces')
        } else {
          await lease.transmit(hex('00 D8 00 00'), new Uint8Array(258), Infinity)
        }
      } catch (error) {
        // A client of this plane may stay after a failure, as long as it has the slot.
        if (!isPatient || lease.revoked.aborted || this.#random.oneIn(3)) throw error
        this.#check(lease.needsReset, 'a failure after which the lease needs no reset')
      }
    }
  }

  #giveUp(): void {
    if (this.#clients.size === 0) return
    this.#random.pick([...this.#clients.values()]).abort(new GaveUp())
  }

  #pullOrPlug(): void {
    if (this.#present !== undefined) {
      this.#present.isPulled = true
      this.#present = undefined
      this.#slot.detach('pulled')
      return
    }
    const check = (holds: boolean, rule: string): void => this.#check(holds, rule)
    const element = new ModelElement(this.#random, this.#clock, {
      isHeld: () => this.#holder !== undefined,
      mayResetWithin: this.#planes.includes('administration'),
      check,
    })
    this.#present = element
    this.#arrivals.push(this.#slot.attach(arrivalOf(element.card)))
  }

  /** Thrown errors are part of the play and would be lost: what is broken is written down. */
  #check(holds: boolean, rule: string): void {
    if (!holds) this.#broken.push(rule)
  }
}

interface Referee {
  readonly isHeld: () => boolean
  /** Whether a holder may reset its element. */
  readonly mayResetWithin: boolean
  readonly check: (holds: boolean, rule: string) => void
}

class ModelElement {
  readonly card = new ScriptedElement('sim1')
  isPulled = false
  /** Reset, and no command since. */
  isClean = false
  commands = 0
  #needsCold = true

  constructor(random: Random, clock: ManualClock, { isHeld, mayResetWithin, check }: Referee) {
    const pause = (): Promise<void> =>
      new Promise((resolve) => clock.at(clock.now() + random.int(MAX_PAUSE_MS), () => resolve()))
    this.card.onReset = async (kind: ResetKind) => {
      check(mayResetWithin || !isHeld(), 'a reset within a lease')
      check(kind === 'cold' || !this.#needsCold, 'a warm reset after a failure')
      await pause()
      const isMute = this.isPulled || random.oneIn(8)
      this.#needsCold = isMute
      this.isClean = !isMute
      if (isMute) throw new ElementError('element.mute', 'no answer to reset')
      return atrNamed('key1.com')
    }
    this.card.onTransmit = async () => {
      check(isHeld(), 'a command outside of a lease')
      check(!this.isPulled, 'a command to an element that is gone')
      check(!this.#needsCold, 'a command after a failure, without a reset')
      this.isClean = false
      this.commands++
      await pause()
      if (this.isPulled || random.oneIn(10)) {
        this.#needsCold = true
        throw new LinkError('link.timeout', 'no answer')
      }
      return hex('90 00')
    }
  }
}

class GaveUp extends Error {
  readonly code = 'client gave up'
}
