// The gateway at the other end of the socket that systemd has handed over as standard input: its order, the bytes behind
// it, and what it is answered.

import { fstatSync } from 'node:fs'
import { Socket } from 'node:net'
import { type Clock, systemClock } from '../../../base/clock.ts'
import { Connection } from '../../../net/connection.ts'
import { UpdateError } from '../../../update/errors.ts'
import {
  cutLine,
  type LastReply,
  lineOf,
  MAX_LINE_BYTES,
  type Order,
  orderOf,
  type Reply,
} from '../../../update/orders.ts'
import { misuse } from '../command.ts'

export class Caller {
  readonly #connection: Connection
  readonly #clock: Clock = systemClock
  #rest = Buffer.alloc(0)
  /** Until the gateway has taken what was said last. */
  #said: Promise<void> | undefined

  private constructor(connection: Connection) {
    this.#connection = connection
  }

  /** @throws CliError of usage when standard input is something else */
  static atStandardInput(): Caller {
    if (!fstatSync(0).isSocket())
      throw misuse('receive is for iose-update@.service: standard input is no socket')
    return new Caller(new Connection(new Socket({ fd: 0, allowHalfOpen: true }), systemClock))
  }

  /** @throws UpdateError update.malformed, PeerError */
  async order(): Promise<Order> {
    const deadline = this.#clock.now() + ORDER_MS
    for (;;) {
      const cut = cutLine(this.#rest)
      if (cut !== undefined) {
        this.#rest = Buffer.from(cut.rest)
        return orderOf(cut.line)
      }
      if (this.#rest.length > MAX_LINE_BYTES) return orderOf('')
      const chunk = await this.#connection.read(deadline, 'the gateway gave no order')
      if (chunk === undefined) return orderOf('')
      this.#rest = Buffer.concat([this.#rest, chunk])
    }
  }

  /**
   * `count` bytes that follow the order; each piece is the reader's.
   * @throws UpdateError update.malformed when there are less, or more than announced; PeerError
   */
  async *upload(count: number): AsyncGenerator<Uint8Array, void, undefined> {
    let [piece, left] = [this.#rest as Uint8Array | undefined, count]
    while (piece !== undefined && piece.length <= left) {
      left -= piece.length
      if (piece.length > 0) yield piece
      if (left === 0) return
      piece = await this.#connection.read(this.#clock.now() + SILENCE_MS, 'the gateway has sent nothing')
    }
    if (piece !== undefined) throw new UpdateError('update.malformed', 'more came than was announced')
    const message = `the upload was cut after ${count - left} of ${count} bytes`
    throw new UpdateError('update.malformed', message)
  }

  /** Says how far it is, unless the gateway still has something of that to read: an update waits for no reader. */
  tell(reply: Exclude<Reply, LastReply>): void {
    if (this.#said === undefined) this.#say(reply)
  }

  /** Says what came of it, and lets the gateway read that: what it still sends is dropped meanwhile. */
  async end(reply: LastReply): Promise<void> {
    await this.#said
    this.#say(reply)
    await this.#said
    const deadline = this.#clock.now() + LINGER_MS
    try {
      while (await this.#connection.read(deadline, 'the gateway keeps the connection')) continue
    } catch {
      // It is gone, or has had its time.
    }
    this.#connection.end()
    await this.#connection.close()
  }

  #say(reply: Reply): void {
    const over = (): void => {
      this.#said = undefined
    }
    // A gateway that is gone does not matter to an update that has come whole; of one that has not, reading fails.
    this.#said = this.#connection.write(lineOf(reply), this.#clock.now() + SILENCE_MS).then(over, over)
  }
}

/** It is sent at once. */
const ORDER_MS = 10_000
/** The gateway gives up a client that sends nothing after half of that. */
const SILENCE_MS = 60_000
/** What is in buffers when an update is refused. */
const LINGER_MS = 5_000
