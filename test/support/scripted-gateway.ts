// A TLS server that plays what it is told, to the byte: a gateway that may be as hostile as a test wants it.

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls'
import type { TestPki } from './test-pki.ts'

/** What it does with each request that is whole: all of its text, from BEGIN to END, and where the answer goes. */
export type Answer = (request: string, socket: TLSSocket) => void

export class ScriptedGateway implements AsyncDisposable {
  /** Whole requests, in the order in which they came. */
  readonly requests: string[] = []
  /** Chunks as they came, over all connections. */
  readonly chunks: string[] = []
  readonly sockets: TLSSocket[] = []
  port = 0
  readonly #server: Server

  private constructor(server: Server, answer: Answer) {
    this.#server = server
    server.on('secureConnection', (socket) => this.#serve(socket, answer))
  }

  static async start(pki: TestPki, answer: Answer, options: TlsOptions = {}): Promise<ScriptedGateway> {
    const settings = { ...pki.server, ca: pki.ca, requestCert: true, rejectUnauthorized: true, noDelay: true }
    const server = createServer({ ...settings, ...options })
    server.on('tlsClientError', () => undefined)
    const gateway = new ScriptedGateway(server, answer)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    gateway.port = (server.address() as AddressInfo).port
    return gateway
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    const closed = once(this.#server, 'close')
    this.#server.close()
    await closed
  }

  #serve(socket: TLSSocket, answer: Answer): void {
    this.sockets.push(socket)
    let text = ''
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Buffer) => {
      this.chunks.push(chunk.toString('latin1'))
      text += chunk.toString('latin1')
      for (let end = endOf(text); end > 0; end = endOf(text)) {
        const request = text.slice(0, end)
        text = text.slice(end)
        this.requests.push(request)
        answer(request, socket)
      }
    })
  }
}

/** The name on BEGIN of `request`. */
export function nameOf(request: string): string {
  return /^BEGIN ?(.*)\r\n/.exec(request)?.[1] ?? ''
}

/** The lines of `request` between BEGIN and END. */
export function linesOf(request: string): string[] {
  return request.split('\r\n').slice(1, -2)
}

/** An answer to `request` of these status lines. */
export function replyTo(request: string, ...statuses: string[]): string {
  return [`BEGIN ${nameOf(request)}`, ...statuses, 'END', ''].join('\r\n')
}

function endOf(text: string): number {
  const match = /^END\r\n/m.exec(text)
  return match === null ? 0 : match.index + match[0].length
}
