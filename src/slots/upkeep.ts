// What the gateway itself does with the element of a slot: introduces it, resets it between holders, looks after it
// while it is idle, and tries to get it back when it is mute. It holds the slot meanwhile, like anybody else.

import { type Clock, sleepUntil } from '../base/clock.ts'
import { codeOf, InternalError, messageOf } from '../base/errors.ts'
import type { Arrival, ResetKind } from '../drivers/driver.ts'
import { ElementError } from '../drivers/errors.ts'
import type { Condition } from './condition.ts'
import { climb, type Rung } from './ladder.ts'
import type { LeaseQueue } from './lease-queue.ts'
import type { Names } from './names.ts'
import { Recovery } from './recovery.ts'
import type { ResetBudget } from './reset-budget.ts'
import { Retry } from './retry.ts'

export interface UpkeepOptions {
  /** For people: `slot 3`. */
  readonly name: string
  readonly clock: Clock
  readonly queue: LeaseQueue
  readonly condition: Condition
  readonly names: Names
  readonly budget: ResetBudget
  /** Name or muteness of the element is another now. */
  readonly changed: () => void
  /** A bug of ours, in work that nobody waits for. */
  readonly crashed: (error: unknown) => void
}

export class Upkeep {
  readonly #options: UpkeepOptions
  #arrival: Arrival | undefined
  #recovery = new Recovery()
  /** True from a reset to the first command after it. */
  #isFresh = false
  /** What holds the slot, in words; nothing while a client does. */
  #work: string | undefined
  /** How often the gateway stands in line for the slot. */
  #claims = 0
  readonly #retry: Retry
  /** Who has set the element aside, and holds off all tries. */
  #keeper: string | undefined
  #resets = 0

  constructor(options: UpkeepOptions) {
    this.#options = options
    this.#retry = new Retry(options.clock)
  }

  get arrival(): Arrival | undefined {
    return this.#arrival
  }

  get resets(): number {
    return this.#resets
  }

  /** The gateway is at work on the element, or about to be: who asks for it may wait for that. */
  get isAtWork(): boolean {
    return this.#work !== undefined || this.#claims > 0
  }

