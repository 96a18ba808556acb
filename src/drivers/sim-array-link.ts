// One connection to a SIM array: a line out, a line back.

import { connect, type Socket } from 'node:net'
import type { Clock, Timer } from '../base/clock.ts'
import { LinkError, type LinkErrorCode } from './errors.ts'
import { type ArrayReply, arrayReplyOf, MAX_LINE_BYTES } from './sim-array-text.ts'

export interface ArrayAddress {
  readonly host: string
  readonly port: number
}

interface Waiter {
  readonly timer: Timer
  resolve(reply: ArrayReply): void
  reject(error: LinkError): void
}

/**
 * Once closed, by whichever side, it stays so. Whatever leaves it out of step closes it: a deadline that passes, so
 * that the reply, when it comes after all, meets nobody; a line that nobody asked for, that is too long or no reply.
 */
export class ArrayLink {
  readonly #socket: Socket
  readonly #clock: Clock
  readonly #name: string
  #pieces: Buffer[] = []
  #gathered = 0
  #waiter: Waiter | undefined
  #failure: LinkError | undefined

  private constructor({ host, port }: ArrayAddress, clock: Clock) {
    this.#name = `array ${host}:${port}`
    this.#clock = clock
    this.#socket = connect({ host, port, noDelay: true })
    this.#socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    // The system's error comes before the close that follows it.
    this.#socket.on('error', (cause) => this.#fail('link.closed', 'the connection failed', cause))
    this.#socket.on('close', () => this.#fail('link.closed', 'the array closed the connection'))
    this.#socket.on('end', () => this.#fail('link.closed', 'the array closed the connection'))
  }

  /**
   * A connection after its greeting.
   * @throws LinkError link.closed when nobody answers there, link.timeout, link.nack when the greeting is a refusal
   */
  static async open(address: ArrayAddress, clock: Clock, deadline: number): Promise<ArrayLink> {
    const link = new ArrayLink(address, clock)
    const greeting = await link.#reply(deadline)
    if (greeting.isSuccess) return link
    link.close()
    throw new LinkError('link.nack', `${link.#name}: turned away with "${excerptOf(greeting.line)}"`)
  }

  get isOpen(): boolean {
    return this.#failure === undefined
  }

  /**
   * Sends `line` and waits for the reply to it, one request at a time.
   * @throws LinkError link.timeout, link.closed; the link is closed then
   */
  request(line: string, deadline: number): Promise<ArrayReply> {
    if (this.#failure === undefined) this.#socket.write(`${line}\n`, 'latin1')
    return this.#reply(deadline)
  }

  close(): void {
    this.#fail('link.closed', 'closed by us')
  }

  #reply(deadline: number): Promise<ArrayReply> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    return new Promise((resolve, reject) => {
      const timer = this.#clock.at(deadline, () => this.#fail('link.timeout', 'no reply in time'))
      this.#waiter = { timer, resolve, reject }
    })
  }

  #receive(chunk: Buffer): void {
    if (this.#failure !== undefined) return
    let start = 0
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, start)) {
      this.#gather(chunk.subarray(start, end))
      start = end + 1
      if (!this.#isWithinBounds()) return
      this.#deliver(Buffer.concat(this.#pieces).toString('latin1'))
      this.#pieces = []
      this.#gathered = 0
      if (!this.isOpen) return
    }
    this.#gather(chunk.subarray(start))
    this.#isWithinBounds()
  }

  #gather(piece: Buffer): void {
    if (piece.length === 0) return
    this.#pieces.push(piece)
    this.#gathered += piece.length
    // An array that sends a byte at a time must not make each byte an object that is kept.
    if (this.#pieces.length > MAX_PIECES) this.#pieces = [Buffer.concat(this.#pieces)]
  }

  #isWithinBounds(): boolean {
    if (this.#gathered <= MAX_LINE_BYTES) return true
    this.#fail('link.closed', `a line of more than ${MAX_LINE_BYTES} characters`)
    return false
  }

  #deliver(line: string): void {
    const reply = arrayReplyOf(line)
    if (reply === undefined) {
      this.#fail('link.closed', `"${excerptOf(line)}" is no reply`)
      return
    }
    const waiter = this.#waiter
    if (waiter === undefined) {
      this.#fail('link.closed', `"${excerptOf(line)}" answers nothing`)
      return
    }
    this.#waiter = undefined
    waiter.timer.cancel()
    waiter.resolve(reply)
  }

  #fail(code: LinkErrorCode, text: string, cause?: unknown): void {
    if (this.#failure !== undefined) return
    this.#failure = new LinkError(code, `${this.#name}: ${text}`, cause === undefined ? undefined : { cause })
    this.#socket.destroy()
    this.#pieces = []
    const waiter = this.#waiter
    this.#waiter = undefined
    waiter?.timer.cancel()
    waiter?.reject(this.#failure)
  }
}

/** The beginning of what an array said, fit for a log. */
export function excerptOf(line: string): string {
  return line.slice(0, MAX_EXCERPT_CHARACTERS).replace(/[^\x20-\x7e]/g, '?')
}

const LF = 0x0a
const MAX_PIECES = 64
const MAX_EXCERPT_CHARACTERS = 60
