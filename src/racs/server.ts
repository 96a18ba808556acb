// The administration plane: TLS with client certificates, then lines or HTTP.

import { constants } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import {
  createSecureContext,
  createServer as createTlsServer,
  type TLSSocket,
  type Server as TlsServer,
} from 'node:tls'
import { messageOf } from '../base/errors.ts'
import { Connection } from '../net/connection.ts'
import { type Client, Listener, type ListenerOptions } from '../net/listener.ts'
import { LeaseError } from '../slots/errors.ts'
import { HttpForm, isHttp } from './http.ts'
import { identityOf } from './identity.ts'
import { Peer, type PlaneEnvironment } from './peer.ts'
import { serveLines } from './session.ts'

/** PEM texts. */
export interface RacsCredentials {
  /** Who may issue client certificates; the system's own list is not asked. */
  readonly ca: string
  readonly cert: string
  readonly key: string
  /** Revocation lists of all these CAs, when there are any. */
  readonly crl: string | undefined
}

export interface RacsOptions extends ListenerOptions {
  readonly handshakeTimeoutMs: number
  /** Also takes TLS 1.2 without forward secrecy, for clients that know nothing else. */
  readonly legacyRsa: boolean
}

export class RacsServer {
  readonly #options: RacsOptions
  readonly #environment: PlaneEnvironment
  readonly #listener: Listener
  readonly #tls: TlsServer
  readonly #http = new HttpForm()
  /** Clients that have not proved who they are yet, by `address:port`. */
  readonly #strangers = new Map<string, Client>()
  /** The end of each session, and how to bring it about. */
  readonly #sessions = new Map<Promise<void>, (error: Error) => void>()
  readonly #draining = new AbortController()

