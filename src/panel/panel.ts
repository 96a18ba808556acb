// The front panel: the LEDs show the state of the slots, and the buttons let a person in front of the box act on them.
// One timer for all, and none while no LED blinks and no button is touched.

import type { Clock, Timer } from '../base/clock.ts'
import { messageOf } from '../base/errors.ts'
import type { Events } from '../base/events.ts'
import type { Log } from '../base/log.ts'
import type { SlotEvent } from '../slots/events.ts'
import type { Seid, SlotId } from '../slots/identity.ts'
import type { SlotState } from '../slots/state.ts'
import type { Press, PressKind } from './button.ts'
import { Front, type FrontEntry } from './front.ts'

/** What a person in front of the box may do to a slot. */
export interface PanelSlot {
  readonly id: SlotId
  readonly seid: Seid
  /** The state now. */
  readonly state: SlotState
  /** Warm reset if nobody holds the slot. @returns what came of it, in words */
  nudge(): Promise<string>
  /** Takes the lease from whoever has it, and resets the element cold. @returns what came of it, in words */
  evict(by: string): Promise<string>
  /** Puts the slot into quarantine, or takes it out. @returns what came of it, in words */
  toggleQuarantine(by: string): Promise<string>
}

/** What the panel works on. */
export interface PanelEnvironment {
  /** Of the slots; presses are published there, too. */
  readonly events: Events<SlotEvent>
  readonly clock: Clock
  readonly log: Log
  /** Undefined for a slot that never was. */
  readonly slotOf: (seid: string) => PanelSlot | undefined
}

/** The LEDs and buttons of all slots that have some; works from its making until it is disposed of. */
export class Panel implements AsyncDisposable {
  readonly #environment: PanelEnvironment
  readonly #fronts = new Map<string, Front>()
  readonly #subscription: Disposable
  /** What presses have set going. */
  readonly #actions = new Map<Seid, Promise<void>>()
  #timer: Timer | undefined
  /** When the timer fires; Infinity when there is none. */
  #wakeAt = Infinity

  /** @param entries  each SEID once; their lines are the panel's from now on */
  constructor(entries: readonly FrontEntry[], environment: PanelEnvironment) {
    this.#environment = environment
    const { clock, events, log, slotOf } = environment
    for (const entry of entries) {
      const front = new Front(entry, log)
      this.#fronts.set(entry.seid, front)
      front.watch((isActive) => this.#onEdge(front, isActive))
      front.turn(slotOf(entry.seid)?.state ?? 'absent', clock.now())
    }
    this.#subscription = events.subscribe((event) => this.#onEvent(event))
    this.#arm()
  }

  /** Switches the LEDs off and gives the lines back, then waits for the actions that still run. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#subscription[Symbol.dispose]()
    this.#timer?.cancel()
    for (const front of this.#fronts.values()) front[Symbol.dispose]()
    await Promise.all(this.#actions.values())
  }

  #onEvent(event: SlotEvent): void {
    if (event.kind !== 'changed') return
    const front = this.#fronts.get(event.seid)
    if (front === undefined) return
    front.turn(event.to, this.#environment.clock.now())
    this.#arm()
  }

  #onEdge(front: Front, isActive: boolean): void {
    this.#answer(front, front.edge(isActive, this.#environment.clock.now()))
    this.#arm()
  }

  #onTimer(): void {
    this.#wakeAt = Infinity
    const now = this.#environment.clock.now()
    for (const front of this.#fronts.values()) {
      if (front.next <= now) this.#answer(front, front.timeout(now))
    }
    this.#arm()
  }

  #arm(): void {
    const next = Math.min(...Array.from(this.#fronts.values(), (front) => front.next))
    if (next === this.#wakeAt) return
    this.#timer?.cancel()
    this.#wakeAt = next
    this.#timer = this.#environment.clock.at(next, () => this.#onTimer())
  }

  #answer({ seid }: Front, press: Press | undefined): void {
    if (press === undefined) return
    const { log, slotOf } = this.#environment
    const { kind, heldMs } = press
    if (kind === 'stuck') {
      log.warn('button.stuck', { seid, heldMs })
      return
    }
    const slot = slotOf(seid)
    if (slot === undefined || slot.state === 'absent') {
      log.info('button.pressed', { seid, heldMs, outcome: 'no element' })
      return
    }
    if (this.#actions.has(slot.seid)) this.#tell(slot, heldMs, 'busy')
    else this.#actions.set(slot.seid, this.#act(slot, kind, heldMs))
  }

  async #act(slot: PanelSlot, kind: PressKind, heldMs: number): Promise<void> {
    const outcome = await outcomeOf(slot, kind)
    this.#actions.delete(slot.seid)
    this.#tell(slot, heldMs, outcome)
  }

  #tell({ id, seid }: PanelSlot, heldMs: number, outcome: string): void {
    const { events, log } = this.#environment
    log.info('button.pressed', { seid, heldMs, outcome })
    events.publish({ kind: 'pressed', slot: id, seid, heldMs, outcome })
  }
}

/** Does what a press asks for. What goes wrong is an outcome, too: nobody else waits for it. */
async function outcomeOf(slot: PanelSlot, kind: PressKind): Promise<string> {
  try {
    switch (kind) {
      case 'short':
        return await slot.nudge()
      case 'long':
        return await slot.evict(BY)
      case 'very-long':
        return await slot.toggleQuarantine(BY)
    }
  } catch (error) {
    return `failed: ${messageOf(error)}`
  }
}

const BY = 'the button'
