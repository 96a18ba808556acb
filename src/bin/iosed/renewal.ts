// The certificates that a first start has made end after two years, and nobody looks after a box that works: the gateway
// renews them in time, at its start and while it runs.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock, Timer } from '../../base/clock.ts'
import { messageOf } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'

export interface RenewalOptions {
  readonly stateDir: string
  readonly log: Log
  /** The time of the certificates. */
  readonly wallNow: () => Date
}

/**
 * Renews what is due of the certificates that a first start made; others stay alone.
 * @returns whether there was any. What goes wrong is logged: the certificates hold for weeks still.
 */
export async function renewCertificates({ stateDir, log, wallNow }: RenewalOptions): Promise<boolean> {
  const directory = join(stateDir, 'pki')
  // Whose authority is kept elsewhere renews by himself.
  if (!['ca.pem', 'ca.key'].every((file) => existsSync(join(directory, file)))) return false
  try {
    const { isDevelopmentPki, renewDevelopmentPki } = await import('../../pki/development.ts')
    if (!(await isDevelopmentPki(directory))) return false
    const renewed = await renewDevelopmentPki(directory, wallNow())
    for (const path of renewed) log.info('pki.renewed', { path, advice: 'the key stays' })
    return renewed.length > 0
  } catch (error) {
    const advice = `the gateway goes on with those in ${directory} until they end; \`iose pki server\` makes its own anew`
    log.warn('pki.renewal-failed', { cause: messageOf(error), advice })
    return false
  }
}

export interface RenewalWatchOptions extends RenewalOptions {
  readonly clock: Clock
  /** Makes use of the new ones. */
  readonly renewed: () => Promise<void>
}

/** Looks every hour: so it is soon after a clock was set, too. */
export class RenewalWatch implements Disposable {
  readonly #options: RenewalWatchOptions
  #timer: Timer | undefined
  #isOver = false

  constructor(options: RenewalWatchOptions) {
    this.#options = options
    this.#sleep()
  }

  [Symbol.dispose](): void {
    this.#isOver = true
    this.#timer?.cancel()
  }

  #sleep(): void {
    if (this.#isOver) return
    const { clock, log } = this.#options
    const crashed = (error: unknown): void => log.error('pki.renewal-failed', { cause: messageOf(error) })
    this.#timer = clock.at(clock.now() + EVERY_MS, () => {
      this.#look()
        .catch(crashed)
        .finally(() => this.#sleep())
    })
  }

  async #look(): Promise<void> {
    const isRenewed = await renewCertificates(this.#options)
    // A gateway that stops meanwhile has no use for them.
    if (isRenewed && !this.#isOver) await this.#options.renewed()
  }
}

const EVERY_MS = 3_600_000