  private constructor(
    options: RacsOptions,
    environment: PlaneEnvironment,
    tls: TlsServer,
    listener: Listener,
  ) {
    this.#options = options
    this.#environment = environment
    this.#listener = listener
    this.#tls = tls
    // A listener a session.
    setMaxListeners(0, this.#draining.signal)
    this.#tls.on('secureConnection', (socket) => this.#secured(socket))
    this.#tls.on('tlsClientError', (error, socket) => {
      const { remoteAddress = '?', remotePort = 0 } = socket
      this.#environment.log.info('racs.refused', {
        peer: `${remoteAddress}:${remotePort}`,
        cause: `no TLS session: ${error.message}`,
      })
      socket.destroy()
    })
  }

  /**
   * Starts to listen. Rejects with the system's error when the address cannot be bound.
   * @throws Error what OpenSSL says of credentials that it cannot use
   */
  static async listen(
    options: RacsOptions,
    credentials: RacsCredentials,
    environment: PlaneEnvironment,
  ): Promise<RacsServer> {
    const tls = createTlsServer({
      ...contextOptions(credentials, options),
      ...{ requestCert: true, handshakeTimeout: options.handshakeTimeoutMs, allowHalfOpen: true },
      // Node would only cut the connection; this way the client is told what is wrong with its certificate.
      rejectUnauthorized: false,
    })
    const listener = await Listener.open(options, {
      log: environment.log,
      refusedEvent: 'racs.refused',
      onClient: (client) => plane.#greet(client),
    })
    const plane = new RacsServer(options, environment, tls, listener)
    return plane
  }

  /** Where it listens, `address:port`. */
  get address(): string {
    return this.#listener.address
  }

  get isAccepting(): boolean {
    return this.#listener.isAccepting
  }

  get connections(): number {
    return this.#strangers.size + this.#sessions.size
  }

  /**
   * Uses other credentials for clients that come from now on; those that are there stay.
   * @throws Error what OpenSSL says of them; the old ones then hold on
   */
  reload(credentials: RacsCredentials): void {
    const options = contextOptions(credentials, this.#options)
    // setSecureContext leaves a server without credentials when it throws.
    createSecureContext(options)
    this.#tls.setSecureContext(options)
  }

  /**
   * Accepts nobody more, and ends every session after its request, a new one after its first: what it holds beyond that
   * it would never use. Resolves when all have ended.
   */
  drain(): Promise<void> {
    this.#draining.abort(new LeaseError('lease.revoked', STOPPING))
    return this.#listener.close()
  }

  /** Accepts nobody more, ends every session after the command that is under way, and waits for them. */
  async close(): Promise<void> {
    const stopped = this.#listener.close()
    const error = new LeaseError('lease.revoked', STOPPING)
    for (const { socket } of this.#strangers.values()) socket.destroy()
    for (const end of this.#sessions.values()) end(error)
    await Promise.all(this.#sessions.keys())
    await stopped
  }

  /** Starts the handshake with a client. */
  #greet(client: Client): void {
    const { socket, peer, leave } = client
    this.#strangers.set(peer, client)
    socket.once('close', () => {
      // Unless it has become somebody meanwhile.
      if (this.#strangers.delete(peer)) leave()
    })
    this.#tls.emit('connection', socket)
  }

  #secured(socket: TLSSocket): void {
    const peer = `${socket.remoteAddress ?? '?'}:${socket.remotePort ?? 0}`
    const client = this.#strangers.get(peer)
    this.#strangers.delete(peer)
    const connection = new Connection(socket, this.#environment.clock)
    const served = this.#serve(socket, connection, peer)
      .catch((error: unknown) => {
        this.#environment.log.error('racs.crashed', { peer, cause: messageOf(error) })
        socket.destroy()
      })
      .finally(() => {
        this.#sessions.delete(served)
        client?.leave()
      })
    this.#sessions.set(served, (error) => connection.fail(error))
  }

  async #serve(socket: TLSSocket, connection: Connection, name: string): Promise<void> {
    const identity = identityOf(socket)
    // An error here although `types` say there is always one: it is there only when something is wrong.
    const problem = (socket.authorizationError as Error | string | undefined) ?? 'no client certificate'
    if (!socket.authorized || identity === undefined) {
      // A clock that is behind makes certificates and lists begin later. They are refused all the same: of several
      // things that are wrong OpenSSL tells the last one, so that behind this one a revocation may hide.
      const isEarly = String(problem).includes('NOT_YET_VALID')
      const clockFault = isEarly ? this.#environment.clockFault?.() : undefined
      const hint = clockFault === undefined ? '' : '; the clock of the gateway is behind'
      const cause = `client certificate refused: ${String(problem)}${hint}`
      this.#environment.log.info('racs.refused', { peer: name, cause, clock: clockFault })
      connection.end(Buffer.from(`BEGIN\r\n-600 000 ${cause}\r\nEND\r\n`, 'latin1'))
      await connection.close()
      return
    }
    const peer = new Peer(name, identity, this.#environment, this.#draining.signal)
    const start = await startOf(connection, this.#environment).catch(async (error: unknown) => {
      connection.end()
      await connection.close()
      peer.logEnd(error)
      return 'failed' as const
    })
    if (start === 'failed') return
    if (start?.isHttp === true) {
      connection.detach(start.bytes)
      await this.#http.serve(socket, peer, connection)
    } else {
      await serveLines(connection, peer, start?.bytes)
    }
  }
}

/** The first bytes, as many as tell lines from HTTP; undefined when there are none. */
async function startOf(
  connection: Connection,
  { clock, limits }: PlaneEnvironment,
): Promise<{ bytes: Uint8Array; isHttp: boolean } | undefined> {
  const deadline = clock.now() + limits.idleTimeoutMs
  let bytes = new Uint8Array(0)
  for (;;) {
    const chunk = await connection.read(deadline, 'no line in time')
    if (chunk === undefined) return bytes.length === 0 ? undefined : { bytes, isHttp: false }
    bytes = Buffer.concat([bytes, chunk])
    const answer = isHttp(bytes)
    if (answer !== 'more') return { bytes, isHttp: answer === 'yes' }
  }
}

function contextOptions({ ca, cert, key, crl }: RacsCredentials, { legacyRsa }: RacsOptions) {
  return {
    ...{ ca, cert, key, ...(crl === undefined ? {} : { crl }) },
    minVersion: 'TLSv1.2' as const,
    ciphers: [...CIPHERS, ...(legacyRsa ? [LEGACY_CIPHER] : [])].join(':'),
    honorCipherOrder: true,
    // A resumed session would not be asked for its certificate again, which may have been revoked since.
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
  }
}

/** TLS 1.3, then TLS 1.2 with forward secrecy; AES-256 and ChaCha20 for those who insist. */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
]

const STOPPING = 'the gateway is stopping'

/** TLS_RSA_WITH_AES_128_GCM_SHA256: the only one that clients of the reference server offer. */
const LEGACY_CIPHER = 'AES128-GCM-SHA256'
