// A server of node:net that accepts and does nothing: what a connection costs at least.

import { createServer, type Socket } from 'node:net'

const sockets = new Set<Socket>()
const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
  sockets.add(socket)
  socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
  socket.on('end', () => socket.end()).resume()
})
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  process.send?.({ port: (server.address() as { port: number }).port })
})
// The one who wants to know has gone.
process.on('disconnect', () => process.exit())
