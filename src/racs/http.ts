// The HTTP form of RACS (draft-urien-core-racs, HTTP interface): one GET is one request, the answer is XML.
//
//   GET /RACS?BEGIN=id&APDU=seid%20hex&END= HTTP/1.1
//   <RACS-Response><begin>id</begin><Cmd-Response><status>+006</status><line>001</line><parameters>9000</parameters>
//   </Cmd-Response><end></end></RACS-Response>

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { Timer } from '../base/clock.ts'
import type { Connection } from '../net/connection.ts'
import { PeerError } from '../net/errors.ts'
import type { Peer } from './peer.ts'
import { linesOfQuery } from './query.ts'
import type { Response } from './script.ts'

/** True when bytes that begin so may be HTTP: `more` while they are too few to tell. */
export function isHttp(start: Uint8Array): 'yes' | 'no' | 'more' {
  const text = Buffer.from(start.buffer, start.byteOffset, start.byteLength).toString('latin1')
  if (METHODS.some((method) => text.startsWith(method))) return 'yes'
  return METHODS.some((method) => method.startsWith(text)) ? 'more' : 'no'
}

/** Answers HTTP on connections that somebody else has accepted. */
export class HttpForm {
  readonly #server: Server
  readonly #clients = new WeakMap<object, HttpClient>()

  constructor() {
    // A client that holds an element may think: our own timer ends who is silent, not one of 5 s.
    this.#server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
      this.#clients.get(request.socket)?.serve(request, response)
    })
    this.#server.on('clientError', (_error, socket) => {
      if (socket.writable) socket.write(BAD_REQUEST)
      socket.destroy()
    })
  }

  /**
   * Serves a client to its end; never rejects because of the client or an element.
   * @param connection  detached from `socket`; by its `fail` the plane ends the client
   */
  async serve(socket: TLSSocket, peer: Peer, connection: Connection): Promise<void> {
    const client = new HttpClient(socket, peer)
    connection.onGone = (error) => client.fail(error)
    if (connection.failure !== undefined) client.fail(connection.failure)
    this.#clients.set(socket, client)
    this.#server.emit('connection', socket)
    await client.ended
  }
}

class HttpClient {
  readonly ended: Promise<void>
  readonly #socket: TLSSocket
  readonly #peer: Peer
  #timer: Timer | undefined
  #failure: Error | undefined
  /** One request after the other, also when the client does not wait. */
  #last: Promise<void> = Promise.resolve()
  #waiting = 0
  #state: 'new' | 'answering' | 'between requests' = 'new'

  constructor(socket: TLSSocket, peer: Peer) {
    this.#socket = socket
    this.#peer = peer
    this.#arm()
    const stop = (): void => {
      if (this.#state === 'between requests') this.fail(peer.draining.reason as Error)
    }
    peer.draining.addEventListener('abort', stop)
    this.ended = new Promise((resolve) => {
      socket.on('error', (error: Error) => (this.#failure ??= error))
      socket.on('close', () => {
        this.#timer?.cancel()
        peer.draining.removeEventListener('abort', stop)
        peer.abandon(new PeerError('peer.gone', 'the client closed the connection'))
        const released = this.#last.then(() => peer[Symbol.asyncDispose]())
        released.then(resolve, resolve)
      })
    }).then(() => peer.logEnd(this.#failure))
  }

  serve(request: IncomingMessage, response: ServerResponse): void {
    this.#timer?.cancel()
    // The answer is ready before a body could matter.
    request.resume()
    if (this.#waiting >= MAX_WAITING) {
      this.fail(new PeerError('peer.oversize', `more than ${MAX_WAITING} requests at once`))
      return
    }
    this.#waiting++
    this.#last = this.#last.then(async () => {
      this.#waiting--
      this.#state = 'answering'
      const refusal = refusalOf(request)
      if (refusal === undefined) await this.#answer(request, response)
      else this.#end(response, refusal, undefined)
      this.#state = 'between requests'
      this.#arm()
    })
  }

  /** Ends the client after the command that is under way. */
  fail(error: Error): void {
    this.#failure ??= error
    this.#peer.abandon(error)
    const destroy = (): void => {
      this.#socket.destroy()
    }
    this.#last = this.#last.then(destroy, destroy)
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const lines = linesOfQuery(request.url ?? '')
    if (lines === undefined) {
      this.#end(response, 400, undefined)
      return
    }
    const script = this.#peer.script()
    let answer: Response | undefined
    for (const line of lines) {
      if (this.#socket.destroyed || this.#failure !== undefined) return
      const outcome = await script.take(line)
      if (outcome === undefined || outcome === 'close') continue
      answer = outcome
      break
    }
    this.#peer.answered()
    if (answer === undefined) this.#end(response, 400, undefined)
    else this.#end(response, 200, answer)
  }

  /** While the plane drains, this answer tells the client that there will be no other. */
  #end(response: ServerResponse, status: number, answer: Response | undefined): void {
    if (this.#peer.draining.aborted) response.shouldKeepAlive = false
    end(response, status, answer)
  }

  /** From now, or from the last answer, to the next whole request. */
  #arm(): void {
    const { clock, limits } = this.#peer.environment
    this.#timer?.cancel()
    if (this.#socket.destroyed) return
    this.#timer = clock.at(clock.now() + limits.idleTimeoutMs, () => {
      this.#failure = new PeerError('peer.timeout', 'no request in time')
      this.#socket.destroy()
    })
  }
}

/** The HTTP status that refuses a request before it is looked at. */
function refusalOf({ method, url = '', headers }: IncomingMessage): number | undefined {
  if (!/^\/RACS(\?|$)/.test(url)) return 404
  if (method !== 'GET') return 405
  // A GET acts here. A browser that has the user's certificate must not be made to send one by some other site.
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'none' && site !== 'same-origin') return 403
  return headers.origin === undefined ? undefined : 403
}

function end(response: ServerResponse, status: number, answer: Response | undefined): void {
  if (answer?.closes === true) response.shouldKeepAlive = false
  const body = answer === undefined ? '' : xmlOf(answer)
  response.writeHead(status, {
    'Content-Type': answer === undefined ? 'text/plain' : 'application/xml; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...(status === 405 ? { Allow: 'GET' } : {}),
  })
  response.end(body)
}

function xmlOf({ id, statuses }: Response): string {
  const commands = statuses.map(({ sign, code, line, text }) => {
    const number = String(line).padStart(3, '0')
    return `<Cmd-Response><status>${sign}${code}</status><line>${number}</line><parameters>${escape(text)}</parameters></Cmd-Response>`
  })
  return `<RACS-Response><begin>${escape(id ?? '')}</begin>${commands.join('')}<end></end></RACS-Response>`
}

/** What XML 1.0 cannot carry, not even escaped, becomes a question mark. */
function escape(text: string): string {
  return text
    .replace(/[^\t\x20-\x7E\xA0-\xFF]/g, '?')
    .replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** Requests that a client may send before it has the answer to the one before. */
const MAX_WAITING = 32

/** With their blank: GET-VERSION is none. */
const METHODS = ['GET ', 'HEAD ', 'POST ', 'PUT ', 'DELETE ', 'OPTIONS ', 'PATCH ', 'TRACE ', 'CONNECT ']
const BAD_REQUEST = 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'
