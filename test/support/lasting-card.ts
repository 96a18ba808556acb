// A simulated card behind a socket that knows nothing of gateways: it keeps its power and all that it has open when the
// connection is lost, as a card in a rack does when the process that used it dies.

import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { CONTROL, FrameReader, frameOf } from '../../src/base/vpcd-frames.ts'
import { Card } from '../../src/simulator/card.ts'

export class LastingCard implements AsyncDisposable {
  readonly path: string
  /** Of resets and power-ups, since the last command. */
  resetsSinceCommand = 0
  resets = 0
  commands = 0
  /** Takes commands and does not answer them. */
  isSilent = false
  readonly #card: Card
  readonly #latencyMs: number
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #atr: Uint8Array

  private constructor(path: string, sen: string, latencyMs: number) {
    this.path = path
    this.#latencyMs = latencyMs
    this.#card = new Card({ applet: 'keystore', protocol: 't1', sen })
    this.#atr = this.#card.reset()
    this.#server = createServer((socket) => this.#serve(socket))
  }

  /** @param latencyMs  of each command */
  static async serve(path: string, sen: string, latencyMs: number): Promise<LastingCard> {
    const card = new LastingCard(path, sen, latencyMs)
    card.#server.listen(path)
    await once(card.#server, 'listening')
    return card
  }

  /** What the card says to a command that no gateway has sent. */
  ask(command: Uint8Array): Uint8Array {
    return this.#card.process(command).response
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket)
    const reader = new FrameReader(0xffff)
    socket.on('error', () => undefined)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('data', (chunk: Uint8Array) => {
      for (const payload of reader.push(chunk) ?? []) this.#take(Uint8Array.from(payload), socket)
    })
  }

  #take(payload: Uint8Array, socket: Socket): void {
    if (payload.length === 1) {
      this.#control(payload[0], socket)
      return
    }
    this.commands++
    this.resetsSinceCommand = 0
    const { response } = this.#card.process(payload)
    if (this.isSilent) return
    setTimeout(() => {
      if (socket.writable) socket.write(frameOf(response))
    }, this.#latencyMs)
  }

  #control(code: number | undefined, socket: Socket): void {
    if (code === CONTROL.GET_ATR) socket.write(frameOf(this.#atr))
    if (code !== CONTROL.POWER_ON && code !== CONTROL.RESET) return
    this.#atr = this.#card.reset()
    this.resets++
    this.resetsSinceCommand++
  }
}
