// The LED and the button of one slot, on their lines. A line that fails is given up; the other goes on.

import { codeOf, messageOf } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { SlotState } from '../slots/state.ts'
import { Button, type Press } from './button.ts'
import { PATTERN_OF_PRESS, PATTERN_OF_STATE, type Pattern, phaseOf } from './led.ts'

/** The output that an LED hangs on. */
export interface LedLine extends Disposable {
  /** @param active  1: lit, 0: not */
  set(active: number): void
}

/** The input that a button hangs on; active while it is pressed. */
export interface ButtonLine extends Disposable {
  readonly isActive: boolean
  /** Calls `listener` at each edge from now on, but not before this returns, until disposed of. */
  watch(listener: (isActive: boolean) => void): void
}

/** What the front panel has for one slot. */
export interface FrontEntry {
  /** The slot's own SEID, no alias. */
  readonly seid: string
  /** Not lit yet. */
  readonly led?: LedLine | undefined
  readonly button?: ButtonLine | undefined
}

type LineName = 'led' | 'button'

/** Edges, timeouts and states lead to levels of the LED, and to presses. */
export class Front implements Disposable {
  readonly seid: string
  readonly #entry: FrontEntry
  readonly #log: Log
  readonly #lost = new Set<LineName>()
  /** Undefined when there is none, or its line is lost. */
  #led: LedLine | undefined
  #button: Button | undefined
  #state: SlotState = 'absent'
  #pattern: Pattern = PATTERN_OF_STATE.absent
  #patternSince = 0
  #isLit = false
  #next = Infinity

  /** Owns the lines of `entry` from now on. */
  constructor(entry: FrontEntry, log: Log) {
    this.seid = entry.seid
    this.#entry = entry
    this.#log = log
    this.#led = entry.led
  }

  /** When `timeout` is to be called; Infinity: not before something happens. */
  get next(): number {
    return this.#next
  }

  /** @param onEdge  is told the edges of the button from now on, for `edge` */
  watch(onEdge: (isActive: boolean) => void): void {
    const line = this.#entry.button
    if (line === undefined) return
    try {
      // In this order no edge is missed.
      line.watch(onEdge)
      this.#button = new Button(line.isActive)
    } catch (error) {
      this.#lose('button', error)
    }
  }

  /** The slot is in `state` now. */
  turn(state: SlotState, now: number): void {
    this.#state = state
    this.#show(now)
  }

  /** @returns a press that was over before this edge, of which no timer has told yet; undefined as a rule */
  edge(isActive: boolean, now: number): Press | undefined {
    const press = this.#button?.edge(isActive, now)
    this.#show(now)
    return press
  }

  /** To be called at `next`. */
  timeout(now: number): Press | undefined {
    const press = this.#button?.timeout(now)
    this.#show(now)
    return press
  }

  /** Switches the LED off, and gives the lines back. */
  [Symbol.dispose](): void {
    this.#light(false)
    this.#giveBack('led')
    this.#giveBack('button')
  }

  #show(now: number): void {
    const press = this.#button?.kindAt(now)
    const pattern = press === undefined ? PATTERN_OF_STATE[this.#state] : PATTERN_OF_PRESS[press]
    if (pattern !== this.#pattern) {
      this.#pattern = pattern
      this.#patternSince = now
    }
    const { isOn, untilMs } = phaseOf(pattern, now - this.#patternSince)
    this.#light(isOn)
    // What no LED shows wakes nobody.
    const change = this.#led === undefined ? Infinity : this.#patternSince + untilMs
    this.#next = Math.min(change, this.#button?.nextAfter(now) ?? Infinity)
  }

  #light(isOn: boolean): void {
    if (this.#led === undefined || isOn === this.#isLit) return
    this.#isLit = isOn
    try {
      this.#led.set(isOn ? LIT : UNLIT)
    } catch (error) {
      this.#led = undefined
      this.#lose('led', error)
    }
  }

  /** A line whose chip is gone may throw here, too; the lines after it are given back all the same. */
  #giveBack(line: LineName): void {
    try {
      this.#entry[line]?.[Symbol.dispose]()
    } catch (error) {
      this.#lose(line, error)
    }
  }

  #lose(line: LineName, error: unknown): void {
    if (this.#lost.has(line)) return
    this.#lost.add(line)
    this.#log.warn('panel.line-lost', { seid: this.seid, line, code: codeOf(error), cause: messageOf(error) })
  }
}

const LIT = 1
const UNLIT = 0
