// Clients of the administration plane, or of its echo: each sends its request, waits for the whole answer, and
// sends it again.

import { once } from 'node:events'
import { connect, type TLSSocket } from 'node:tls'
import type { Credentials, Exchange } from '../racs-texts.ts'

type Order =
  /** One connection for each lane, warmed up by as many round trips. */
  | { readonly open: { port: number; credentials: Credentials; lanes: readonly Lane[]; warmUp?: number } }
  /** So many round trips, all lanes together; answered by how long they took. */
  | { readonly rounds: number }
  | { readonly close: true }

interface Lane {
  /** Once, before all others. */
  readonly prelude: readonly Exchange[]
  readonly exchange: Exchange
}

let clients: Client[] = []

process.on('message', (order: Order) => {
  carryOut(order).then(
    (answer) => process.send?.(answer),
    (error: unknown) => process.send?.({ error: String(error) }),
  )
})

async function carryOut(order: Order): Promise<object> {
  if ('rounds' in order) return drive(order.rounds)
  if ('open' in order) {
    const { lanes, port, credentials, warmUp = WARM_UP } = order.open
    clients = await Promise.all(lanes.map((lane) => Client.open(lane, port, credentials)))
    await drive(warmUp)
    return {}
  }
  await Promise.all(clients.map((client) => client.close()))
  return {}
}

async function drive(rounds: number): Promise<{ elapsedMs: number; roundTripsUs: number[] }> {
  const roundTripsUs: number[] = []
  let left = rounds
  const startedAt = performance.now()
  const loop = async (client: Client): Promise<void> => {
    while (left-- > 0) {
      const start = performance.now()
      await client.roundTrip()
      roundTripsUs.push(1000 * (performance.now() - start))
    }
  }
  await Promise.all(clients.map(loop))
  return { elapsedMs: performance.now() - startedAt, roundTripsUs }
}

class Client {
  readonly #socket: TLSSocket
  readonly #request: Buffer
  readonly #answerBytes: number
  /** Of the present answer. */
  #received = 0
  #settled: { resolve: () => void; reject: (error: Error) => void } | undefined

  private constructor(socket: TLSSocket, { request, answer }: Exchange) {
    this.#socket = socket
    this.#request = Buffer.from(request, 'latin1')
    this.#answerBytes = answer.length
    socket.on('data', (chunk: Buffer) => {
      this.#received += chunk.length
      if (this.#received >= this.#answerBytes) this.#settled?.resolve()
    })
    socket.on('close', () => this.#settled?.reject(new Error(`closed after ${this.#received} bytes`)))
  }

  static async open({ prelude, exchange }: Lane, port: number, credentials: Credentials): Promise<Client> {
    const socket = connect({
      ...{ ...credentials, host: '127.0.0.1', port, servername: 'localhost' },
      ...{ minVersion: 'TLSv1.3', ciphers: 'TLS_AES_128_GCM_SHA256' },
    })
    socket.setNoDelay(true)
    await once(socket, 'secureConnect')
    for (const each of [...prelude, exchange]) await checkedExchange(socket, each)
    return new Client(socket, exchange)
  }

  roundTrip(): Promise<void> {
    this.#received = 0
    return new Promise((resolve, reject) => {
      this.#settled = { resolve, reject }
      this.#socket.write(this.#request)
    })
  }

  async close(): Promise<void> {
    this.#socket.end()
    await once(this.#socket, 'close')
  }
}

async function checkedExchange(socket: TLSSocket, { request, answer }: Exchange): Promise<void> {
  socket.write(request, 'latin1')
  let text = ''
  while (text.length < answer.length) {
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    text += chunk.toString('latin1')
  }
  if (text !== answer) throw new Error(`answered ${JSON.stringify(text.slice(0, 200))}`)
}

// The one who wants to know has gone.
process.on('disconnect', () => process.exit())

const WARM_UP = 500
