// One GPIO line: who drives it, and who watches.

import type { Device, SpiDevice } from './devices.ts'
import type { Faults } from './faults.ts'

export type Level = 0 | 1

export interface LineOptions {
  readonly name?: string
  /** The resistor on the board; without one a line that nobody drives is low. */
  readonly pull?: 'up' | 'down'
  /** Whose reset input hangs on the line, active low; such a line is pulled up unless said otherwise. */
  readonly resets?: readonly (Device | SpiDevice)[]
  /** A kernel driver that has the line: the process gets EBUSY. */
  readonly consumer?: string
}

/** How the process drives a line. */
export interface Drive {
  readonly value: Level
  /** Open drain: a 1 only lets go. */
  readonly kind: 'push-pull' | 'open-drain'
}

export class GpioLine {
  readonly options: LineOptions
  /** Who has requested it; empty: nobody. */
  consumer: string
  /** What the process asked for, flags of `enum gpio_v2_line_flag`. */
  flags = 0n
  #drive: Drive | undefined
  #bias: 'up' | 'down' | undefined
  #external: Level | undefined
  #level: Level
  readonly #watchers = new Set<(level: Level) => void>()
  readonly #faults: Faults

  constructor(options: LineOptions, faults: Faults) {
    this.options = options
    this.consumer = options.consumer ?? ''
    this.#faults = faults
    this.#level = this.#settled()
    if (this.#level === 0) this.#pullResets('held')
  }

  /** What a meter would show. */
  get level(): Level {
    return this.#level
  }

  get isOutput(): boolean {
    return this.#drive !== undefined
  }

  /** Makes it an output, or an input with the controller's own resistor. */
  setDirection(drive: Drive | undefined, bias?: 'up' | 'down'): void {
    this.#drive = drive
    this.#bias = bias
    this.#settle()
  }

  setValue(value: Level): void {
    if (this.#drive === undefined) return
    this.#drive = { ...this.#drive, value }
    this.#settle()
  }

  /** The test drives the line, as a button or another chip would; undefined: it lets go. */
  drive(level: Level | undefined): void {
    this.#external = level
    this.#settle()
  }

  /** Connects the line to the other end of its pull. */
  press(): void {
    this.drive(this.options.pull === 'up' ? 0 : 1)
  }

  /** Lets go of it. */
  release(): void {
    this.drive(undefined)
  }

  /** Calls `watcher` at each change of level, until what is returned is called. */
  watch(watcher: (level: Level) => void): () => void {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  #settled(): Level {
    const isDriven =
      this.#drive !== undefined && (this.#drive.kind === 'push-pull' || this.#drive.value === 0)
    if (isDriven) return this.#drive!.value
    if (this.#external !== undefined) return this.#external
    const pull = this.options.pull ?? this.#bias ?? (this.options.resets === undefined ? 'down' : 'up')
    return pull === 'up' ? 1 : 0
  }

  #settle(): void {
    const level = this.#settled()
    if (level === this.#level) return
    this.#level = level
    this.#pullResets(level === 0 ? 'held' : 'released')
    for (const watcher of this.#watchers) watcher(level)
  }

  #pullResets(is: 'held' | 'released'): void {
    for (const device of this.options.resets ?? []) this.#faults.setReset(device, is)
  }
}
