// The gateway's service plane over an instant element, and a plain echo server, in one process.

import { createServer } from 'node:net'
import { systemClock } from '../../src/base/clock.ts'
import { silentLog } from '../../src/base/log.ts'
import { Inventory } from '../../src/slots/inventory.ts'
import { TlsSeServer } from '../../src/tlsse/server.ts'
import { InstantElement } from '../instant-element.ts'

const environment = { clock: systemClock, log: silentLog, queueLength: 8 }
const inventory = new Inventory(environment)
await inventory.arrive({ element: new InstantElement(), seid: 'instant', aliases: [], maxRecordBytes: 1024 })
const plane = await TlsSeServer.listen(
  {
    host: '127.0.0.1',
    port: 0,
    maxConnections: 100,
    maxConnectionsPerAddress: 100,
    helloTimeoutMs: 10_000,
    queueWaitMs: 10_000,
    handshakeTimeoutMs: 10_000,
    idleTimeoutMs: 30_000,
    sessionTimeoutMs: 600_000,
  },
  { ...environment, inventory },
)
const echo = createServer({ noDelay: true }, (socket) => socket.pipe(socket))
echo.listen(0, '127.0.0.1', () => {
  const gatewayPort = Number(plane.address.split(':').at(-1))
  const echoPort = (echo.address() as { port: number }).port
  process.send?.({ gatewayPort, echoPort })
})
