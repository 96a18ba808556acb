// Whoever installs updates, as the gateway sees them: root, behind a socket of this machine.

import { once } from 'node:events'
import { connect } from 'node:net'
import type { Clock } from '../../base/clock.ts'
import { Connection } from '../../net/connection.ts'
import { UpdateError } from '../../update/errors.ts'
import { cutLine, lineOf, MAX_LINE_BYTES, type Order, type Reply, replyOf } from '../../update/orders.ts'

/** One order, and what is answered to it. */
export class Updater implements Disposable {
  readonly #connection: Connection
  readonly #close: () => void
  #rest = Buffer.alloc(0)

  private constructor(connection: Connection, close: () => void) {
    this.#connection = connection
    this.#close = close
  }

  /**
   * Gives the order.
   * @param path  of the socket
   * @throws UpdateError update.no-appliance when nobody listens there, update.unanswered
   */
  static async open(path: string, order: Order, clock: Clock): Promise<Updater> {
    const socket = connect({ path, allowHalfOpen: true })
    try {
      await once(socket, 'connect')
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'ENOENT' && code !== 'ECONNREFUSED')
        throw new UpdateError('update.unanswered', `cannot connect to ${path}`, { cause: error })
      const message = `this machine takes no updates here: nobody listens at ${path}; iose-update.socket is for appliances`
      throw new UpdateError('update.no-appliance', message, { cause: error })
    }
    const updater = new Updater(new Connection(socket, clock), () => socket.destroy())
    await updater.write(lineOf(order))
    return updater
  }

  /** Resolves when the kernel has taken `bytes`, and so when the other side reads as fast. @throws UpdateError update.unanswered */
  async write(bytes: Uint8Array): Promise<void> {
    try {
      await this.#connection.write(bytes, Infinity)
    } catch (error) {
      throw gone(error)
    }
  }

  /** The next answer. @throws UpdateError update.unanswered when there is none */
  async reply(): Promise<Reply> {
    for (;;) {
      const cut = cutLine(this.#rest)
      if (cut !== undefined) {
        this.#rest = Buffer.from(cut.rest)
        return replyOf(cut.line)
      }
      if (this.#rest.length > MAX_LINE_BYTES)
        throw new UpdateError('update.unanswered', 'what came is an endless line')
      const chunk = await this.#chunk()
      if (chunk === undefined) throw gone()
      this.#rest = Buffer.concat([this.#rest, chunk])
    }
  }

  /** What is not done yet is not done any more, unless the update has come whole. */
  [Symbol.dispose](): void {
    this.#close()
  }

  async #chunk(): Promise<Uint8Array | undefined> {
    try {
      return await this.#connection.read(Infinity, '')
    } catch (error) {
      throw gone(error)
    }
  }
}

function gone(cause?: unknown): UpdateError {
  const message =
    'the update service of this machine ended without a result, or serves somebody else; what runs now stays, its journal (iose-update@) says more'
  return new UpdateError('update.unanswered', message, cause === undefined ? undefined : { cause })
}
