// The least that stands between a TLS client and a card: TLS records in, APDUs, TLS records out. For tests of the
// card itself; the gateway's way of doing this is not involved.

import { createServer, type Server, type Socket } from 'node:net'
import { hexOf } from '../../src/base/hex.ts'
import type { Card } from '../../src/simulator/card.ts'

/** The output of a card to one record, and the status word it ended with. */
export interface Exchanged {
  output: Uint8Array
  sw: string
  /** APDUs it took. */
  apdus: number
}

/** Sends one record to a card and fetches everything that comes of it, over T=1 or T=0. */
export function exchange(card: Card, record: Uint8Array, mode = 0x00): Exchanged {
  const pieces: Uint8Array[] = []
  let apdus = 0
  const transmit = (command: Uint8Array): string => {
    apdus += 1
    const { response } = card.process(command)
    pieces.push(response.subarray(0, -2))
    return hexOf(response.subarray(-2))
  }
  let sw = ''
  for (let offset = 0; offset < record.length; offset += 240) {
    const data = record.subarray(offset, offset + 240)
    const p2 = (offset === 0 ? 1 : 0) | (offset + 240 >= record.length ? 2 : 0)
    sw = transmit(Buffer.concat([Uint8Array.of(0, 0xd8, mode, p2, data.length), data]))
    if ((p2 & 2) === 0 && sw !== '9000') break
  }
  while (sw.startsWith('61') || sw.startsWith('9F')) {
    sw = transmit(Uint8Array.of(0, 0xc0, 0, 0, Number.parseInt(sw.slice(2), 16)))
  }
  return { output: Buffer.concat(pieces), sw, apdus }
}

/** A TCP server on a free port of 127.0.0.1 in front of one card. A connection resets the card. */
export async function bridgeTo(card: Card): Promise<AsyncDisposable & { port: number }> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined)
    card.reset()
    let received: Buffer = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      while (received.length >= 5 && received.length >= 5 + received.readUInt16BE(3)) {
        const end = 5 + received.readUInt16BE(3)
        const { output, sw } = exchange(card, received.subarray(0, end))
        received = received.subarray(end)
        if (output.length > 0) socket.write(output)
        if (!['9000', '9001'].includes(sw)) socket.end()
      }
    })
  })
  const port = await listening(server)
  return {
    port,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  }
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
}
