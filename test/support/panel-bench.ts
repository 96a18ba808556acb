// A front panel without hardware: lines that tests press and look at, slots that note what is asked of them.

import { Events } from '../../src/base/events.ts'
import { LinkError } from '../../src/drivers/errors.ts'
import type { ButtonLine, FrontEntry, LedLine } from '../../src/panel/front.ts'
import { Panel, type PanelSlot } from '../../src/panel/panel.ts'
import type { SlotEvent } from '../../src/slots/events.ts'
import type { Seid, SlotId } from '../../src/slots/identity.ts'
import type { SlotState } from '../../src/slots/state.ts'
import { ManualClock } from './manual-clock.ts'
import { RecordedLog } from './recorded-log.ts'

/** A line whose chip may go. */
class BenchLine {
  isGone = false
  isGivenBack = false
  /** Uses after the chip was gone. */
  failures = 0

  use(): void {
    if (this.isGivenBack) throw new Error('used after it was given back')
    if (!this.isGone) return
    this.failures++
    throw new LinkError('link.closed', 'the chip is gone')
  }

  [Symbol.dispose](): void {
    this.isGivenBack = true
    if (this.isGone) throw new LinkError('link.closed', 'the chip is gone')
  }
}

export class BenchLed extends BenchLine implements LedLine {
  /** Each call: when, and whether lit. */
  readonly levels: [number, boolean][] = []
  readonly #clock: ManualClock

  constructor(clock: ManualClock) {
    super()
    this.#clock = clock
  }

  get isLit(): boolean {
    return this.levels.at(-1)?.[1] ?? false
  }

  set(active: number): void {
    this.use()
    this.levels.push([this.#clock.now(), active === 1])
  }
}

export class BenchButton extends BenchLine implements ButtonLine {
  #isActive = false
  #listener: ((isActive: boolean) => void) | undefined

  get isActive(): boolean {
    this.use()
    return this.#isActive
  }

  watch(listener: (isActive: boolean) => void): void {
    this.use()
    this.#listener = listener
  }

  /** An edge to `isActive`. */
  edge(isActive: boolean): void {
    this.#isActive = isActive
    if (!this.isGivenBack) this.#listener?.(isActive)
  }
}

export class BenchSlot implements PanelSlot {
  readonly id: SlotId
  readonly seid: Seid
  state: SlotState = 'ready'
  /** What was asked of it. */
  readonly asked: string[] = []
  /** What `nudge` and `evict` wait for. */
  work: () => Promise<string> = () => Promise.resolve('done')

  constructor(id: number) {
    this.id = id as SlotId
    this.seid = seidOf(id)
  }

  /** Lets actions last until the function that is returned is called with their outcome. */
  hold(): (outcome: string) => void {
    let finish: (outcome: string) => void = () => undefined
    const work = new Promise<string>((resolve) => {
      finish = resolve
    })
    this.work = () => work
    return finish
  }

  nudge(): Promise<string> {
    this.asked.push('nudge')
    return this.work()
  }

  evict(by: string): Promise<string> {
    this.asked.push(`evict by ${by}`)
    return this.work()
  }

  toggleQuarantine(by: string): Promise<string> {
    this.asked.push(`toggle by ${by}`)
    return Promise.resolve('toggled')
  }
}

/** Slots 1, 2, ... with an LED and a button each. */
export class PanelBench {
  readonly clock = new ManualClock()
  readonly log = new RecordedLog()
  readonly events = new Events<SlotEvent>()
  readonly pressed: (SlotEvent & { kind: 'pressed' })[] = []
  readonly slots: readonly BenchSlot[]
  readonly leds: readonly BenchLed[]
  readonly buttons: readonly BenchButton[]

  constructor(count: number) {
    this.slots = Array.from({ length: count }, (_, i) => new BenchSlot(i + 1))
    this.leds = this.slots.map(() => new BenchLed(this.clock))
    this.buttons = this.slots.map(() => new BenchButton())
    this.events.subscribe((event) => {
      if (event.kind === 'pressed') this.pressed.push(event)
    })
  }

  /** @param entries  all slots with both lines, unless given */
  open(entries: readonly FrontEntry[] = this.entries()): Panel {
    const { clock, log, events } = this
    const slotOf = (seid: string): PanelSlot | undefined => this.slots.find((slot) => slot.seid === seid)
    return new Panel(entries, { clock, log, events, slotOf })
  }

  entries(): FrontEntry[] {
    return this.slots.map(({ seid }, i) => ({ seid, led: this.leds[i], button: this.buttons[i] }))
  }

  /** Brings slot `id` into `state`, and tells so. */
  turn(id: number, state: SlotState): void {
    const slot = this.slots[id - 1]!
    const { state: from, seid } = slot
    slot.state = state
    this.events.publish({ kind: 'changed', slot: slot.id, seid, from, to: state, cause: 'test' })
  }

  /** Presses the button of slot `id` for `heldMs`, and waits until that counts. */
  async press(id: number, heldMs: number): Promise<void> {
    const button = this.buttons[id - 1]!
    button.edge(true)
    await this.clock.advanceBy(heldMs)
    button.edge(false)
    await this.clock.advanceBy(20)
  }
}

export function seidOf(id: number): Seid {
  return `element-${id}` as Seid
}
