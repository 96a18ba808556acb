// The status plane: HTTP for people and programs who watch the gateway. It changes nothing.

import { createHash, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, isIP, type Socket } from 'node:net'
import { messageOf } from '../base/errors.ts'
import { Admission } from '../net/admission.ts'
import { Feed, type FeedOptions } from './feed.ts'
import type { Health } from './health.ts'
import type { Metrics } from './metrics/metrics.ts'
import { rowOf } from './row.ts'

export interface StatusOptions {
  readonly host: string
  readonly port: number
}

export interface StatusEnvironment extends FeedOptions {
  /** What `Authorization: Bearer` must have behind it. */
  readonly token: string
  readonly health: Health
  readonly metrics: Metrics
}

/** Answers a request for one path; all under /api/, and /metrics, are for who has the token. */
type Route = (response: ServerResponse) => void

export class StatusServer {
  readonly #options: StatusOptions
  readonly #environment: StatusEnvironment
  readonly #feed: Feed
  readonly #routes: ReadonlyMap<string, Route>
  readonly #http: Server
  readonly #admission = new Admission({
    maxConnections: MAX_CONNECTIONS,
    maxConnectionsPerAddress: MAX_CONNECTIONS_PER_ADDRESS,
  })

  private constructor(options: StatusOptions, environment: StatusEnvironment) {
    this.#options = options
    this.#environment = environment
    this.#feed = new Feed(environment)
    this.#routes = new Map<string, Route>([
      ['/health/alive', (response) => send(response, 200, environment.health.liveness)],
      ['/health/ready', (response) => this.#ready(response)],
      ['/metrics', (response) => this.#metrics(response)],
      ['/api/slots', (response) => this.#slots(response)],
      ['/api/events', (response) => this.#feed.add(response)],
    ])
    this.#http = createServer({
      maxHeaderSize: MAX_HEADER_BYTES,
      ...{ headersTimeout: REQUEST_MS, requestTimeout: REQUEST_MS, keepAliveTimeout: REQUEST_MS },
      connectionsCheckingInterval: REQUEST_MS / 5,
    })
    // A listener hears something more often than that; who only asks and never reads is over.
    this.#http.timeout = IDLE_MS
    this.#http.on('connection', (socket) => this.#admit(socket))
    this.#http.on('request', (request, response) => this.#answer(request, response))
  }

  /** Starts to listen. Rejects with the system's error when the address cannot be bound. */
  static async listen(options: StatusOptions, environment: StatusEnvironment): Promise<StatusServer> {
    const plane = new StatusServer(options, environment)
    plane.#http.listen(options.port, options.host)
    await once(plane.#http, 'listening')
    plane.#http.on('error', (error) =>
      environment.log.warn('plane.accept-failed', { cause: messageOf(error) }),
    )
    return plane
  }

  /** Where it listens, `address:port`. */
  get address(): string {
    const { address, family, port } = this.#http.address() as AddressInfo
    return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`
  }

  /** Accepts nobody more and ends all connections. */
  async close(): Promise<void> {
    const stopped = once(this.#http, 'close')
    this.#http.close()
    this.#feed.close()
    this.#http.closeAllConnections()
    await stopped
  }

  #admit(socket: Socket): void {
    const { remoteAddress = '?', remotePort } = socket
    const cause = this.#admission.refusalOf(remoteAddress)
    if (cause === undefined) {
      socket.once('close', this.#admission.enter(remoteAddress))
      return
    }
    this.#environment.log.info('status.refused', { peer: `${remoteAddress}:${remotePort ?? 0}`, cause })
    socket.destroy()
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const [status, error, headers] = this.#refusalOf(request) ?? []
    if (status === undefined) {
      this.#routeOf(request)?.(response)
      return
    }
    // What follows would be taken for the next request.
    if (hasBody(request)) response.setHeader('Connection', 'close')
    send(response, status, { error }, headers)
  }

  /** Why there is nothing for this request: status, words, headers. */
  #refusalOf(
    request: IncomingMessage,
  ): readonly [number, string, Readonly<Record<string, string>>?] | undefined {
    const route = this.#routeOf(request)
    const isPrivate = PRIVATE.test(request.url ?? '')
    if (!this.#isOurs(request.headers.host)) return [421, 'this is not the server of that name']
    if (hasBody(request)) return [413, 'requests have no body here']
    // Before anything else, so that nobody learns what there is.
    if (isPrivate && !this.#isAuthorised(request.headers.authorization)) {
      return [401, 'the token is missing or wrong', { 'WWW-Authenticate': 'Bearer' }]
    }
    if (route === undefined) return [404, 'nothing is here']
    if (request.method !== 'GET') return [405, 'only GET is possible', { Allow: 'GET' }]
    return undefined
  }

  #routeOf({ url = '' }: IncomingMessage): Route | undefined {
    return this.#routes.get(url.split('?', 1)[0] ?? '')
  }

  /** A page of somebody else whose name leads here must not talk to us through its reader's browser. */
  #isOurs(host = ''): boolean {
    const name = host
      .replace(/:\d+$/, '')
      .replace(/^\[|\]$/g, '')
      .toLowerCase()
    return isIP(name) > 0 || name === 'localhost' || name === this.#options.host.toLowerCase()
  }

  /** Of equal length by hashing, and so compared in constant time. */
  #isAuthorised(authorization = ''): boolean {
    const given = /^Bearer (.+)$/i.exec(authorization)?.[1] ?? ''
    return timingSafeEqual(digestOf(given), digestOf(this.#environment.token))
  }

  #ready(response: ServerResponse): void {
    const { readiness } = this.#environment.health
    send(response, readiness.ready ? 200 : 503, readiness)
  }

  #metrics(response: ServerResponse): void {
    this.#environment.metrics.page().then(
      ({ contentType, body }) => {
        response.writeHead(200, { 'Content-Type': contentType, 'Cache-Control': 'no-store' })
        response.end(body)
      },
      (error: unknown) => {
        this.#environment.log.error('status.crashed', { cause: messageOf(error) })
        send(response, 500, { error: 'the log says what is wrong' })
      },
    )
  }

  #slots(response: ServerResponse): void {
    const { report, wallNow } = this.#environment
    const wallMs = wallNow()
    const rows = report().map((one) => rowOf(one, wallMs))
    send(response, 200, rows)
  }
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function send(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...headers,
  })
  response.end(`${JSON.stringify(value)}\n`)
}

const PRIVATE = /^\/(api\/|metrics(\?|$))/
const MAX_CONNECTIONS = 64
const MAX_CONNECTIONS_PER_ADDRESS = 16
const MAX_HEADER_BYTES = 8_192
/** A request must be whole within this time; and so long a connection may wait for the next. */
const REQUEST_MS = 5_000
const IDLE_MS = 40_000
