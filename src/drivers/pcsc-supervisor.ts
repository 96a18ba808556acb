// Keeps a watch of all readers up: pcscd may stop, be killed, be restarted, or not be there yet.

import type { Clock, Timer } from '../base/clock.ts'
import { messageOf } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { CardLibrary, ReaderWatch, WatchListener } from './pcsc-port.ts'

export interface SupervisorOptions {
  readonly library: CardLibrary
  readonly clock: Clock
  readonly log: Log
  /** Told of readers; `onLost` once each time that pcscd goes: all of its readers are gone then. */
  readonly listener: WatchListener
}

export class PcscSupervisor {
  readonly #options: SupervisorOptions
  #watch: ReaderWatch | undefined
  #retry: Timer | undefined
  #backOffMs = FIRST_BACK_OFF_MS
  #isMissed = false

  /** Tries at once for the first time. */
  constructor(options: SupervisorOptions) {
    this.#options = options
    this.#connect()
  }

  close(): void {
    this.#retry?.cancel()
    this.#watch?.close()
  }

  #connect(): void {
    const { library, log, listener } = this.#options
    try {
      this.#watch = library.watch({
        onReader: (status) => listener.onReader(status),
        onRemoved: (reader) => listener.onRemoved(reader),
        onLost: (cause) => this.#lose(cause),
      })
    } catch (error) {
      this.#miss(error)
      return
    }
    this.#backOffMs = FIRST_BACK_OFF_MS
    this.#isMissed = false
    log.info('pcsc.connected', { library: library.name })
  }

  #lose(cause: Error): void {
    this.#watch = undefined
    this.#options.listener.onLost(cause)
    this.#miss(cause)
  }

  /** Says so once, and tries again after a pause. */
  #miss(cause: unknown): void {
    const { clock, log } = this.#options
    if (!this.#isMissed) log.warn('pcsc.lost', { cause: messageOf(cause), remedy: REMEDY })
    this.#isMissed = true
    this.#retry = clock.at(clock.now() + this.#backOffMs, () => this.#connect())
    this.#backOffMs = Math.min(2 * this.#backOffMs, MAX_BACK_OFF_MS)
  }
}

const FIRST_BACK_OFF_MS = 50
const MAX_BACK_OFF_MS = 2_000
const REMEDY =
  'if pcscd is not installed: apt-get install pcscd; if it does not run: systemctl start pcscd; whom it refuses: journalctl -u pcscd'
