// The state of one slot. It changes here and nowhere else, and whoever is concerned is told.

import type { Clock } from '../base/clock.ts'
import type { Events } from '../base/events.ts'
import type { Log, LogFields } from '../base/log.ts'
import type { SlotEvent } from './events.ts'
import type { Seid, Sen, SlotId } from './identity.ts'
import { type SlotState, type SlotStep, stateAfter } from './state.ts'

export interface ConditionOptions {
  readonly slot: SlotId
  readonly seid: Seid
  readonly clock: Clock
  /** Of the slot. */
  readonly log: Log
  readonly events: Events<SlotEvent>
}

export class Condition {
  readonly #options: ConditionOptions
  #state: SlotState = 'absent'
  #step: SlotStep = 'left'
  #cause = 'nothing has come yet'
  #since: number
  #mutes = 0
  #quarantines = 0

  constructor(options: ConditionOptions) {
    this.#options = options
    this.#since = options.clock.now()
  }

  get state(): SlotState {
    return this.#state
  }

  /** Why it is as it is, in words. */
  get cause(): string {
    return this.#cause
  }

  /** For how long it has been so. */
  get ageMs(): number {
    return Math.round(this.#options.clock.now() - this.#since)
  }

  /** No element that could be leased: it is away, silent or set aside. */
  get isOut(): boolean {
    return this.#state !== 'ready' && this.#state !== 'leased'
  }

  /** How often it fell mute. */
  get mutes(): number {
    return this.#mutes
  }

  get quarantines(): number {
    return this.#quarantines
  }

  /** Takes a step; one that leaves the state as it is may still give it another cause. */
  take(step: SlotStep, cause: string, fields: LogFields = {}): void {
    const { slot, seid, clock, log, events } = this.#options
    const [from, to] = [this.#state, stateAfter(this.#state, step)]
    const isRepeated = from === to && step === this.#step
    this.#step = step
    this.#cause = cause
    this.#state = to
    if (!isRepeated && step === 'failed') this.#mutes++
    if (from !== to && to === 'quarantined') this.#quarantines++
    const [level, event] = LINES[step]
    if (!isRepeated) log[level](event, { from, cause, ...fields })
    if (from === to) {
      this.touch()
      return
    }
    this.#since = clock.now()
    events.publish({ kind: 'changed', slot, seid, from, to, cause })
  }

  /** Its ATR shows another name: somebody has installed an application, or renamed it. */
  renamed(before: Sen | undefined, sen: Sen | undefined): void {
    this.#options.log.info('slot.renamed', { before, sen })
    this.touch()
  }

  /** Tells that something else about the slot is another now. */
  touch(): void {
    const { slot, seid, events } = this.#options
    events.publish({ kind: 'touched', slot, seid })
  }
}

/** That leases come and go is the planes' story; an arrival is one when its element has answered, or has not. */
const LINES: Readonly<Record<SlotStep, readonly [level: 'debug' | 'info' | 'warn', event: string]>> = {
  arrived: ['debug', 'slot.arrived'],
  left: ['warn', 'slot.vacated'],
  answered: ['info', 'slot.ready'],
  failed: ['warn', 'slot.muted'],
  granted: ['debug', 'slot.leased'],
  freed: ['debug', 'slot.freed'],
  replaced: ['warn', 'slot.replaced'],
  'set-aside': ['warn', 'slot.quarantined'],
  released: ['info', 'slot.released'],
}
