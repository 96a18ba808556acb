// A virtual reader as vpcd is one, in the hands of a test: it listens, a card dials.

import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { hexOf } from '../../src/base/hex.ts'
import { until } from './until.ts'
import { bytes } from './vectors.ts'

export class VirtualReader implements AsyncDisposable {
  /** Cards that have come, gone ones too. */
  readonly cards: Socket[] = []
  port = 0
  #server: Server | undefined
  #heard = ''

  static async start(): Promise<VirtualReader> {
    const reader = new VirtualReader()
    await reader.begin()
    return reader
  }

  /** Listens, where it did before. */
  async begin(): Promise<void> {
    this.#server = createServer((socket) => {
      this.cards.push(socket)
      socket.on('data', (chunk: Buffer) => (this.#heard += hexOf(chunk))).on('error', () => undefined)
    })
    this.#server.listen(this.port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.port = (this.#server.address() as AddressInfo).port
  }

  /** Hangs up and listens no more. */
  async end(): Promise<void> {
    for (const card of this.cards) card.destroy()
    if (this.#server?.listening !== true) return
    this.#server.close()
    await once(this.#server, 'close')
  }

  /** Waits for the card that comes as number `count`. */
  async card(count: number): Promise<void> {
    await until(() => this.cards.length >= count)
  }

  get hasCard(): boolean {
    return this.cards.at(-1)?.readyState === 'open'
  }

  /** Sends frames to the card that is in it, and waits for answers of so many bytes. */
  async ask(hex: string, length: number): Promise<string> {
    this.#heard = ''
    this.cards.at(-1)?.write(bytes(hex))
    await until(() => this.#heard.length >= 2 * length || !this.hasCard)
    return this.#heard
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end()
  }
}
