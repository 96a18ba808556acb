// Mutually authenticated TLS to a gateway. The gateway is verified, always.

import { isIP } from 'node:net'
import {
  checkServerIdentity,
  connect,
  createSecureContext,
  type SecureContext,
  type TLSSocket,
} from 'node:tls'
import type { Clock } from '../base/clock.ts'
import { ClientError } from './errors.ts'
import { credentialFailure, transportFailure, UNHEARD } from './tls-failure.ts'

export interface RacsTarget {
  readonly host: string
  readonly port: number
  /** The name that the certificate of the gateway must bear, if it is not `host`. */
  readonly servername?: string | undefined
  /** PEM, as the two that follow. */
  readonly cert: Buffer | string
  readonly key: Buffer | string
  readonly ca: Buffer | string
}

export interface ConnectOptions {
  readonly clock: Clock
  readonly deadline: number
  /** Gives up. */
  readonly signal?: AbortSignal | undefined
}

/**
 * A socket whose handshake is done, paused, without a listener. With TLS 1.3 the gateway judges our certificate only
 * then: its refusal comes as an error of the socket, or of the first read.
 * @throws ClientError client.request for credentials that cannot be used; client.transport; client.timeout
 */
export function openTls(target: RacsTarget, { clock, deadline, signal }: ConnectOptions): Promise<TLSSocket> {
  const name = target.servername ?? target.host
  const secureContext = contextOf(target)
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: target.host,
      port: target.port,
      // An address is no name for SNI (RFC 6066 section 3).
      servername: isIP(name) === 0 ? name : '',
      checkServerIdentity: (_, certificate) => checkServerIdentity(name, certificate),
      secureContext,
      rejectUnauthorized: true,
    })
    const settle = (): void => {
      timer.cancel()
      signal?.removeEventListener('abort', giveUp)
      socket.removeAllListeners('secureConnect').removeAllListeners('error').removeAllListeners('close')
    }
    const fail = (error: ClientError): void => {
      settle()
      socket.on('error', () => undefined)
      socket.destroy()
      reject(error)
    }
    const timer = clock.at(deadline, () =>
      fail(new ClientError('client.timeout', 'no TLS connection in time')),
    )
    const giveUp = (): void => fail(new ClientError('client.transport', 'given up'))
    signal?.addEventListener('abort', giveUp)
    socket.on('error', (error) => fail(transportFailure(error, UNHEARD)))
    socket.on('close', () =>
      fail(new ClientError('client.transport', `the gateway closed the connection${UNHEARD}`)),
    )
    socket.on('secureConnect', () => {
      settle()
      socket.setNoDelay(true)
      resolve(socket)
    })
  })
}

function contextOf({ cert, key, ca }: RacsTarget): SecureContext {
  try {
    return createSecureContext({ cert, key, ca, minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' })
  } catch (error) {
    throw credentialFailure(error)
  }
}
