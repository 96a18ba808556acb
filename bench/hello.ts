// A ClientHello as a stock client sends it, made by Node's own TLS for the name wanted.

import { Duplex } from 'node:stream'
import { type ConnectionOptions, connect } from 'node:tls'
import { DEFAULT_PSK } from '../test/support/tls-client.ts'

/** Options that make Node's client fit for TLS-SE. */
export function tlsOptions(servername: string): ConnectionOptions {
  return {
    servername,
    ciphers: 'TLS_AES_128_CCM_SHA256',
    ecdhCurve: 'P-256',
    minVersion: 'TLSv1.3',
    pskCallback: () => ({ psk: DEFAULT_PSK, identity: 'Client_identity' }),
    checkServerIdentity: () => undefined,
  }
}

/** The first record of a client that wants `servername`. */
export async function helloRecordFor(servername: string): Promise<Uint8Array> {
  const chunk = await new Promise<Buffer>((resolve) => {
    const wire = new Duplex({
      read: () => undefined,
      write: (bytes: Buffer) => resolve(bytes),
    })
    connect({ ...tlsOptions(servername), socket: wire }).on('error', () => undefined)
  })
  return new Uint8Array(chunk)
}
