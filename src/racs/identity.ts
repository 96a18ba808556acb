// Who a client certificate says that its holder is.

import type { TLSSocket } from 'node:tls'
import type { Identity } from '../access/user.ts'

/** The identity on a socket whose certificate was verified; undefined when it has none. */
export function identityOf(socket: TLSSocket): Identity | undefined {
  const { fingerprint256, subject } = socket.getPeerCertificate() as Partial<
    ReturnType<TLSSocket['getPeerCertificate']>
  >
  if (fingerprint256 === undefined) return undefined
  // A subject with two common names is nobody by name.
  const cn = (subject as { CN?: string | string[] } | undefined)?.CN
  return {
    cn: typeof cn === 'string' ? cn : undefined,
    fingerprint: fingerprint256.replaceAll(':', '').toUpperCase(),
  }
}