  /** What is being done, or will be next and when; undefined: nothing needs to be done. */
  get doing(): string | undefined {
    if (this.#work !== undefined) return this.#work
    if (this.#keeper !== undefined) return `waits for ${this.#keeper}`
    return this.#retry.text
  }

  /** A command is about to change the element. */
  used(): void {
    this.#isFresh = false
  }

  /**
   * An element has come. It is reset twice: an application may change the historical bytes when it is selected by a
   * reset, and only the ATR after that shows its name. Resolves when it is ready, or mute.
   */
  async attach(arrival: Arrival): Promise<void> {
    const { name, condition, names, changed } = this.#options
    if (this.#arrival !== undefined) throw new InternalError(`${name} already has an element`)
    this.#arrival = arrival
    names.arrival = arrival
    this.#recovery = new Recovery()
    this.#isFresh = false
    // The slot is held meanwhile, so that a client that comes early waits for its turn.
    const entered = this.#enter()
    condition.take('arrived', 'it has come, and is being introduced')
    changed()
    await entered
    await this.#during('being introduced', arrival, () => this.#introduce(arrival, ['cold', 'cold']))
  }

  /** The element is gone. */
  detach(cause: string): void {
    const { names, condition, changed } = this.#options
    this.#arrival = undefined
    names.arrival = undefined
    this.#keeper = undefined
    this.#retry.cancel()
    if (condition.state !== 'absent') condition.take('left', cause)
    changed()
  }

  /** A reset by whoever holds the lease. */
  async resetFor(arrival: Arrival, kind: ResetKind): Promise<void> {
    await this.#reset(arrival, kind === 'warm' ? ['warm', 'cold'] : ['cold', 'cold'])
  }

  /** The lease is over: nothing that its holder opened, selected or verified is left when this resolves. */
  async finish(arrival: Arrival, kind: ResetKind): Promise<void> {
    await this.#during('being reset', arrival, async () => {
      if (!this.#isFresh || kind === 'cold') await this.#reset(arrival, [kind, 'power'])
      // It may have been set aside meanwhile.
      if (this.#options.condition.state === 'leased') this.#options.condition.take('freed', 'free')
    })
  }

  /**
   * Looks whether the idle element is there and well. One that is not is reset; one that is another is introduced.
   * @param depth  `atr` resets it to see its ATR; `touch` only asks, if the driver has a way to
   * @returns what came of it, in words; undefined when the slot is not idle, or there is no such way
   */
  async inspect(depth: 'touch' | 'atr'): Promise<string | undefined> {
    const { queue, condition } = this.#options
    const arrival = this.#arrival
    if (arrival === undefined || condition.state !== 'ready') return undefined
    if (depth === 'touch' && arrival.element.check === undefined) return undefined
    if (!queue.tryEnter(GATEWAY)) return undefined
    await this.#during('being looked at', arrival, async () => {
      if (depth === 'atr') await this.#compare(arrival, 'warm')
      // What it did not answer it may still be busy with.
      else if (!(await this.#answers(arrival))) await this.#compare(arrival, 'cold')
    })
    return this.#isFresh ? 'it answers' : condition.cause
  }

  /** Resets the element cold, if nobody holds the slot; one that is mute is tried at once. */
  async reset(): Promise<void> {
    const { queue, condition } = this.#options
    const arrival = this.#arrival
    if (arrival === undefined || this.#keeper !== undefined || !queue.tryEnter(GATEWAY)) return
    if (condition.state === 'ready') {
      await this.#during('being reset', arrival, () => this.#reset(arrival, ['cold', 'power']))
    } else await this.#revive(arrival)
  }

  /** Sets the element aside until `release`; no lease, no try, no look until then. */
  setAside(by: string): void {
    if (this.#arrival === undefined) return
    this.#keeper = by
    this.#retry.cancel()
    this.#options.condition.take('set-aside', `set aside by ${by}`)
    this.#options.changed()
  }

  /** Ends the quarantine, whoever has ordered it. Resolves when the element has been tried. */
  async release(by: string): Promise<void> {
    const { queue, condition } = this.#options
    const arrival = this.#arrival
    if (arrival === undefined || condition.state !== 'quarantined') return
    this.#keeper = undefined
    this.#recovery = new Recovery()
    this.#retry.cancel()
    condition.take('released', `released by ${by}`)
    await this.#enter()
    if (this.#arrival === arrival && this.#isTryable) await this.#revive(arrival)
    else queue.leave()
  }

  /** Mute, or in a quarantine that nobody has ordered. */
  get #isTryable(): boolean {
    return this.#options.condition.isOut && this.#keeper === undefined
  }

  async #enter(): Promise<void> {
    this.#claims++
    await this.#options.queue.enter({ holder: GATEWAY, deadline: Infinity, priority: 'gateway' }, NEVER)
    this.#claims--
  }

  /** Does `work`, and passes the slot on; what fails has its consequences here. */
  async #during(what: string, arrival: Arrival, work: () => Promise<void>): Promise<void> {
    const { queue, condition } = this.#options
    this.#work = what
    condition.touch()
    try {
      if (this.#arrival === arrival) await work()
      this.#work = undefined
    } catch (error) {
      this.#work = undefined
      if (this.#arrival === arrival) this.#fail(error)
    } finally {
      queue.leave()
      condition.touch()
    }
  }

  async #introduce(arrival: Arrival, cold: readonly [Rung, Rung]): Promise<void> {
    const { condition, names, clock, changed } = this.#options
    await this.#reset(arrival, cold)
    await this.#reset(arrival, ['warm', 'cold'])
    this.#recovery.answered(clock.now())
    if (this.#keeper === undefined) condition.take('answered', 'free', { sen: names.sen, atr: names.atr })
    changed()
  }

  /** Tries to get back an element that is mute or in quarantine; the slot is ours. */
  #revive(arrival: Arrival): Promise<void> {
    this.#retry.cancel()
    const { rung } = this.#recovery
    return this.#during('being tried', arrival, () => this.#introduce(arrival, [rung, rung]))
  }

  async #answers({ element }: Arrival): Promise<boolean> {
    try {
      await element.check?.(this.#options.clock.now() + CHECK_MS)
      return true
    } catch {
      this.#isFresh = false
      return false
    }
  }

  /** Nobody has used the element since its last ATR: another one is that of another card. */
  async #compare(arrival: Arrival, rung: ResetKind): Promise<void> {
    const { names, condition } = this.#options
    const before = names.atr
    await this.#reset(arrival, [rung, 'power'])
    // It may have been set aside meanwhile; then it is introduced when it is released.
    if (names.atr === before || condition.state !== 'ready') return
    condition.take('replaced', 'another card is there', { before, atr: names.atr })
    await this.#introduce(arrival, ['cold', 'cold'])
  }

  #fail(error: unknown): void {
    const { clock, queue, condition, changed, crashed } = this.#options
    if (error instanceof InternalError) crashed(error)
    const fields = { code: codeOf(error) }
    const { state, delayMs, why } = this.#recovery.failed(clock.now(), fields.code === 'link.stuck')
    if (state === 'mute' || condition.state === 'quarantined')
      condition.take('failed', messageOf(error), fields)
    else condition.take('set-aside', `${why ?? state}: ${messageOf(error)}`, fields)
    if (this.#keeper === undefined) this.#retry.plan(delayMs, () => this.#retried())
    changed()
    queue.dismiss(new ElementError('element.mute', this.refusal, { cause: error }))
  }

  /** Why nobody gets an element that is mute or in quarantine, and what is done about it. */
  get refusal(): string {
    const { name, condition } = this.#options
    return `${name} is ${condition.state}: ${condition.cause}; ${this.doing ?? 'being tried'}`
  }

  #retried(): void {
    const arrival = this.#arrival
    if (arrival === undefined) return
    const tried = this.#enter().then(() => {
      if (this.#arrival === arrival && this.#isTryable) return this.#revive(arrival)
      this.#options.queue.leave()
      return undefined
    })
    // Bugs only: what the element does wrong has its consequences in `during`.
    tried.catch((error: unknown) => this.#options.crashed(error))
  }

  async #reset(arrival: Arrival, rungs: readonly [Rung, Rung]): Promise<void> {
    const { name, clock, condition, names, changed, budget } = this.#options
    const sen = names.nativeSen
    this.#isFresh = false
    const atr = await climb(arrival.element, rungs, {
      clock,
      pace: async () => {
        this.#resets++
        const waitMs = budget.book(clock.now())
        if (waitMs > 0) await sleepUntil(clock, clock.now() + waitMs)
      },
    })
    // Pulled meanwhile: what a reset has shown of it says nothing about the slot, or about its successor.
    if (this.#arrival !== arrival) throw new ElementError('element.gone', `${name} lost its element`)
    names.learn(atr)
    this.#isFresh = true
    if (names.nativeSen === sen) return
    // When it is introduced, the line that it is ready has its name.
    if (!condition.isOut) condition.renamed(sen, names.nativeSen)
    changed()
  }
}

/** Who holds the slot while the gateway is at work on it. */
export const GATEWAY = 'the gateway'
const NEVER = new AbortController().signal
const CHECK_MS = 2_000
