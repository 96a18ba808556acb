// What is in a SIM array: asked again and again over a connection of its own, since the array reports nothing by itself.

import type { Clock, Timer } from '../base/clock.ts'
import { messageOf } from '../base/errors.ts'
import { LinkError } from './errors.ts'
import { type ArrayAddress, ArrayLink, excerptOf } from './sim-array-link.ts'
import { type ArrayContent, arrayContentOf } from './sim-array-text.ts'

export interface InventoryOptions {
  readonly address: ArrayAddress
  readonly clock: Clock
  /** What the array has, each time it was asked. */
  onContent(content: ArrayContent): void
  /** The array cannot be reached, or does not answer; told once until it does again, and at first too. */
  onLoss(cause: string): void
}

export class ArrayInventory {
  readonly #options: InventoryOptions
  #link: ArrayLink | undefined
  #running: Promise<void> = Promise.resolve()
  #timer: Timer | undefined
  #wake: (() => void) | undefined
  #isPokedEarly = false
  #health: 'unknown' | 'good' | 'in doubt' | 'lost' = 'unknown'
  #backOffMs = FIRST_BACK_OFF_MS
  #isClosed = false

  constructor(options: InventoryOptions) {
    this.#options = options
  }

  /** Asks for the first time, and goes on from then; resolves when the first answer, or none, has been told. */
  open(): Promise<void> {
    return new Promise((resolve) => {
      this.#running = this.#run(resolve)
    })
  }

  /** Asks again at once: somebody has reason to think that something changed. */
  poke(): void {
    if (this.#health === 'lost') return
    if (this.#wake === undefined) this.#isPokedEarly = true
    else this.#wake()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#link?.close()
    this.#wake?.()
    await this.#running
  }

  async #run(onFirst: () => void): Promise<void> {
    while (!this.#isClosed) {
      const pauseMs = await this.#round()
      if (this.#health !== 'in doubt') onFirst()
      if (pauseMs > 0) await this.#pause(pauseMs)
    }
    onFirst()
  }

  /** Asks once. Resolves to the pause before the next time. */
  async #round(): Promise<number> {
    try {
      const content = await this.#ask()
      this.#health = 'good'
      this.#backOffMs = FIRST_BACK_OFF_MS
      if (!this.#isClosed) this.#options.onContent(content)
      return POLL_MS
    } catch (error) {
      if (!(error instanceof LinkError)) throw error
      this.#link?.close()
      this.#link = undefined
      return this.#lose(messageOf(error))
    }
  }

  #lose(cause: string): number {
    // One lost connection is not a lost array: it is dialled once more before anybody loses an element.
    if (this.#health === 'good') {
      this.#health = 'in doubt'
      return 0
    }
    if (this.#health !== 'lost' && !this.#isClosed) this.#options.onLoss(cause)
    this.#health = 'lost'
    const pauseMs = this.#backOffMs
    this.#backOffMs = Math.min(2 * pauseMs, MAX_BACK_OFF_MS)
    return pauseMs
  }

  async #ask(): Promise<ArrayContent> {
    const { address, clock } = this.#options
    const deadline = clock.now() + ASK_MS
    this.#link ??= await ArrayLink.open(address, clock, deadline)
    const { isSuccess, text, line } = await this.#link.request('CONTENT', deadline)
    const content = isSuccess ? arrayContentOf(text) : undefined
    if (content !== undefined) return content
    throw new LinkError('link.nack', `CONTENT was answered with "${excerptOf(line)}"`)
  }

  async #pause(pauseMs: number): Promise<void> {
    if (this.#isPokedEarly || this.#isClosed) {
      this.#isPokedEarly = false
      return
    }
    const { clock } = this.#options
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      this.#timer = clock.at(clock.now() + pauseMs, resolve)
    })
    this.#wake = undefined
    this.#timer?.cancel()
  }
}

/** A card that came or went is noticed after this long at most, and what it takes to ask. */
const POLL_MS = 2_000
const FIRST_BACK_OFF_MS = 50
const MAX_BACK_OFF_MS = 2_000
/** Connection, greeting and answer together. With the longest pause it stays below the 3 s of a return. */
const ASK_MS = 800
