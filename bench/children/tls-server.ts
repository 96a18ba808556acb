// Node's own TLS 1.3 server with the pre-shared key and the suite of TLS-SE: what a handshake costs without a card.

import type { AddressInfo } from 'node:net'
import { createServer } from 'node:tls'
import { DEFAULT_PSK } from '../../test/support/tls-client.ts'

const server = createServer(
  {
    ciphers: 'TLS_AES_128_CCM_SHA256',
    ecdhCurve: 'P-256',
    minVersion: 'TLSv1.3',
    pskCallback: (_socket, identity) => (identity === 'Client_identity' ? DEFAULT_PSK : null),
  },
  (socket) => socket.on('error', () => undefined).resume(),
)
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))
// The one who wants to know has gone.
process.on('disconnect', () => process.exit())
