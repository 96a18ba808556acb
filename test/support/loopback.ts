// A Connection over a real socket pair on loopback, and the client at its other end.

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { Connection } from '../../src/net/connection.ts'
import { ManualClock } from './manual-clock.ts'

export async function loopback(context: TestContext) {
  const listener = createServer({ allowHalfOpen: true, noDelay: true }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as AddressInfo
  const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
  client.on('error', () => undefined)
  const [socket] = (await once(listener, 'connection')) as [Socket]
  context.after(() => {
    client.destroy()
    socket.destroy()
    listener.close()
  })
  const clock = new ManualClock()
  return { connection: new Connection(socket, clock), socket, client, clock }
}
