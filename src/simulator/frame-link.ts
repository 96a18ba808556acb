// The client's end of a socket with frames: one request, one answer.

import { connect, type Socket } from 'node:net'
import type { Clock } from '../base/clock.ts'
import { FrameReader, frameOf } from '../base/vpcd-frames.ts'
import { RESPONSE_BYTES } from '../drivers/driver.ts'
import { LinkError } from '../drivers/errors.ts'

interface Waiter {
  resolve(payload: Uint8Array): void
  reject(error: LinkError): void
}

/** A connected link. Once closed, by whichever side, it stays so. */
export class FrameLink {
  readonly #socket: Socket
  readonly #clock: Clock
  readonly #reader = new FrameReader(RESPONSE_BYTES)
  #waiter: Waiter | undefined
  /** Called once when the connection is gone: after a time-out, which is our doing, or for another reason. */
  onClose: ((reason: 'expired' | 'lost') => void) | undefined

  private constructor(socket: Socket, clock: Clock) {
    this.#socket = socket
    this.#clock = clock
    socket.on('data', (chunk: Uint8Array) => this.#receive(chunk))
    socket.on('close', () =>
      this.#end('lost', new LinkError('link.closed', 'the card closed the connection')),
    )
  }

  /** @throws LinkError link.closed when nobody listens at `path` */
  static open(path: string, clock: Clock): Promise<FrameLink> {
    return new Promise((resolve, reject) => {
      const socket = connect(path, () => resolve(new FrameLink(socket, clock)))
      // After a failed connect this rejects; later errors are followed by close, which tells enough.
      socket.on('error', (cause) => reject(new LinkError('link.closed', `no card at ${path}`, { cause })))
    })
  }

  /** Sends what has no answer. */
  send(payload: Uint8Array): void {
    this.#socket.write(frameOf(payload))
  }

  /**
   * Sends `payload` and waits for one frame.
   * @returns the payload of the answer, borrowed until the next request
   * @throws LinkError link.timeout, and the link is then closed, so that a late answer meets nobody; link.closed
   */
  request(payload: Uint8Array, deadline: number): Promise<Uint8Array> {
    if (this.#socket.destroyed)
      return Promise.reject(new LinkError('link.closed', 'the connection is closed'))
    return new Promise((resolve, reject) => {
      const timer = this.#clock.at(deadline, () => this.#expire())
      this.#waiter = {
        resolve: (answer) => {
          timer.cancel()
          resolve(answer)
        },
        reject: (error) => {
          timer.cancel()
          reject(error)
        },
      }
      this.send(payload)
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #receive(chunk: Uint8Array): void {
    for (const payload of this.#reader.push(chunk) ?? [undefined]) {
      const waiter = this.#settle()
      if (payload !== undefined && waiter !== undefined) {
        waiter.resolve(payload)
        continue
      }
      // A frame nobody asked for, or one too long for a response: whatever this is, it is not in step with us.
      waiter?.reject(new LinkError('link.closed', 'the answer is too long for a response'))
      this.close()
      return
    }
  }

  #expire(): void {
    this.close()
    this.#end('expired', new LinkError('link.timeout', 'no answer from the card by the deadline'))
  }

  /** Tells the owner before the caller: whoever hears of the failure finds the link gone already. */
  #end(reason: 'expired' | 'lost', error: LinkError): void {
    const { onClose } = this
    this.onClose = undefined
    onClose?.(reason)
    this.#settle()?.reject(error)
  }

  #settle(): Waiter | undefined {
    const waiter = this.#waiter
    this.#waiter = undefined
    return waiter
  }
}
