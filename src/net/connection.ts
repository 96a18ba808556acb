// A TCP connection as the session sees it: chunks in, bytes out, each wait with a deadline, one way to end.

import type { Socket } from 'node:net'
import type { Clock, Timer } from '../base/clock.ts'
import { PeerError } from './errors.ts'

/** Wraps one accepted socket (allowHalfOpen, paused). At most one `read` and one `write` are under way. */
export class Connection {
  readonly #socket: Socket
  readonly #clock: Clock
  readonly #listeners: Readonly<Record<string, (error: Error) => void>>
  #failure: Error | undefined
  #hasEnded = false
  #waiter: Waiter | undefined
  /** Rejects the write that is under way. */
  #abandonWrite: ((error: Error) => void) | undefined
  /** Called once, when the connection fails or the client closes its side while nobody reads. */
  onGone: ((error: Error) => void) | undefined

  constructor(socket: Socket, clock: Clock) {
    this.#socket = socket
    this.#clock = clock
    this.#listeners = {
      readable: () => this.#onReadable(),
      end: () => this.#onEnd(),
      error: (error: Error) =>
        this.fail(new PeerError('peer.gone', 'the connection broke', { cause: error })),
      close: () => this.fail(new PeerError('peer.gone', 'the connection broke')),
    }
    for (const [event, listener] of Object.entries(this.#listeners)) socket.on(event, listener)
  }

  /** Why nothing more can be read or written, once that is so. */
  get failure(): Error | undefined {
    return this.#failure
  }

  /**
   * The next chunk, or undefined when the client has closed its side.
   * @returns a chunk owned by the caller
   * @throws PeerError peer.timeout at the deadline, with `silence` as its message; peer.gone; what `fail` was given
   */
  read(deadline: number, silence: string): Promise<Uint8Array | undefined> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    const chunk = this.#socket.read() as Uint8Array | null
    if (chunk !== null) return Promise.resolve(chunk)
    if (this.#hasEnded) return Promise.resolve(undefined)
    return this.#wait(deadline, silence)
  }

  /**
   * Sends `bytes` and waits until the socket has taken them over, so that a slow reader slows the sender.
   * @param bytes  borrowed until the promise resolves; after a rejection, as long as the socket lives
   * @throws as `read`
   */
  write(bytes: Uint8Array, deadline: number): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    return new Promise((resolve, reject) => {
      const timer = this.#clock.at(deadline, () => {
        this.fail(new PeerError('peer.timeout', 'the client does not read its answers'))
        this.#socket.destroy()
      })
      this.#abandonWrite = (error) => {
        timer.cancel()
        reject(error)
      }
      // No error here does not mean sent: the callbacks of a destroyed socket are called without one.
      this.#socket.write(bytes, (error) => {
        this.#abandonWrite = undefined
        timer.cancel()
        if (error) reject(new PeerError('peer.gone', 'the connection broke', { cause: error }))
        else resolve()
      })
    })
  }

  /** Makes the present and every later `read` and `write` reject with `error`. Only the first call counts. */
  fail(error: Error): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    this.#settle((waiter) => waiter.reject(error))
    this.#abandonWrite?.(error)
    this.onGone?.(error)
  }

  /** Sends the last bytes, if any, and closes our side. Returns at once; only the first call counts. */
  end(lastBytes?: Uint8Array): void {
    if (lastBytes !== undefined && this.#socket.writable) this.#socket.write(lastBytes)
    this.#socket.end()
  }

  /** Lets go of the socket, for somebody else to serve it; what was read of it last may be put back. */
  detach(chunk?: Uint8Array): void {
    for (const [event, listener] of Object.entries(this.#listeners)) this.#socket.off(event, listener)
    if (chunk !== undefined) this.#socket.unshift(chunk)
  }

  /**
   * After `end`: gives the client a moment to close its side, for a reset would take from it what we sent last;
   * then frees the socket. What still arrives is dropped.
   * @returns true when the client closed its side in time
   */
  async close(): Promise<boolean> {
    try {
      return await this.#isEnded()
    } catch {
      // A time-out or a reset: both only mean that there is nothing more to wait for.
      return false
    } finally {
      this.#socket.destroy()
    }
  }

  async #isEnded(): Promise<boolean> {
    if (this.#hasEnded || this.#socket.destroyed) return this.#hasEnded
    // Whatever failed before, the end of the stream is still to come.
    this.onGone = undefined
    this.#failure = undefined
    const deadline = this.#clock.now() + LINGER_MS
    let dropped = 0
    while (dropped <= MAX_DROPPED_BYTES) {
      const chunk = await this.read(deadline, 'the client keeps its side open')
      if (chunk === undefined) return true
      dropped += chunk.length
    }
    return false
  }

  #wait(deadline: number, silence: string): Promise<Uint8Array | undefined> {
    return new Promise((resolve, reject) => {
      const timer = this.#clock.at(deadline, () => {
        this.#settle((waiter) => waiter.reject(new PeerError('peer.timeout', silence)))
      })
      this.#waiter = { resolve, reject, timer }
    })
  }

  #onReadable(): void {
    if (this.#waiter === undefined) return
    const chunk = this.#socket.read() as Uint8Array | null
    if (chunk !== null) this.#settle((waiter) => waiter.resolve(chunk))
  }

  #onEnd(): void {
    this.#hasEnded = true
    if (this.#waiter === undefined)
      this.onGone?.(new PeerError('peer.gone', 'the client closed the connection'))
    this.#settle((waiter) => waiter.resolve(undefined))
  }

  #settle(how: (waiter: Waiter) => void): void {
    const waiter = this.#waiter
    if (waiter === undefined) return
    this.#waiter = undefined
    waiter.timer.cancel()
    how(waiter)
  }
}

interface Waiter {
  readonly timer: Timer
  resolve(chunk: Uint8Array | undefined): void
  reject(error: Error): void
}

/** How long a client may take to answer our FIN with its own. */
const LINGER_MS = 1_000

/** What a client may still have under way when we close; more is abuse. */
const MAX_DROPPED_BYTES = 65_536
