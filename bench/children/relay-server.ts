// The gateway's service plane over an instant element, and a plain echo server, in one process.

import { createServer } from 'node:net'
import type * as clock from '../../src/base/clock.ts'
import type * as inventories from '../../src/slots/inventory.ts'
import type * as servers from '../../src/tlsse/server.ts'
import { slotEnvironment } from '../../test/support/slot-environment.ts'
import { built } from '../built.ts'
import { InstantElement } from '../instant-element.ts'

const { systemClock } = await built<typeof clock>('base/clock.js')
const { Inventory } = await built<typeof inventories>('slots/inventory.js')
const { TlsSeServer } = await built<typeof servers>('tlsse/server.js')

const environment = slotEnvironment({ clock: systemClock, queueLength: 8 })
const inventory = new Inventory(environment)
await inventory.arrive(
  { element: new InstantElement(), seid: 'instant', aliases: [], maxRecordBytes: 1024 },
  'simulator',
)
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
const echo = createServer({ noDelay: true }, (socket) => socket.on('data', (chunk) => socket.write(chunk)))
echo.listen(0, '127.0.0.1', () => {
  const gatewayPort = Number(plane.address.split(':').at(-1))
  const echoPort = (echo.address() as { port: number }).port
  process.send?.({ gatewayPort, echoPort })
})
// The one who wants to know has gone.
process.on('disconnect', () => process.exit())
