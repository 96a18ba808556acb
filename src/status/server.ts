// The status plane: HTTP for people and programs who watch the gateway, and for an operator who does something.

import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { messageOf } from '../base/errors.ts'
import type { PlaneObserver } from '../base/plane-events.ts'
import { Admission } from '../net/admission.ts'
import { ActionDesk, type Actions, actionIn } from './actions.ts'
import { Api, type ApiEnvironment, type Route, send } from './api.ts'
import { Feed, type FeedOptions } from './feed.ts'
import { pageRoutes } from './files.ts'
import { type Access, Gate, isLoopback, type Refusal } from './gate.ts'
import type { Health } from './health.ts'
import type { Metrics } from './metrics/metrics.ts'
import { UPLOAD_LIMITS, UpdateDesk } from './update/desk.ts'
import { answerAndLinger, RESTART_PATH, UPLOAD_PATH, updateRoutes } from './update/route.ts'
import { bodyOf, type UploadLimits } from './update/upload.ts'

export interface StatusOptions {
  readonly host: string
  readonly port: number
}

export interface StatusEnvironment extends Omit<FeedOptions, 'updates'>, Omit<ApiEnvironment, 'updates'> {
  /** See Gate, for these. */
  readonly token: string
  readonly health: Health
  readonly metrics: Metrics
  readonly operatorToken?: string | undefined
  /** What an operator can do; nothing without. */
  readonly actions?: Actions | undefined
  /** The socket behind which root installs updates; nothing without. */
  readonly updates?: { readonly path: string; readonly limits?: UploadLimits } | undefined
  /** Is told what an operator does. */
  readonly observer?: PlaneObserver | undefined
}

export class StatusServer {
  readonly #environment: StatusEnvironment
  readonly #gate: Gate
  readonly #feed: Feed
  readonly #api: Api
  readonly #page: ReturnType<typeof pageRoutes>
  readonly #updates: UpdateDesk | undefined
  readonly #routes: ReadonlyMap<string, Route>
  readonly #http: Server
  readonly #admission = new Admission({
    maxConnections: MAX_CONNECTIONS,
    maxConnectionsPerAddress: MAX_CONNECTIONS_PER_ADDRESS,
  })

  private constructor(options: StatusOptions, environment: StatusEnvironment) {
    this.#environment = environment
    this.#page = pageRoutes(environment.board)
    this.#gate = new Gate({ host: options.host, ...environment })
    const { actions, updates: way, ...rest } = environment
    const updates = way && new UpdateDesk({ ...rest, ...way })
    this.#updates = updates
    this.#feed = new Feed({ ...rest, updates })
    this.#api = new Api({ ...rest, updates }, this.#gate, actions && new ActionDesk({ ...rest, actions }))
    this.#routes = new Map<string, Route>([
      ['/health/alive', (response) => send(response, 200, environment.health.liveness)],
      ['/health/ready', (response) => this.#ready(response)],
      ['/metrics', (response) => this.#metrics(response)],
      ['/api/events', (response) => this.#feed.add(response)],
      ...(updates === undefined ? [] : updateRoutes(updates, environment.clock)),
    ])
    this.#http = createServer({
      maxHeaderSize: MAX_HEADER_BYTES,
      ...{ headersTimeout: REQUEST_MS, keepAliveTimeout: REQUEST_MS },
      // For updates alone: whatever else has a body is refused and closed as soon as its headers are there.
      requestTimeout: UPLOAD_LIMITS.wholeMs + IDLE_MS,
      connectionsCheckingInterval: REQUEST_MS / 5,
    })
    // A listener hears something more often than that; who only asks and never reads is over.
    this.#http.timeout = IDLE_MS
    this.#http.on('connection', (socket) => this.#admit(socket))
    this.#http.on('request', (request, response) => this.#answer(request, response))
    // Whoever asks before sending is told so before that.
    this.#http.on('checkContinue', (request, response) => this.#answer(request, response))
  }

  /** Starts to listen. Rejects with the system's error when the address cannot be bound. */
  static async listen(options: StatusOptions, environment: StatusEnvironment): Promise<StatusServer> {
    const plane = new StatusServer(options, environment)
    plane.#http.listen(options.port, options.host)
    await once(plane.#http, 'listening')
    plane.#gate.isLocal = isLoopback(plane.#bound.address)
    if (!plane.#gate.isLocal) {
      const advice = 'it is clear text: a reader on the way sees slots and tokens'
      environment.log.warn('status.exposed', { address: plane.address, advice })
    }
    plane.#http.on('error', (error) =>
      environment.log.warn('plane.accept-failed', { cause: messageOf(error) }),
    )
    return plane
  }

  /** Where it listens, `address:port`. */
  get address(): string {
    const { address, family, port } = this.#bound
    return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`
  }

  /** Accepts nobody more and ends all connections. */
  async close(): Promise<void> {
    const stopped = once(this.#http, 'close')
    this.#http.close()
    this.#feed.close()
    this.#updates?.close()
    this.#http.closeAllConnections()
    await stopped
  }

  get #bound(): AddressInfo {
    return this.#http.address() as AddressInfo
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
    const refusal = this.#refusalOf(request)
    if (refusal === undefined) {
      this.#routeOf(request)?.(response, request)
      return
    }
    const [status, error, headers] = refusal
    if (!hasBody(request)) {
      send(response, status, { error }, headers)
      return
    }
    // What follows would be taken for the next request.
    const answer = { status, body: { error }, headers }
    answerAndLinger(response, answer, bodyOf(request), this.#environment.clock).catch(() =>
      response.destroy(),
    )
  }

  /** Why there is nothing for this request. */
  #refusalOf(request: IncomingMessage): Refusal | undefined {
    const path = pathOf(request)
    // Before anything else, so that nobody learns what there is.
    const refusal = this.#gate.refusalOf(request, this.#accessTo(path))
    if (refusal?.[0] === 421) return refusal
    const desk = path === UPLOAD_PATH ? this.#updates : undefined
    if (hasBody(request) && desk === undefined) return [413, 'requests have no body here']
    if (refusal !== undefined) return refusal
    if (this.#routeOf(request) === undefined) return [404, 'nothing is here']
    const method = isOrder(path) ? 'POST' : 'GET'
    if (request.method !== method) return [405, `only ${method} is possible`, { Allow: method }]
    return desk?.refusalOf(request)
  }

  #accessTo(path: string): Access {
    if (isOrder(path)) return 'operator'
    return this.#page.has(path) || path.startsWith('/health/') ? 'anybody' : 'reader'
  }

  #routeOf(request: IncomingMessage): Route | undefined {
    const path = pathOf(request)
    return this.#routes.get(path) ?? this.#page.get(path) ?? this.#api.routeOf(path)
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
}

/** Something is done, not told. */
function isOrder(path: string): boolean {
  return path === UPLOAD_PATH || path === RESTART_PATH || actionIn(path) !== undefined
}

function pathOf({ url = '' }: IncomingMessage): string {
  return url.split('?', 1)[0] ?? ''
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0
}

const MAX_CONNECTIONS = 64
const MAX_CONNECTIONS_PER_ADDRESS = 16
const MAX_HEADER_BYTES = 8_192
/** A request must be whole within this time; and so long a connection may wait for the next. */
const REQUEST_MS = 5_000
const IDLE_MS = 40_000
