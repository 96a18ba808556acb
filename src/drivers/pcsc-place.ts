// One reader and the cards that come and go in it: makes arrivals and leavings of what a watch reports.

import type { Timer } from '../base/clock.ts'
import type { Arrival, DriverEnvironment, RunningCall } from './driver.ts'
import { ElementError, LinkError } from './errors.ts'
import { PcscElement } from './pcsc-element.ts'
import type { CardLibrary, ReaderStatus } from './pcsc-port.ts'

export interface PlaceOptions {
  readonly reader: string
  readonly library: CardLibrary
  /** What is said of each card that comes. */
  readonly arrival: Omit<Arrival, 'element'>
  readonly environment: DriverEnvironment
}

export class PcscPlace {
  readonly #options: PlaceOptions
  /** The events counted when the card came; none without a card. */
  #card: number | undefined
  #element: PcscElement | undefined
  #isFree: Promise<void> = Promise.resolve()
  #retry: Timer | undefined

  constructor(options: PlaceOptions) {
    this.#options = options
  }

  get call(): RunningCall | undefined {
    return this.#element?.call
  }

  update({ hasCard, eventCount }: ReaderStatus): void {
    const card = hasCard ? eventCount : undefined
    if (card === this.#card) return
    if (this.#card !== undefined) this.#leave(new ElementError('element.gone', 'the card was removed'))
    this.#card = card
    if (card !== undefined) this.#arrive()
  }

  /** The reader is gone, or all of pcscd. */
  remove(cause: ElementError | LinkError): void {
    this.#card = undefined
    this.#leave(cause)
  }

  /** Says nothing more, and powers the card off; resolves when that is done, at the latest after a second. */
  async close(): Promise<void> {
    this.#retry?.cancel()
    this.#card = undefined
    const { clock } = this.#options.environment
    const element = this.#element
    if (element === undefined) return
    let timer: Timer | undefined
    const isLate = new Promise<void>((resolve) => {
      timer = clock.at(clock.now() + CLOSING_MS, resolve)
    })
    await Promise.race([element.end(new LinkError('link.closed', 'the driver is closed')), isLate])
    timer?.cancel()
  }

  #arrive(): void {
    const { reader, library, arrival, environment } = this.#options
    const element: PcscElement = new PcscElement({
      name: arrival.seid,
      session: library.open(reader),
      isFree: this.#isFree,
      clock: environment.clock,
      onTaken: () => {
        if (this.#element === element) this.#yield()
      },
    })
    this.#element = element
    environment.onArrive({ ...arrival, element })
  }

  #leave(cause: ElementError | LinkError): void {
    this.#retry?.cancel()
    const element = this.#element
    if (element === undefined) return
    this.#element = undefined
    this.#isFree = element.end(cause)
    this.#options.environment.onLeave(element, cause.message)
  }

  /** Another program has the card. pcscd does not say when it gives it back: we ask now and then. */
  #yield(): void {
    this.#leave(new LinkError('link.nack', 'another program uses the card'))
    this.#askLater()
  }

  #askLater(): void {
    const { clock } = this.#options.environment
    this.#retry = clock.at(clock.now() + RETRY_MS, () => this.#ask())
  }

  #ask(): void {
    const card = this.#card
    this.#isFree = this.#isTaken().then((isTaken) => {
      if (this.#card !== card) return
      if (isTaken) this.#askLater()
      else this.#arrive()
    })
  }

  async #isTaken(): Promise<boolean> {
    const session = this.#options.library.open(this.#options.reader)
    try {
      await session.reset('warm')
      return false
    } catch (error) {
      return error instanceof LinkError && error.code === 'link.nack'
    } finally {
      await session.close().catch(() => undefined)
    }
  }
}

const CLOSING_MS = 1_000
const RETRY_MS = 1_000
