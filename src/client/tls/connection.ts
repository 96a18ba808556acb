// A TLS session with an element over a socket: every wait has a deadline.

import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import type { Clock, Timer } from '../../base/clock.ts'
import { messageOf } from '../../base/errors.ts'
import { ClientError } from '../errors.ts'
import { HEADER_BYTES, type Suite } from './protection.ts'
import type { PskHolder } from './secrets.ts'
import { TlsSession } from './session.ts'

export interface ElementAddress {
  readonly host: string
  readonly port: number
  /** The server name, one character per byte. */
  readonly sen: string
}

export interface ElementOptions {
  readonly psk: PskHolder
  readonly clock: Clock
  /** Instant by which the session must be open. */
  readonly deadline: number
  readonly suites?: readonly Suite[] | undefined
}

export class ElementClient implements AsyncDisposable {
  readonly #socket: Socket
  readonly #session: TlsSession
  readonly #clock: Clock
  /** Bytes that make no whole record yet. */
  #received: Buffer = Buffer.alloc(0)
  readonly #texts: Uint8Array[] = []
  #failure: ClientError | undefined
  #hasEnded = false
  #wake: (() => void) | undefined

  private constructor(socket: Socket, session: TlsSession, clock: Clock) {
    this.#socket = socket
    this.#session = session
    this.#clock = clock
    socket.on('data', (chunk: Buffer) =>
      this.#on(() => (this.#received = Buffer.concat([this.#received, chunk]))),
    )
    socket.on('end', () => this.#on(() => (this.#hasEnded = true)))
    socket.on('error', (error) => {
      this.#on(
        () => (this.#failure ??= new ClientError('client.transport', messageOf(error), { cause: error })),
      )
    })
    socket.on('close', () => this.#on(() => (this.#hasEnded = true)))
  }

  /**
   * Connects and opens a session.
   * @throws ClientError client.transport, client.timeout; client.refused with what the alert means; client.protocol
   */
  static async open({ host, port, sen }: ElementAddress, options: ElementOptions): Promise<ElementClient> {
    const { psk, clock, deadline, suites } = options
    const socket = connect({ host, port, noDelay: true })
    const session = new TlsSession({ sen, psk, random: randomBytes, suites })
    const client = new ElementClient(socket, session, clock)
    try {
      socket.write(await session.start())
      while (!session.isOpen) await client.#step(deadline)
      return client
    } catch (error) {
      socket.destroy()
      throw error
    }
  }

  /** What an element signs to prove that nobody is between. 32 bytes. */
  get handshakeSecret(): Uint8Array {
    return this.#session.handshakeSecret
  }

  /** True when nothing can be said any more: the other side has ended the session. */
  get isOver(): boolean {
    return this.#hasEnded || this.#session.isClosed || this.#failure !== undefined
  }

  /** Ends the session at once; who waits for an answer gets client.transport. */
  abort(): void {
    this.#on(() => (this.#failure ??= new ClientError('client.transport', 'the session was ended here')))
    this.#socket.destroy()
  }

  send(text: Uint8Array): void {
    this.#socket.write(this.#session.seal(text))
  }

  /**
   * What the element says next, the content of one record; undefined when it has ended the session.
   * @throws ClientError
   */
  async receive(deadline: number): Promise<Uint8Array | undefined> {
    for (;;) {
      const text = this.#texts.shift()
      if (text !== undefined) return text
      if (this.#session.isClosed) return undefined
      if (this.#hasEnded && !this.#hasRecord) {
        if (this.#failure !== undefined) throw this.#failure
        return undefined
      }
      await this.#step(deadline)
    }
  }

  /** Says goodbye, and waits a moment for the other side to close. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#socket.destroyed) return
    if (this.#session.isOpen) this.#socket.write(this.#session.goodbye())
    this.#socket.end()
    this.#socket.resume()
    if (!this.#hasEnded) await this.#event(this.#clock.now() + CLOSING_MS)
    this.#socket.destroy()
  }

  /** Takes one record, or waits until something happens. */
  async #step(deadline: number): Promise<void> {
    const record = this.#record()
    if (record !== undefined) {
      const { send, texts } = await this.#session.take(record)
      for (const answer of send) this.#socket.write(answer)
      this.#texts.push(...texts)
      return
    }
    if (this.#failure !== undefined) throw this.#failure
    if (this.#hasEnded)
      throw new ClientError('client.transport', 'the gateway closed the connection without a word')
    if (!(await this.#event(deadline))) throw new ClientError('client.timeout', 'no answer in time')
  }

  get #hasRecord(): boolean {
    const { length } = this.#received
    return length >= HEADER_BYTES && length >= HEADER_BYTES + this.#received.readUInt16BE(3)
  }

  /** The next whole record, a copy; what is no TLS ends the session at its header. */
  #record(): Uint8Array | undefined {
    if (this.#received.length < HEADER_BYTES) return undefined
    const [type = 0, major] = this.#received
    const length = this.#received.readUInt16BE(3)
    if (type < 20 || type > 23 || major !== 3 || length > MAX_RECORD_BYTES) {
      throw new ClientError('client.protocol', 'what answers there does not speak TLS')
    }
    const end = HEADER_BYTES + length
    if (this.#received.length < end) return undefined
    const record = Uint8Array.from(this.#received.subarray(0, end))
    this.#received = this.#received.subarray(end)
    return record
  }

  #on(change: () => void): void {
    change()
    this.#wake?.()
  }

  /** Waits until something has happened on the socket. @returns false at the deadline */
  #event(deadline: number): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (hasHappened: boolean): void => {
        timer.cancel()
        this.#wake = undefined
        resolve(hasHappened)
      }
      const timer: Timer = this.#clock.at(deadline, () => settle(false))
      this.#wake = () => settle(true)
    })
  }
}

/** 2^14 of content and 256 of expansion, RFC 8446 section 5.2. */
const MAX_RECORD_BYTES = 16_384 + 256
const CLOSING_MS = 1_000
