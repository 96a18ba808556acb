// Somebody between client and gateway who passes everything on, up to a point.

import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

export class CuttingRelay implements AsyncDisposable {
  readonly port: number
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
    this.port = (server.address() as AddressInfo).port
  }

  /**
   * Listens on a free port of 127.0.0.1.
   * @param to        where everything goes
   * @param maxWrites  of the client, over which both sides of the connection are cut
   */
  static async start(to: number, maxWrites: number): Promise<CuttingRelay> {
    const server = createServer((client) => relay(client, connect(to, '127.0.0.1'), maxWrites))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new CuttingRelay(server)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

function relay(client: Socket, server: Socket, maxWrites: number): void {
  let passed = 0
  const cut = (): void => {
    client.destroy()
    server.destroy()
  }
  client.on('data', (chunk) => {
    passed++
    if (passed > maxWrites) cut()
    else server.write(chunk)
  })
  server.on('data', (chunk) => client.write(chunk))
  for (const socket of [client, server]) socket.on('error', cut).on('close', cut)
}
